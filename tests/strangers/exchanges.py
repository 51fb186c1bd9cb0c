"""Plans and styles -> exchanges: sizes, hashes, chains of conversation, failures, retries and re-rolls."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.strangers.rhythm import Plan
from tests.strangers.shapes import SECOND_MS, Flags, Floats, Ints, Rng, Words, blend, fresh
from tests.strangers.style import SPEED, Style

Columns = dict[str, NDArray[Any]]
"""One entry for each of `DTYPES`, all of one length."""

DTYPES: Final[dict[str, type[np.generic]]] = {
    "time_ms": np.int64, "account": np.int32, "range": np.int32, "host": np.int32, "client": np.int32,
    "model": np.int16, "endpoint": np.int8, "status": np.int16, "stream": np.bool_, "message_count": np.int32,
    "input_tokens": np.int64, "output_tokens": np.int64, "duration_ms": np.int64, "params": np.uint64,
    "tools": np.uint64, "prefix": np.uint64, "body": np.uint64, "simhash": np.uint64, "prev": np.uint64,
    "next": np.uint64, "safety": np.int8, "campaign": np.int16,
}  # fmt: skip
LONGEST: Final = 190_000
"""Tokens that the largest context holds."""


@dataclass
class Tries:
    """A plan with its repeated tries: one row for each request that is sent."""

    time_ms: Ints
    session: Ints
    turn: Ints
    group: Ints
    """Turn to which a try belongs: index into the plan."""
    failed: Flags
    refused: Flags
    repeated: Flags
    """A try after one that had an answer."""
    passed_on: Flags
    """A try of what was refused or failed just before, to go to another account."""


OUTAGE_FAILS: Final = 0.5
"""Share of requests that fail while the gateway is down."""


def tries(rng: Rng, plan: Plan, style: Style, down: Flags | None = None) -> Tries:
    """Failures are sent again after seconds; answers that do not please, after a minute."""
    count = len(plan.time_ms)
    fails = style.fails if down is None else np.where(down, OUTAGE_FAILS, style.fails)
    bad = (rng.random(count) < fails) * rng.geometric(0.7, count)
    shy = rng.random(count) < style.refuses
    served = shy & (rng.random(count) < style.failover)
    again = (rng.random(count) < style.rerolls) * rng.geometric(0.55, count)
    copies = 1 + bad + served + again
    group = np.repeat(np.arange(count), copies)
    nth = np.arange(len(group)) - np.repeat(np.cumsum(copies) - copies, copies)
    hasty = nth <= (bad + served)[group]
    waits = np.where(hasty, rng.lognormal(1.0, 0.7, len(group)), rng.lognormal(3.4, 0.8, len(group)))
    passed_on = (nth > 0) & hasty & (served[group] | (rng.random(len(group)) < style.failover))
    return Tries(
        plan.time_ms[group] + _delays(plan, group, nth, waits),
        plan.session[group],
        plan.turn[group],
        group,
        failed=nth < bad[group],
        refused=shy[group] & (nth == bad[group]),
        repeated=nth > bad[group],
        passed_on=passed_on,
    )


def _delays(plan: Plan, group: Ints, nth: Ints, waits_s: Floats) -> Ints:
    """By how much each try comes later than planned, in ms: its own waits and those of earlier turns."""
    passed = np.cumsum(np.where(nth > 0, waits_s, 0.0))
    since = passed - passed[np.flatnonzero(nth == 0)][group]
    of_turn = since[np.flatnonzero(np.diff(group, append=-1))]
    carried = np.cumsum(of_turn) - of_turn
    begins = plan.turn == 0
    carried = carried - carried[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    delays: Ints = ((since + carried[group]) * SECOND_MS).astype(np.int64)
    return delays


def switched(rng: Rng, sent: Tries, owner: Ints, style: Style, pool: Ints) -> Ints:
    """Account of each try: a session's owner until the session moves to another of the pool."""
    if style.failover == 0 and style.drift == 0:
        return owner[sent.group]
    count = len(sent.group)
    turns = np.diff(sent.group, prepend=-1) != 0
    move = sent.passed_on | (turns & (rng.random(count) < style.drift))
    first = np.diff(sent.session, prepend=-1) != 0
    part = np.cumsum(move | first) - 1
    opens = np.flatnonzero(move | first)
    other = rng.choice(pool, len(opens))
    account: Ints = np.where(first[opens], owner[sent.group[opens]], other)[part]
    return account


def write(rng: Rng, sent: Tries, style: Style, heads: Words, tools: Words) -> Columns:
    """Everything but account, network and client; `heads` and `tools` are a session's (0: none)."""
    count = len(sent.group)
    first_try = np.diff(sent.group, prepend=-1) != 0
    session = np.cumsum(np.diff(sent.session, prepend=-1) != 0) - 1
    sessions = int(session[-1]) + 1
    opens = np.flatnonzero(np.diff(session, prepend=-1) != 0)
    simhash, ident = _said(rng, sent, style, first_try, opens, session)
    answered = ~sent.failed
    after = np.where(answered, fresh(rng, count), 0).astype(np.uint64)
    depth, before = _history(rng, sent, style, session, sessions, after)
    prefix = _heads_of(rng, style, heads, ident[opens])[session]
    body = blend(before, ident, prefix)
    model = style.models.pick(rng, sessions)[session].astype(np.int16)
    made = np.maximum(style.size_out.draw(rng, count), 1)
    made = np.where(sent.refused, np.minimum(made, rng.integers(8, 60, count)), made)
    given = (
        style.base_in
        + style.size_in.draw(rng, count)
        + style.growth * depth * (style.size_in.median + style.size_out.median)
    )
    per_group = np.flatnonzero(first_try)[np.cumsum(first_try) - 1]
    given = np.where(sent.repeated | sent.failed, given[per_group], given)
    given = np.clip(given, 3, LONGEST).astype(np.int64)
    made = np.where(answered, np.clip(made, 1, 32_000), 0).astype(np.int64)
    pace = SPEED[model] * rng.lognormal(0, 0.25, count)
    system = (prefix != 0) & (heads[session] != 0)
    return {
        "time_ms": sent.time_ms,
        "model": model,
        "endpoint": np.full(count, style.endpoint),
        "status": np.where(answered, 200, rng.choice([429, 500, 529, 400], count, p=[0.5, 0.2, 0.2, 0.1])),
        "stream": (rng.random(sessions) < style.stream)[session],
        "message_count": 1 + 2 * depth + system,
        "input_tokens": given,
        "output_tokens": made,
        "duration_ms": (rng.lognormal(6.3, 0.5, count) + given * 0.02 + made / pace * 1000).astype(np.int64),
        "params": style.params.pick(rng, sessions)[session],
        "tools": tools[session],
        "prefix": prefix,
        "body": body,
        "simhash": simhash,
        "prev": before,
        "next": after,
        "safety": np.where(sent.refused, rng.choice(style.codes, count), 0),
    }


def _said(
    rng: Rng, sent: Tries, style: Style, first_try: Flags, opens: Ints, session: Ints
) -> tuple[Words, Words]:
    """Similarity and identity of the user's last words at each try."""
    count = len(sent.group)
    simhash, ident = style.voice.say(rng, count)
    if style.small_talk > 0:
        small = (rng.random(count) < style.small_talk) & (sent.turn > 0)
        simhash[small], ident[small] = style.talk.say(rng, int(small.sum()))
    new = first_try & (rng.random(count) < style.asks)
    new |= sent.repeated & ~sent.passed_on & (rng.random(count) < style.edits)
    new[opens] = True
    said = np.flatnonzero(new)[np.cumsum(new) - 1]
    return simhash[said], ident[said]


def _history(
    rng: Rng, sent: Tries, style: Style, session: Ints, sessions: int, after: Words
) -> tuple[Ints, Words]:
    """Earlier turns in a request, and the hash of the conversation that they are (0: none)."""
    last = np.flatnonzero(np.diff(sent.group, append=-1))
    final = after[last]
    of_group = np.cumsum(np.diff(sent.group, prepend=-1) != 0) - 1
    earlier = np.concatenate([np.zeros(1, np.uint64), final[:-1]])[of_group]
    start, brought = np.zeros(sessions, np.int64), np.zeros(sessions, np.uint64)
    if style.deep is not None:
        start = style.deep.draw(rng, sessions).astype(np.int64)
        brought = np.where(start > 0, fresh(rng, sessions), 0).astype(np.uint64)
    elif style.shots:
        start = np.full(sessions, style.shots)
        brought = np.full(sessions, style.examples, np.uint64)
    depth = start[session] + sent.turn
    before = np.where(sent.turn == 0, brought[session], earlier)
    if style.window:
        cut = depth > style.window
        depth = np.minimum(depth, style.window)
        before = np.where(cut, fresh(rng, len(final))[of_group], before)
    return depth, before.astype(np.uint64)


def _heads_of(rng: Rng, style: Style, heads: Words, ident: Words) -> Words:
    """Head of the prompt by session: the system prompt's, else that of a long first message."""
    own = rng.random(len(heads)) < style.head_day
    system = np.where(own & (heads != 0), blend(heads, ident), heads)
    long = rng.random(len(heads)) < style.long_first
    message = np.full(len(heads), style.lead, np.uint64) if style.lead else np.where(long, blend(ident), 0)
    return np.where(heads != 0, system, message).astype(np.uint64)
