"""Evasions of content: what is said, and which account says it."""

from __future__ import annotations

from dataclasses import replace

from stream.simulate.briefs import Brief
from stream.simulate.chance import Rng
from stream.simulate.cohorts import Cohort, Market
from stream.simulate.handovers import Dispatch
from stream.simulate.workloads import OWN, SHARED, Workload


def paraphrase(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Put every prompt in other words, heads too: each account has a few wordings of its own of a head."""
    wordings = int(rng.integers(2, 5)) * (1 if cohort.dispatch is None else 4)
    cohort.workloads = [
        replace(task, reworded=True, prefix=OWN if task.prefix == SHARED else task.prefix, prefixes=wordings)
        if _own(brief, task)
        else task
        for task in cohort.workloads
    ]
    if cohort.dispatch is not None:
        cohort.dispatch = replace(cohort.dispatch, reworded=True)
    return f"one call to a rewriting model a prompt, {wordings} wordings of each head"


def shards(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Give every account templates that no other account has."""
    each, n = int(rng.integers(1, 4)), len(cohort.accounts)
    together = sum(task.templates for task in cohort.workloads if _own(brief, task))
    cohort.workloads = [
        replace(task, template_of=OWN, templates=each) if _own(brief, task) else task
        for task in cohort.workloads
    ]
    written = each * n * sum(_own(brief, task) for task in cohort.workloads)
    return f"{written} templates to write where {together} did"


def sticky(rng: Rng, market: Market, brief: Brief, cohort: Cohort) -> str:
    """Let every conversation stay with its account, whatever happens to it."""
    before = cohort.dispatch or Dispatch()
    cohort.dispatch = replace(before, hop=0.0, sticky=True)
    cohort.facts |= {"hop share": 0.0}
    return f"{before.failover:.1%} of conversations are refused a turn and end there"


def _own(brief: Brief, task: Workload) -> bool:
    """Whether the work is the campaign's, not cover."""
    return task.name.startswith(brief.name)
