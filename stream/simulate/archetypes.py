"""Archetypes whose every account works through tasks of the operator's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stream.simulate import catalogue as work
from stream.simulate.briefs import Brief, paced
from stream.simulate.chance import Rng
from stream.simulate.cohorts import MODELS, NEVER, Cohort, Facts, Market
from stream.simulate.handovers import Redemption
from stream.simulate.supply import supplied
from stream.simulate.workloads import NONE, SHARED, Workload


def sweep(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Dozens of templates with varied slots over all accounts; no conversation."""
    accounts = supplied(rng, market, brief.means, brief.size, brief.label)
    rate, templates = float(np.exp(rng.uniform(np.log(13), np.log(60)))), int(rng.integers(24, 61))
    task = Workload(
        brief.name, market.seed, prefix=int(rng.choice([NONE, SHARED])),
        template=float(rng.uniform(0.8, 1.0)), templates=templates, template_of=SHARED,
        loose=bool(rng.random() < 0.5), topics=30, log_in=float(rng.uniform(5.6, 7.2)),
        log_out=float(rng.uniform(5.4, 6.6)), stream=float(rng.choice([0.0, 0.5, 1.0])),
    )  # fmt: skip
    return Cohort(brief.name, accounts, paced(rng, brief, accounts, rate), [task],
                  facts={"templates": templates, "requests a day": round(rate, 1)})  # fmt: skip


def prefix(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """One injected head over diverse tasks; a second pool is up within two hours of the first one's ban."""
    means = brief.means
    half = max(8, brief.size // 2) if brief.size >= 12 else (brief.size + 1) // 2
    ban = float(max(means.first + 0.5, min(means.first + rng.uniform(2.5, 6), market.days - 2)))
    second_at = ban + float(rng.uniform(0.2, 1.2)) / 24
    accounts = supplied(rng, market, means, half, brief.label)
    accounts.banned[:] = ban + rng.uniform(0, 0.3, half) / 24
    # whoever runs it notices the 403s within minutes to hours
    accounts.closes[:] = accounts.banned + rng.exponential(0.08, half)
    spare = supplied(rng, market, means, brief.size - half, brief.label, second_at)
    spare.params[:], spare.client[:], spare.lag[:] = accounts.params[0], accounts.client[0], accounts.lag[0]
    # a hundred accounts at 900 would make more requests than all honest ones
    rate = float(np.exp(rng.uniform(np.log(200), np.log(900)))) * brief.scale
    heads = int(rng.choice([1, 1, 1, 3]))
    task = Workload(
        brief.name, market.seed, prefix=SHARED, prefixes=heads, topics=60,
        turns=float(rng.choice([1.0, 1.5])), log_in=float(rng.uniform(6.4, 7.6)),
        log_out=float(rng.uniform(5.2, 6.5)), stream=float(rng.choice([0.0, 0.4, 1.0])),
    )  # fmt: skip
    both = accounts.and_(spare)
    own = paced(rng, brief, both, rate)
    own.shape[:] = np.maximum(own.shape, 0.8)
    own.depth *= 0.5
    facts: Facts = {"ban day": round(ban, 3), "second pool day": round(second_at, 3)}
    return Cohort(brief.name, both, own, [task], pools=2, first_pool=half, facts=facts)


def judge(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """A judge or cleaner of data: long inputs, short structured outputs, few templates."""
    accounts = supplied(rng, market, brief.means, brief.size, brief.label)
    rate, templates = float(rng.uniform(15, 70)), int(rng.integers(3, 9))
    task = Workload(
        brief.name, market.seed, prefix=int(rng.choice([NONE, SHARED])),
        template=float(rng.uniform(0.85, 1)), templates=templates, template_of=SHARED, loose=True,
        topics=20, log_in=float(rng.uniform(7.6, 8.6)), sd_in=0.6, log_out=float(rng.uniform(2.4, 3.6)),
        sd_out=0.4, stream=float(rng.choice([0.0, 0.0, 0.5])),
    )  # fmt: skip
    return Cohort(brief.name, accounts, paced(rng, brief, accounts, rate), [task],
                  facts={"templates": templates, "requests a day": round(rate, 1)})  # fmt: skip


def replay(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Stored sessions sent again in a popular harness's dress: deep first turns of unknown past."""
    accounts = supplied(rng, market, brief.means, brief.size, brief.label)
    which, rate = int(rng.choice([0, 0, 1, 2])), float(rng.uniform(12, 45))
    dress = work.harness(market, which)
    turns, resumed, depth = (float(rng.uniform(*span)) for span in ((1.0, 2.0), (0.75, 0.95), (7, 20)))
    task = replace(dress, turns=turns, resume=resumed, resume_depth=depth, topics=80, gap_s=25.0, preset=0.0)
    facts: Facts = {"harness": market.clients.families[dress.client].name, "requests a day": round(rate, 1)}
    return Cohort(brief.name, accounts, paced(rng, brief, accounts, rate), [task], facts=facts)


def search(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """A search for a technique that gets past refusals; what wins is then run on every account."""
    means, n = brief.means, brief.size
    accounts = supplied(rng, market, means, n, brief.label)
    families = int(rng.integers(6, 20))
    tried = Workload(
        brief.name, market.seed, prefix=NONE, template=0.8, templates=families, template_of=SHARED,
        loose=True, topics=4, turns=1.5, log_in=6.3, log_out=5.2, stream=float(rng.choice([0.0, 0.6])),
    )  # fmt: skip
    winner = Workload(
        f"{brief.name}-won", market.seed, prefix=int(rng.choice([NONE, SHARED])), template=0.85,
        templates=int(rng.integers(2, 6)), template_of=SHARED, loose=True, topics=20, turns=1.2, log_in=6.6,
        log_out=6.2, stream=float(rng.choice([0.0, 0.6])),
    )  # fmt: skip
    scaled = float(means.first + rng.uniform(3, 6))
    search = paced(rng, brief, accounts, 12.0)
    search.refuse[:] = rng.beta(4, 12, n)
    search.closes[:] = scaled
    harvest = search.twin()
    harvest.work[:] = 1
    harvest.rate *= float(rng.uniform(1.5, 4))
    harvest.refuse[:] = rng.beta(1, 30, n)
    harvest.opens[:], harvest.closes[:] = np.maximum(scaled, search.opens), NEVER
    return Cohort(brief.name, accounts, search.and_(harvest), [tried, winner],
                  facts={"technique families": families, "scaled up on day": round(scaled, 2)})  # fmt: skip


def redemption(rng: Rng, market: Market, brief: Brief) -> Cohort:
    """Reasoning that the API signed for some accounts, shown by others as their own in unlike requests.

    A gateway that logs such ids logs the answer's as `conversation_next`, and `conversation_prev` where it
    comes back.
    """
    accounts, n = supplied(rng, market, brief.means, brief.size, brief.label), brief.size
    givers, rate = rng.random(n) < rng.uniform(0.25, 0.5), float(np.exp(rng.uniform(np.log(13), np.log(45))))
    accounts.model[givers] = accounts.second_model[givers] = MODELS.index("reason-2")
    asked = Workload(
        f"{brief.name}-asked", market.seed, prefix=int(rng.choice([NONE, SHARED])), topics=40,
        turns=float(rng.uniform(1.2, 2.5)), log_in=float(rng.uniform(5.8, 6.8)),
        log_out=float(rng.uniform(6.2, 7.2)), stream=float(rng.choice([0.0, 0.6, 1.0])),
    )  # fmt: skip
    shown = Workload(
        brief.name, market.seed, prefix=int(rng.choice([NONE, SHARED])),
        tools=int(rng.choice([NONE, SHARED])), topics=50, turns=float(rng.uniform(4, 7)),
        log_in=float(rng.uniform(6.6, 7.8)), log_out=float(rng.uniform(4.8, 6.0)),
        stream=float(rng.choice([0.0, 0.6, 1.0])),
    )  # fmt: skip
    own = paced(rng, brief, accounts, rate)
    own.work[~givers] = 1
    redeemed = Redemption(0, 1, share=float(rng.uniform(0.25, 0.55)),
                          delay_h=float(np.exp(rng.uniform(np.log(0.3), np.log(30)))),
                          reuse=int(rng.choice([1, 1, 3, 8])))  # fmt: skip
    facts: Facts = {
        "requests a day": round(rate, 1), "accounts that ask": int(givers.sum()),
        "redeemed share of conversations": round(redeemed.share, 2),
        "hours to redemption": round(redeemed.delay_h, 1), "redemptions of one answer": redeemed.reuse,
    }  # fmt: skip
    return Cohort(brief.name, accounts, own, [asked, shown], redemption=redeemed, facts=facts)
