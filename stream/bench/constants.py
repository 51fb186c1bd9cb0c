"""Constants in the source of detection: which there are, and what hangs on each.

A constant lives on in every module that imported it, and in every other constant that was worked out from
it. Both are read from the source, so that replacing one replaces what it made.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

from stream.runtime import pipeline

Number: TypeAlias = float | int
Place: TypeAlias = tuple[str, str]
"""A module, and a name in it."""

_ROOT: Final = pipeline.__name__.partition(".")[0] + "."
_ROOMS: Final = ("evidence", "cases")
_ONLY_SAID: Final = ("campaign", "feedback", "remembered", "standing", "tell", "unusual", "write")
"""Modules of cases whose numbers decide what is told of a case or what an analyst's word weighs: not what is
found."""
_LEFT_OUT: Final = (
    "evidence.traits._DISPOSABLE",  # a code
    "cases.docket._UPDATE_GROWTH",
    "cases.docket._UPDATE_MS",
)
"""Other numbers that find nothing."""


class Constant(NamedTuple):
    """A number that a module declares, with its value of now."""

    module: str
    name: str
    value: Number


class Origin(NamedTuple):
    """How a module comes by a name: by an expression (None: it imports it) that needs other places."""

    expression: ast.expr | None
    needs: frozenset[Place]


def constants() -> dict[str, Constant]:
    """Every number of detection that its source declares, by a name such as `evidence.place.PLACE_SHARE`.

    Numbers that are worked out from others are left out: they follow.
    """
    origins = _origins()
    declared = {place for place, origin in origins.items() if _is_declared(place, origin)}
    found = [
        Constant(*place, getattr(sys.modules[place[0]], place[1]))
        for place in sorted(declared)
        if not any(_source(needed, origins) in declared for needed in origins[place].needs)
    ]
    return {f"{one.module.removeprefix(_ROOT)}.{one.name}": one for one in found}


@contextmanager
def replaced(constant: Constant, value: Number) -> Iterator[None]:
    """In the block the constant has another value, everywhere and in all that is worked out from it."""
    origins = _origins()
    first, *others = followers((constant.module, constant.name))
    before = {place: _read(place) for place in (first, *others)}
    try:
        _set(first, value)
        for place in others:
            _set(place, _again(place, origins[place]))
        yield
    finally:
        for place, old in before.items():
            _set(place, old)


def followers(place: Place) -> list[Place]:
    """The place itself, then all that hangs on it, each after what it needs."""
    origins = _origins()
    touched = {place}
    while more := {one for one, origin in origins.items() if origin.needs & touched} - touched:
        touched |= more
    order = [place]
    while left := sorted(touched.difference(order)):
        order += [one for one in left if not origins[one].needs & touched.difference(order)]
    return order


def _again(place: Place, origin: Origin) -> Any:
    """What the place holds now that what it needs has changed."""
    if origin.expression is None:
        (imported,) = origin.needs
        return _read(imported)
    code = compile(ast.Expression(origin.expression), ".".join(place), "eval")
    return eval(code, vars(sys.modules[place[0]]))


def _read(place: Place) -> Any:
    return getattr(sys.modules[place[0]], place[1])


def _set(place: Place, value: Any) -> None:
    setattr(sys.modules[place[0]], place[1], value)


def _is_declared(place: Place, origin: Origin) -> bool:
    room, _, module = place[0].removeprefix(_ROOT).partition(".")
    value = _read(place) if origin.expression is not None else None
    return (
        room in _ROOMS
        and not (room == "cases" and module in _ONLY_SAID)
        and f"{room}.{module}.{place[1]}" not in _LEFT_OUT
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    )


def _source(place: Place, origins: dict[Place, Origin]) -> Place:
    """Where a name that may be imported is declared."""
    while place in origins and origins[place].expression is None:
        (place,) = origins[place].needs
    return place


def _origins() -> dict[Place, Origin]:
    """Every name that a loaded module of ours declares or imports from another."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(_ROOT)]
    return {(module.__name__, name): origin for module in modules for name, origin in _names(module).items()}


@cache
def _names(module: ModuleType) -> dict[str, Origin]:
    names: dict[str, Origin] = {}
    for statement in ast.parse(inspect.getsource(module)).body:
        match statement:
            case ast.ImportFrom(module=str(source), names=aliases) if source.startswith(_ROOT):
                for alias in aliases:
                    if f"{source}.{alias.name}" not in sys.modules:
                        names[alias.asname or alias.name] = Origin(None, frozenset({(source, alias.name)}))
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                | ast.Assign(targets=[ast.Name(id=name)], value=value)
            ):
                names[name] = Origin(value, frozenset(_needs(value, module)))
    return names


def _needs(node: ast.AST, module: ModuleType) -> Iterator[Place]:
    """Names that are read when the expression is; what a lambda reads is read when it is called."""
    match node:
        case ast.Lambda():
            return
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if isinstance(
            vars(module).get(name), ModuleType
        ):
            yield vars(module)[name].__name__, attribute
        case ast.Name(id=name):
            yield module.__name__, name
    for child in ast.iter_child_nodes(node):
        yield from _needs(child, module)
