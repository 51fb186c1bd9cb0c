"""The catalogue of honest work.

Token figures are natural logs. Sources: Azure LLM inference 2023 conversation (input median 1,020, log sd
0.99; output 129, 0.86) and code (1,469, 1.36; 13, 0.85); Mooncake conversation (6,909, 1.20; 350, 1.36).
A chat has buttons to edit a message and to roll an answer again; a harness whose window is full goes on from
a summary.
"""

from __future__ import annotations

from dataclasses import replace

from stream.simulate.chance import Rng, generator
from stream.simulate.cohorts import MODEL_SHARE, Market
from stream.simulate.workloads import NONE, OWN, SHARED, Workload

CHAT = Workload(
    "chat", prefix=OWN, topics=12, turns=3.0, log_in=6.9, sd_in=0.9, log_out=5.2, stream=0.75, edit=0.03,
    reroll=0.03, revise=0.2,
)  # fmt: skip
TINKER = Workload("tinker", prefix=NONE, topics=10, turns=1.8, log_in=5.6, sd_in=1.0, log_out=5.3, stream=0.4)
SCRIPT = Workload(
    "script", prefix=OWN, template=0.9, templates=4, log_in=6.4, sd_in=0.7, log_out=4.6, stream=0.1
)
BARE_SCRIPT = Workload(
    "bare-script", prefix=NONE, template=0.8, templates=9, loose=True, log_in=6.0, log_out=5.0, stream=0.1
)
CRON = Workload("cron", prefix=NONE, fixed=0.55, stock=4, template=0.45, templates=2, log_in=5.8, sd_in=0.3,
                log_out=4.8, sd_out=0.4, stream=0.0)  # fmt: skip
BACKEND = Workload("backend", prefix=OWN, topics=5, turns=2.6, log_in=7.0, sd_in=0.9, log_out=4.9, stream=0.7)
TOOLED = Workload(
    "tooled-backend", prefix=OWN, tools=OWN, topics=4, turns=4.0, gap_s=9, log_in=7.6, sd_in=0.8,
    log_out=4.4, growth=0.4, stream=0.6,
)  # fmt: skip
EXTRACT = Workload(
    "extract", prefix=OWN, template=0.85, templates=3, loose=True, log_in=8.0, sd_in=0.7, log_out=3.2,
    sd_out=0.5, stream=0.02,
)  # fmt: skip
BATCH = Workload(
    "batch", prefix=OWN, prefixes=2, template=0.95, templates=7, log_in=7.2, sd_in=0.8, log_out=4.4,
    stream=0.0,
)  # fmt: skip
COMPLETE = Workload(
    "complete", endpoint="/v1/completions", prefix=NONE, topics=25, log_in=7.3, sd_in=1.3, log_out=2.6,
    sd_out=0.85, stream=0.3,
)  # fmt: skip
LABEL = Workload(
    "label", prefix=OWN, template=0.8, templates=2, loose=True, log_in=6.3, log_out=1.4, sd_out=0.4,
    stream=0.0,
)  # fmt: skip
WRITE = Workload("write", prefix=OWN, topics=9, turns=1.6, log_in=6.2, log_out=7.0, sd_out=0.7, stream=0.6)
EMBED = Workload("embed", endpoint="/v1/embeddings", prefix=NONE, topics=30, log_in=6.0, stream=0.0)
QUICKSTART = Workload(
    "quickstart", model=1, preset=0.6, prefix=SHARED, params=SHARED, fixed=0.45, stock=9, stock_of=SHARED,
    template=0.25, templates=5, template_of=SHARED, topics=8, log_in=5.0, log_out=5.0, turns=1.4, stream=0.4,
)  # fmt: skip
FORWARD = Workload(
    "forward", prefix=NONE, topics=20, turns=4.0, log_in=7.4, sd_in=1.1, log_out=5.4, resume=0.5,
    resume_depth=10, stream=0.8,
)  # fmt: skip
FALLBACK = Workload(
    "fallback", prefix=OWN, tools=OWN, topics=15, turns=1.15, log_in=8.2, sd_in=0.9, log_out=5.0,
    resume=0.6, resume_depth=16, growth=0.4, stream=0.7,
)  # fmt: skip
MODERATE = Workload(
    "moderate", prefix=OWN, template=0.6, templates=3, loose=True, log_in=6.2, log_out=3.4, refuse=0.12,
    stream=0.1,
)  # fmt: skip
PROBE = Workload(
    "probe", prefix=NONE, template=0.5, templates=12, loose=True, topics=4, turns=1.6, log_in=5.9,
    log_out=5.0, refuse=0.3, stream=0.3,
)  # fmt: skip


def harness(market: Market, which: int) -> Workload:
    """A popular harness: the same head, tools and parameters for all its users, long conversations, some
    resumed.
    """
    client = int(market.clients.harnesses[which])
    own = Workload(
        f"harness-{client}", client=client, prefix=SHARED, params=SHARED, tools=SHARED, versioned=True,
        topics=15, turns=9.0, turn_sigma=1.0, gap_s=12, log_in=8.6, sd_in=0.7, log_out=4.9, sd_out=1.1,
        growth=0.45, stream=0.97, resume=0.05, resume_depth=14, edit=0.03,
    )  # fmt: skip
    return preset(generator(market.seed, "preset", str(client)), own, 0.3, 0.9)


def preset(rng: Rng, work: Workload, least: float, most: float) -> Workload:
    """The work, set to a model that between `least` and `most` of its callers leave as it is."""
    model = int(rng.choice(len(MODEL_SHARE), p=MODEL_SHARE))
    return replace(work, model=model, preset=float(rng.uniform(least, most)))


def front(rng: Rng, market: Market, name: str) -> int:
    """The client of a house's own assistant: one that it built, or whatever each of its people uses."""
    built = market.clients.build(f"{name}-{market.seed}", f"{name}-desk/{{}}", "node", 12)
    return built if rng.random() < 0.6 else -1


def routed(work: Workload) -> Workload:
    """A harness behind a router that sends single turns of a conversation here and the others elsewhere."""
    return replace(work, turns=1.3, turn_sigma=0.6, resume=0.5, resume_depth=18)
