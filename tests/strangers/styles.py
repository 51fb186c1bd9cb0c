"""Drawn styles of honest use; each call is somebody else's habit.

Sizes follow the public traces of Azure (2023: conversations 374 to 4,083 tokens in at the median and 95th
percentile, 129 and 451 out; code 1,469 and 7,303 in, 13 and 90 out) and Mooncake (6,909 in, 350 out), and
between accounts ServeGen, whose clients' medians spread over two orders of magnitude.
"""

from dataclasses import replace

import numpy as np

from tests.strangers.networks import COUNTRIES
from tests.strangers.rhythm import Plan
from tests.strangers.shapes import Mix, Rng, Shape, blend, fresh, log_uniform, mix
from tests.strangers.style import MODELS, NEW_MODEL, Style
from tests.strangers.texts import Voice, theme
from tests.strangers.world import World, shared

FAME = 1.0 / np.arange(2, len(MODELS) + 2)
"""How often each model is asked for."""


def models(rng: Rng, few: int = 3) -> Mix:
    """A taste in models: the old ones only, mostly one."""
    known = [place for place in range(len(MODELS)) if place != NEW_MODEL]
    chosen = rng.choice(
        known, int(rng.integers(1, few + 1)), replace=False, p=FAME[: len(known)] / FAME[: len(known)].sum()
    )
    return mix(chosen, 0.25 ** np.arange(len(chosen)))


def params(world: World) -> Mix:
    """Sampling parameters: usually those of everybody, sometimes one's own."""
    rng = world.rng
    if rng.random() < 0.72:
        return mix(world.palette.pick(rng, int(rng.integers(1, 4))), None)
    return shared(rng, int(rng.integers(1, 5)))


def voice(world: World, country: int) -> Voice:
    """Free speech of somebody from a country; a third writes English whatever they speak."""
    language = 0 if world.rng.random() < 0.35 else COUNTRIES[country][3]
    return world.languages.voice(world.rng, language)


def plain(world: World, country: int, size_in: float, size_out: float) -> Style:
    """What all styles begin from."""
    rng = world.rng
    return Style(
        voice=voice(world, country),
        talk=world.languages.talk(COUNTRIES[country][3]),
        models=models(rng),
        params=params(world),
        size_in=Shape(size_in * rng.lognormal(0, 0.7), rng.uniform(0.4, 1.3)),
        size_out=Shape(size_out * rng.lognormal(0, 0.7), rng.uniform(0.4, 1.1)),
        endpoint=int(rng.choice(3, p=[0.55, 0.3, 0.15])),
        fails=float(min(0.4, rng.lognormal(-4.8, 1.2))),
        refuses=float(min(0.3, rng.lognormal(-6.0, 1.3))),
        codes=tuple(rng.integers(1, 7, 2).tolist()),
        stream=float(rng.choice([0.0, 0.5, 1.0], p=[0.4, 0.2, 0.4])),
        small_talk=float(rng.uniform(0.0, 0.15)),
        examples=int(fresh(rng, 1)[0]),
    )


def chat(world: World, country: int) -> Style:
    """Somebody who talks: several turns, sometimes a persona, sometimes an old conversation taken up."""
    rng = world.rng
    style = plain(world, country, 60, 260)
    return replace(
        style,
        heads=shared(rng, int(rng.integers(1, 5))) if rng.random() < 0.45 else style.heads,
        long_first=float(rng.beta(1, 4)),
        rerolls=float(rng.beta(1, 20)),
        edits=float(rng.uniform(0.2, 0.9)),
        window=int(rng.choice([0, 0, 0, 4, 10, 20])),
        head_day=float(rng.choice([0, 0, 1])),
        deep=Shape(rng.uniform(0.4, 4), 1.2) if rng.random() < 0.12 else None,
        stream=float(rng.choice([0.9, 1.0])),
    )


def roleplay(world: World, country: int) -> Style:
    """Long tales told anew and anew: characters as system prompts, re-rolls, edits, refusals."""
    rng = world.rng
    style = plain(world, country, 110, 320)
    return replace(
        style,
        heads=shared(rng, int(rng.integers(2, 12))),
        base_in=rng.uniform(300, 4000),
        rerolls=float(rng.beta(2, 5)),
        edits=float(rng.uniform(0.0, 0.5)),
        window=int(rng.choice([0, 12, 30, 60])),
        refuses=float(rng.beta(1, 25)),
        codes=(1, 5, 2),
        deep=Shape(rng.uniform(1, 30), 1.0) if rng.random() < 0.3 else None,
        stream=1.0,
    )


def coding(world: World, country: int) -> Style:
    """A coding agent in a public harness: its system prompt and tools, many steps for one request."""
    rng = world.rng
    style = plain(world, country, 700, 120)
    return replace(
        style,
        harness=True,
        head_day=float(rng.choice([0.0, 0.0, 0.7])),
        base_in=rng.uniform(2_000, 18_000),
        asks=float(rng.uniform(0.08, 0.5)),
        window=int(rng.choice([0, 0, 40, 80])),
        deep=Shape(rng.uniform(3, 30), 1.0) if rng.random() < 0.15 else None,
        stream=float(rng.choice([0.0, 1.0], p=[0.2, 0.8])),
        growth=float(rng.uniform(0.3, 1.0)),
    )


def script(world: World, country: int) -> Style:
    """A developer's script: a template or two, tried out, changed, run."""
    rng = world.rng
    style = plain(world, country, 300, 150)
    style = replace(
        style,
        voice=style.voice.with_part(theme(rng, rng.uniform(0.0, 0.85))),
        heads=shared(rng, int(rng.integers(1, 6))) if rng.random() < 0.6 else style.heads,
        lead=int(fresh(rng, 1)[0]) if rng.random() < 0.25 else 0,
        long_first=float(rng.beta(1, 2)),
        tools=tools(world) if rng.random() < 0.2 else style.tools,
        shots=int(rng.choice([0, 0, 0, 1, 3, 8])),
        rerolls=float(rng.beta(1, 15)),
    )
    return framed(world, style) if rng.random() < 0.15 else style


def tools(world: World) -> Mix:
    """Tool definitions: a public kit, or one's own."""
    rng = world.rng
    return mix(world.kits.pick(rng, 1)) if rng.random() < 0.5 else shared(rng, int(rng.integers(1, 4)))


def framed(world: World, style: Style) -> Style:
    """The style within a framework's public prompt."""
    head, part = world.frame()
    return replace(style, voice=style.voice._replace(parts=(*style.voice.parts[:1], part)), heads=mix([head]))


def product(world: World, country: int) -> Style:
    """A product's backend: its features are system prompts, its users speak freely within."""
    rng = world.rng
    style = plain(world, country, log_uniform(rng, 80, 3_000), log_uniform(rng, 5, 500))
    return replace(
        style,
        voice=style.voice.with_part(theme(rng, rng.uniform(0.0, 0.6))),
        heads=shared(rng, int(rng.integers(1, 9))),
        tools=tools(world) if rng.random() < 0.35 else style.tools,
        base_in=log_uniform(rng, 50, 5_000),
        head_day=float(rng.choice([0, 0, 0.5, 1])),
        shots=int(rng.choice([0, 0, 0, 2, 6])),
        deep=Shape(rng.uniform(0.5, 6), 0.9) if rng.random() < 0.2 else None,
        models=models(rng, 2),
        params=shared(rng, int(rng.integers(1, 4))) if rng.random() < 0.5 else style.params,
    )


def batch(world: World, country: int) -> Style:
    """One template over many documents: labels, summaries, translations, grades."""
    rng = world.rng
    style = plain(world, country, log_uniform(rng, 100, 8_000), log_uniform(rng, 3, 900))
    style = replace(
        style,
        voice=style.voice.with_part(theme(rng, rng.uniform(0.2, 0.9))),
        heads=shared(rng, int(rng.integers(1, 4))) if rng.random() < 0.6 else style.heads,
        lead=int(fresh(rng, 1)[0]) if rng.random() < 0.5 else 0,
        models=models(rng, 1),
        stream=0.0,
    )
    return framed(world, style) if rng.random() < 0.15 else style


def clockwork(world: World, country: int) -> Style:
    """A bot: the same prompt, or a prompt with today's news in it."""
    rng = world.rng
    style = plain(world, country, 400, 200)
    stock = int(rng.choice([0, 1, 3, 20]))
    text = style.voice.with_part(theme(rng, rng.uniform(0.3, 0.9)))
    return replace(
        style,
        voice=text.with_stock(rng, stock, walks=True) if stock else text,
        heads=shared(rng, 1) if rng.random() < 0.7 else style.heads,
        small_talk=0.0,
        models=models(rng, 1),
    )


def quick_start(world: World, snippet: int) -> Style:
    """A newcomer who pastes a documentation's example and varies it."""
    style = plain(world, 0, 14, 80)
    rng = np.random.default_rng(snippet)
    docs = world.languages.voice(rng, 0).with_part(theme(rng, 0.75)).with_stock(rng, 6, walks=False)
    head = blend(np.array([snippet + 1], np.uint64))
    defaults = world.palette.values[:1]
    return replace(style, voice=docs, heads=mix(head) if snippet % 2 else style.heads, params=mix(defaults))


def with_new_model(style: Style, share: float) -> Style:
    """The same style after the new model came out."""
    weights = np.append(style.models.weights * (1 - share), share)
    return replace(style, models=mix(np.append(style.models.values, NEW_MODEL), weights))


def later(plan: Plan, day_ms: int) -> tuple[Plan, Plan]:
    """A plan cut in two at a time, no session torn."""
    begins = np.flatnonzero(plan.turn == 0)
    before = (plan.time_ms[begins] < day_ms)[np.cumsum(plan.turn == 0) - 1]
    halves = (Plan(*(column[part] for column in plan)) for part in (before, ~before))
    first, second = halves
    return first, second
