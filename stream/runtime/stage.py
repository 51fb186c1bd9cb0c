"""What a deployment runs: everything, or intake and judgement apart."""

from typing import Final, Literal

Stage = Literal["all", "intake", "judge"]
"""`intake` decodes requests into parcels, any number of workers; `judge` decides, one active worker."""

STAGES: Final[tuple[Stage, ...]] = ("all", "intake", "judge")

INTAKE: Final = "-intake"
"""Ending of the application's id for the intake's consumer group and, with the partition, its producers."""
