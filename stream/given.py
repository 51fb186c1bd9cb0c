"""What a user gave on the command line, as commands need it: settings, numbers, times, files, worlds."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from stream.errors import ConfigError, InputError
from stream.options import listed

if TYPE_CHECKING:
    from stream.config import Loaded
    from stream.simulate import WorldSpec

Number = TypeVar("Number", int, float)


def settings_of(options: argparse.Namespace) -> "Loaded":
    """The settings, with the format that the command line names; raises ConfigError."""
    from stream.config import load

    form = getattr(options, "format", None)
    return load(options.config, {"intake.format": form} if form else None)


def numbers(option: str, text: str, kind: type[Number]) -> list[Number]:
    """The numbers in a list with commas; raises ConfigError."""
    try:
        return [kind(part) for part in listed(text)]
    except ValueError as error:
        wanted = "whole numbers" if kind is int else "numbers"
        raise ConfigError(f"{option} {text}: should be {wanted} separated by commas") from error


def world_spec(options: argparse.Namespace) -> "WorldSpec":
    """The world to simulate; raises ConfigError."""
    from stream.simulate import LOOKALIKES, USUAL, WorldSpec

    onset = options.days / 2 if options.onset is None else options.onset
    similar = _chosen(getattr(options, "lookalikes", None), LOOKALIKES)
    campaigns = _chosen(options.campaigns, USUAL)
    try:
        return WorldSpec(options.seed, options.days, options.accounts, campaigns, onset, lookalikes=similar)
    except ValueError as error:
        raise ConfigError(f"simulate: {error}") from error


def _chosen(text: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    """The names in a list; `usual` in it stands for the usual ones, `none` alone for none."""
    names = listed("usual" if text is None else text)
    found = [other for name in names for other in (usual if name == "usual" else (name,))]
    return () if found == ["none"] else tuple(found)


def time_ms(option: str, text: str) -> int:
    """An RFC 3339 time in ms since the epoch; raises InputError."""
    from stream.setting import instant

    try:
        return int(instant(text).timestamp() * 1000)
    except ValueError as error:
        raise InputError(f"{option} {text}: {error}") from error


def lines(path: str) -> list[bytes]:
    """The lines of a file; raises InputError."""
    try:
        return Path(path).read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


@contextmanager
def output(path: str | None) -> Iterator[IO[bytes] | None]:
    """The file to write, `-` for standard output; None stays None."""
    if path is None or path == "-":
        yield path and sys.stdout.buffer  # type: ignore[misc]
        return
    try:
        file = Path(path).open("wb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    with file:
        yield file
