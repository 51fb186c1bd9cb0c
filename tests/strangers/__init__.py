"""A second maker of worlds, written without sight of the detector or of its own simulator.

`python -m tests.strangers OUT --seed N` writes `events.ndjson.zst`, `truth.json` and
`campaign.parquet`; `python -m tests.strangers.score OUT...` replays them through `shoal` and judges.
Nothing here imports `stream`: a habit that the two makers shared would be one that nobody tests.
"""
