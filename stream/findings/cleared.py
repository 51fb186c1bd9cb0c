"""What is said of a group that was judged and left alone; written daily, one line a link."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from rich.console import Console

from stream.errors import InputError
from stream.findings.render import rfc3339, rounded


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for a group: nats that it is worth, and where it counts from."""

    name: str
    nats: float
    observed: float | None
    threshold: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """A link that is no case: `against` and `score` are its nats without and with what speaks for it."""

    time_ms: int
    kind: str
    value: str
    units: int
    against: float
    score: float
    threshold: float
    reasons: tuple[Reason, ...]


def cleared_bytes(link: Cleared) -> bytes:
    """One JSON object without a newline."""
    return orjson.dumps(
        {
            "time": rfc3339(link.time_ms),
            "kind": link.kind,
            "value": link.value,
            "units": link.units,
            "against": rounded(link.against),
            "score": rounded(link.score),
            "threshold": rounded(link.threshold),
            "reasons": [
                {
                    "name": reason.name,
                    "nats": rounded(reason.nats),
                    "observed": None if reason.observed is None else rounded(reason.observed),
                    "threshold": None if reason.threshold is None else rounded(reason.threshold),
                    "sentence": reason.sentence,
                }
                for reason in link.reasons
            ],
        }
    )


def show_cleared(value: str, lines: Iterable[bytes], name: str, console: Console | None = None) -> None:
    """Prints why links whose value begins with `value` were left alone, the newest of each.

    Raises InputError.
    """
    newest = {}
    for number, line in enumerate(lines, 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{name} line {number}: not JSON: {error}") from error
        if row["value"].startswith(value):
            newest[row["kind"], row["value"]] = row
    if not newest:
        raise InputError(f"{name} has no link whose value begins with {value}")
    console = console or Console()
    for row in newest.values():
        console.print("\n".join(_told(row)), highlight=False, markup=False, soft_wrap=True)


def _told(row: dict[str, object]) -> list[str]:
    reasons = row["reasons"]
    assert isinstance(reasons, list)
    return [
        f"{row['kind']} {row['value']} was left alone on {str(row['time'])[:10]}: {row['units']} units",
        f"  {row['against']:.1f} nats against it; {row['score']:.1f} of the {row['threshold']:.1f} that "
        "a case needs, with what speaks for it:",
        *(f"  {reason['nats']:5.1f} nats  {reason['name']}: {_measured(reason)}" for reason in reasons),
    ]


def _measured(reason: dict[str, object]) -> str:
    if reason["observed"] is None:
        return str(reason["sentence"])
    return f"{reason['sentence']} (observed {reason['observed']:.3g}, counts from {reason['threshold']:.3g})"
