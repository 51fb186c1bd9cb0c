"""Prompts: similarity hashes, exact hashes and heads of what is sent.

The similarity hash is 64 bits with the geometry of a simhash (Charikar 2002): unrelated prompts differ in
about 32 bits, prompts on one topic in about 24, prompts filled into one template in about 7 (11 in a loose
one).
"""

from __future__ import annotations

import numpy as np

from stream.simulate.chance import Flags, Ints, Words, below, mix, unit
from stream.simulate.cohorts import Habits
from stream.simulate.turns import REVISED, Turns
from stream.simulate.workloads import OWN, SHARED, WorkloadTable

TOPICS = 700


def source(habits: Habits, turns: Turns, table: WorkloadTable, kind: Ints) -> Words:
    """The word that a prefix, template or stock is made from: the work's own, the caller's in it, or 0."""
    shared = table.keys[turns.work]
    own = mix(shared, habits.key[turns.habit])
    return np.where(kind == SHARED, shared, np.where(kind == OWN, own, 0)).astype(np.uint64)


def prompts(habits: Habits, turns: Turns, table: WorkloadTable) -> tuple[Words, Words]:
    """Exact and similarity hash of every prompt; a retry repeats both, a changed conversation only one."""
    said = mix(turns.conversation, turns.depth)
    roll = unit(mix(said, 1))
    fixed, template = table.floats("fixed", turns.work), table.floats("template", turns.work)
    item = mix(source(habits, turns, table, table.ints("stock_of", turns.work)), 77,
               below(mix(said, 2), table.ints("stock", turns.work)))  # fmt: skip
    exact = np.where(roll < fixed, item, mix(said, 5))
    exact = np.where(turns.again >= REVISED, mix(exact, turns.again), exact)
    filled = (roll >= fixed) & (roll < fixed + template)
    form = mix(source(habits, turns, table, table.ints("template_of", turns.work)), 31,
               _template(said, table.ints("templates", turns.work)))  # fmt: skip
    loose = table.ints("loose", turns.work).astype(bool)
    reworded = table.ints("reworded", turns.work) == 1
    near = np.where(reworded, _subject(form) ^ _quarter(said, 60), _centre(form) ^ _flips(said, loose))
    topic = mix(
        habits.key[turns.habit], 41, below(mix(turns.conversation, 7), table.ints("topics", turns.work))
    )
    free = _subject(topic) ^ _quarter(said, 60)
    similar = np.where(roll < fixed, _centre(item), np.where(filled, near, free))
    return exact, similar


def heads(habits: Habits, turns: Turns, table: WorkloadTable, version: Ints) -> Words:
    """Hash of the prompt's head (system prompt); 0 where there is none."""
    base = source(habits, turns, table, table.ints("prefix", turns.work))
    variant = below(mix(turns.conversation, 17), table.ints("prefixes", turns.work))
    return np.where(base == 0, 0, mix(base, 51, variant, _release(turns, table, version))).astype(np.uint64)


def tools(habits: Habits, turns: Turns, table: WorkloadTable, version: Ints) -> Words:
    """Hash of the tools offered; 0 where there are none."""
    base = source(habits, turns, table, table.ints("tools", turns.work))
    return np.where(base == 0, 0, mix(base, 71, _release(turns, table, version))).astype(np.uint64)


def _release(turns: Turns, table: WorkloadTable, version: Ints) -> Ints:
    # a harness rewrites its head and tools every few releases
    return np.where(table.ints("versioned", turns.work) == 1, version // 6, 0)


def _template(said: Words, templates: Ints) -> Ints:
    return (unit(mix(said, 3)) ** 1.4 * templates).astype(np.int64)


def _subject(topic: Words) -> Words:
    return mix(0x70, below(topic, TOPICS))


def _centre(word: Words) -> Words:
    """The centre of a template: a near relation of its topic."""
    return _subject(word) ^ _quarter(word, 80)


def _quarter(word: Words, salt: int) -> Words:
    """A mask in which each bit is set with probability 1/4: two such prompts of a topic differ in 24 bits."""
    return mix(word, salt) & mix(word, salt + 1)


def _flips(word: Words, loose: Flags) -> Words:
    """What the slots of a template change: each bit with probability 1/16, in a loose one 3/32."""
    eighth = _quarter(word, 90) & mix(word, 92)
    return eighth & np.where(loose, mix(word, 93) | mix(word, 94), mix(word, 93))
