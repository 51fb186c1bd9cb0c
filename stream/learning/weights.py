"""Tables of weights: what a nat of each piece of evidence weighs before any verdict.

The built-in table weighs all evidence alike. What the learner has come to can be written as a file,
reviewed, and named in `alerts.weights`: from then on it is the table that the learner starts from, is
held against, and stays near.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.errors import ConfigError
from stream.evidence import PIECES

CANDIDATES: Final = ("unusual",)
"""Evidence that the built-in table leaves out."""
_NAT: Final = 0.4
"""Weight of a nat of any piece: measured, the families overlap, so their nats cannot simply be added up."""
_BIAS: Final = -4.0
_HIGHEST: Final = 1.0
"""A nat is a log-likelihood ratio: even alone it cannot count for more than itself."""
_DIGITS: Final = 4


class Weights(NamedTuple):
    """Bias and weights by piece; a piece that is not listed weighs what the built-in table says."""

    bias: float = _BIAS
    by_piece: tuple[tuple[str, float], ...] = ()

    def of(self, piece: str) -> float:
        """Weight of a nat of the piece."""
        return dict(self.by_piece).get(piece, 0.0 if piece in CANDIDATES else _NAT)

    def as_toml(self, origin: str) -> str:
        """The file that `load_weights` reads; `origin` says in one line where the numbers are from."""
        lines = [f"# {origin}", f"bias = {self.bias:.{_DIGITS}f}", "", "[weights]"]
        pieces = (*PIECES, *CANDIDATES)
        return "\n".join([*lines, *(f"{name} = {self.of(name):.{_DIGITS}f}" for name in pieces)]) + "\n"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)

    bias: float = Field(_BIAS, ge=-10, le=0)
    weights: dict[str, Annotated[float, Field(ge=0, le=_HIGHEST)]] = {}


def load_weights(path: str) -> Weights:
    """The table of a file, the built-in one where `path` is empty; raises ConfigError."""
    if not path:
        return Weights()
    try:
        read = _File.model_validate(tomllib.loads(Path(path).read_text()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"weights {path}: {where}: {first['msg']}") from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"weights {path}: {error}") from error
    known = (*PIECES, *CANDIDATES)
    for name in read.weights:
        if name not in known:
            raise ConfigError(f"weights {path}: {name} is none of {', '.join(known)}")
    return Weights(read.bias, tuple(sorted(read.weights.items())))
