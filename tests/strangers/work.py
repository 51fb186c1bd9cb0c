"""What the operations ask for: the requests of each archetype."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from tests.strangers import people, styles
from tests.strangers.draws import Draw
from tests.strangers.shapes import NOTHING, Mix, Shape, fresh, log_uniform, mix
from tests.strangers.style import Style
from tests.strangers.texts import Voice, theme
from tests.strangers.world import World, shared

Work = Callable[[World, Draw, Style], Style]


def base(world: World, made: Draw) -> Style:
    """Of one pool: a language, a model, a size."""
    rng = world.rng
    style = styles.plain(world, 0, 200, 500)
    return replace(
        style,
        voice=world.languages.voice(rng, int(rng.integers(0, 3))),
        small_talk=0.0,
        models=styles.models(rng, 2),
    )


def framed(world: World, made: Draw, style: Style) -> Voice:
    """The pool's voice within the template, as far as the operator keeps to one."""
    return style.voice.with_part(theme(world.rng, made.common))


def sweep(world: World, made: Draw, style: Style) -> Style:
    """T1: one template, its slots filled anew; long answers."""
    rng = world.rng
    paraphrased = made.common < 0.3
    lead = 0 if paraphrased or rng.random() < 0.4 else int(fresh(rng, 1)[0])
    head = mix(fresh(rng, 1)) if rng.random() < 0.5 and not paraphrased else NOTHING
    return replace(
        style,
        voice=framed(world, made, style),
        lead=lead,
        heads=head,
        size_in=Shape(log_uniform(rng, 80, 900), rng.uniform(0.1, 0.6)),
        size_out=Shape(log_uniform(rng, 300, 2_500), rng.uniform(0.3, 0.7)),
        stream=float(rng.choice([0, 0.5, 1])),
    )


def injected(world: World, made: Draw, style: Style) -> Style:
    """T2: a fixed prefix before tasks of every kind."""
    rng = world.rng
    heads = fresh(rng, 1) if made.common >= 0.3 else fresh(rng, int(rng.integers(20, 200)))
    return replace(
        style,
        heads=mix(heads),
        base_in=log_uniform(rng, 150, 3_000),
        size_in=Shape(log_uniform(rng, 60, 900), 1.0),
        size_out=Shape(log_uniform(rng, 300, 1_800), 0.7),
        tools=shared(rng, 1) if rng.random() < 0.3 else NOTHING,
        head_day=0.0,
    )


def relay(world: World, made: Draw, style: Style) -> Style:
    """T3: the users of another product, live; what one account refuses, the next is asked."""
    rng = world.rng
    sticky = "sticky" in made.evasions
    persona = styles.chat(world, 2) if rng.random() < 0.6 else styles.roleplay(world, 2)
    return replace(
        persona,
        voice=world.languages.voice(rng, int(rng.integers(0, 9))),
        heads=shared(rng, int(rng.integers(1, 13))),
        failover=0.0 if sticky else float(rng.uniform(0.4, 1.0)),
        drift=0.0 if sticky else float(rng.uniform(0, 0.15)),
        refuses=float(rng.uniform(0.005, 0.05)),
        deep=None,
        head_day=0.0,
        params=style.params,
    )


def judge(world: World, made: Draw, style: Style) -> Style:
    """T4: long texts in, a mark or a cleaned line out."""
    rng = world.rng
    rubrics = fresh(rng, int(rng.integers(1, 4))) if made.common >= 0.3 else fresh(rng, 60)
    return replace(
        style,
        voice=style.voice.with_part(theme(rng, made.common * 0.4)),
        heads=mix(rubrics),
        size_in=Shape(log_uniform(rng, 1_200, 9_000), rng.uniform(0.3, 0.7)),
        size_out=Shape(log_uniform(rng, 6, 160), rng.uniform(0.1, 0.5)),
        base_in=log_uniform(rng, 200, 1_500),
        tools=shared(rng, 1) if rng.random() < 0.4 else NOTHING,
        shots=int(rng.choice([0, 0, 2, 4])),
        stream=0.0,
    )


def replay(world: World, made: Draw, style: Style) -> Style:
    """T5: stored sessions of a public harness, each asked for its next step only."""
    rng = world.rng
    return replace(
        styles.coding(world, 0),
        harness=True,
        deep=Shape(rng.uniform(6, 45), rng.uniform(0.3, 0.9)),
        asks=1.0,
        voice=style.voice,
        params=style.params,
        models=style.models,
        growth=float(rng.uniform(0.3, 1.0)),
    )


def redeemed(world: World, made: Draw, style: Style) -> Style:
    """T6: reasoning made under one account is continued under another."""
    rng = world.rng
    return replace(
        style,
        voice=framed(world, made, style) if rng.random() < 0.5 else style.voice,
        heads=mix(fresh(rng, 2)) if rng.random() < 0.6 else NOTHING,
        drift=float(rng.uniform(0.5, 1.0)),
        size_out=Shape(log_uniform(rng, 500, 4_000), 0.6),
    )


def search(world: World, made: Draw, style: Style) -> Style:
    """T7, first half: many techniques, most of them refused."""
    rng = world.rng
    return replace(
        style,
        voice=framed(world, replace(made, common=made.common * 0.5), style),
        refuses=float(rng.uniform(0.25, 0.7)),
        codes=(6, 1, 2),
        long_first=0.6,
        rerolls=float(rng.uniform(0, 0.2)),
        edits=1.0,
        size_out=Shape(350, 0.9),
    )


def winner(world: World, made: Draw, style: Style) -> Style:
    """T7, second half: the technique that worked."""
    rng = world.rng
    lead = int(fresh(rng, 1)[0]) if made.common >= 0.3 else 0
    return replace(
        style,
        voice=framed(world, made, style),
        lead=lead,
        refuses=float(rng.uniform(0.01, 0.1)),
        codes=(6, 1),
        size_out=Shape(log_uniform(rng, 400, 2_000), 0.5),
    )


def resold(world: World, made: Draw, style: Style) -> Style:
    """T8: the part of a reseller's traffic that one large customer harvests with."""
    return injected(world, made, style) if world.rng.random() < 0.5 else sweep(world, made, style)


WORKS: Final[dict[str, Work]] = {
    "T1": sweep, "T2": injected, "T3": relay, "T4": judge,
    "T5": replay, "T6": redeemed, "T7": search, "T8": resold,
}  # fmt: skip


def customers(world: World, account: int, span: tuple[float, float], rate: float, campaign: int) -> None:
    """Cover on an account: people who bought cheap access, or invented use that resembles theirs."""
    rng, first = world.rng, len(world.parts)
    for _ in range(int(rng.integers(1, 5))):
        use = people.KINDS[int(rng.choice([0, 1, 2, 3]))][1]
        use(world, account, span[0], span[1], rate / 3)
    for part in world.parts[first:]:
        part["campaign"] = np.full_like(part["campaign"], campaign)


def seen_by_thief(world: World, account: int, style: Style) -> Style:
    """The campaign's request in the victim's form: its parameters, its models, its stream."""
    own = world.habits.get(account)
    if own is None:
        return style
    settings: Mix = own.params
    return replace(style, params=settings, models=own.models, stream=own.stream, endpoint=own.endpoint)
