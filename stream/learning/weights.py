"""Tables of weights: what a nat of each piece of evidence weighs before any verdict.

The built-in table was fitted to links of simulated worlds (see `_BY_PIECE`). What the learner has come to can
be written as a file, reviewed, and named in `alerts.weights`: from then on it is the table that the learner
starts from, is held against, and stays near. Whether there is a finding the trees say, not the table.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.errors import ConfigError
from stream.evidence import LIKENESS, PIECES, RANKED, Piece

CANDIDATES: Final = ("unusual",)
"""Evidence that the built-in table leaves out."""
_BIAS: Final = -3.1
_BY_PIECE: Final = {
    "copied": 0.9, "refused": 0.57, "orphaned": 0.49, "handed_over": 0.47, "failed_over": 0.43,
    "young": 0.28, "throwaway": 0.26, "changed": 0.26, "breadth": 0.21, "even": 0.19, "place": 0.14,
    "templated": 0.13,
    "alike": 0.09, "uniform_tool": 0.09, "roaming": 0.09, "tokens_in": 0.09, "tokens_out": 0.09,
    "common": 0.09,
    "same_hour": 0.57, "same_model": 0.26, "same_prefix": 0.24, "same_user_agent": 0.12, "same_ja4": 0.12,
    "same_parameters": 0.04,
}  # fmt: skip
"""Weight of a nat: a logistic regression over 120,000 six-hourly looks at links of 31 looked-at worlds of
three makes, a campaign's first six days against all honest links; none of what adds up below a tenth of the
greatest, all shrunk by a third. The bias is set by honest links alone: in every fourth of those worlds one
group of honest accounts gets over it with the rules heard."""
_USUAL: Final = {
    "young": 3.8, "alike": 2.5, "even": 1.9, "same_hour": 1.8, "same_parameters": 1.8, "same_model": 1.7,
    "same_prefix": 1.7, "handed_over": 1.5, "templated": 1.1, "throwaway": 1.0, "roaming": 1.0,
    "same_ja4": 1.0, "same_user_agent": 0.9, "orphaned": 0.8, "failed_over": 0.7, "breadth": 0.7,
    "tokens_out": 0.7, "tokens_in": 0.6, "changed": 0.5, "refused": 0.4, "uniform_tool": 0.2,
}  # fmt: skip
"""Mean nats of a campaign's links in those worlds, of the evidence that speaks against."""
_HIGHEST: Final = 1.0
"""A nat is a log-likelihood ratio: even alone it cannot count for more than itself."""
_DIGITS: Final = 4


class Weights(NamedTuple):
    """Bias and weights by piece; a piece that is not listed weighs what the built-in table says."""

    bias: float = _BIAS
    by_piece: tuple[tuple[str, float], ...] = ()

    def of(self, piece: str) -> float:
        """Weight of a nat of the piece."""
        return dict(self.by_piece).get(piece, _BY_PIECE.get(piece, 0.0))

    def heard(self, pieces: Mapping[str, Piece]) -> float:
        """Share of what usually tells a campaign's links that these pieces could tell, in [0, 1]."""
        usual = {name: self.of(name) * nats for name, nats in _USUAL.items()}
        alive = sum(nats for name, nats in usual.items() if name in pieces and _alive(pieces[name]))
        return alive / max(sum(usual.values()), 1e-9)

    def as_toml(self, origin: str) -> str:
        """The file that `load_weights` reads; `origin` says in one line where the numbers are from."""
        lines = [f"# {origin}", f"bias = {self.bias:.{_DIGITS}f}", "", "[weights]"]
        pieces = (*PIECES, *LIKENESS, *CANDIDATES)
        return "\n".join([*lines, *(f"{name} = {self.of(name):.{_DIGITS}f}" for name in pieces)]) + "\n"


def _alive(piece: Piece) -> bool:
    """Whether the fields that it needs come: some link shows it, or can be told to show none of it."""
    if piece.name in LIKENESS:
        return bool(np.isfinite(piece.observed).any())
    ranked = piece.name in RANKED and np.isfinite(piece.expected).any()
    return bool(ranked or (np.nan_to_num(piece.observed) > 0).any())


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
    known = (*PIECES, *LIKENESS, *CANDIDATES)
    for name in read.weights:
        if name not in known:
            raise ConfigError(f"weights {path}: {name} is none of {', '.join(known)}")
    return Weights(read.bias, tuple(sorted(read.weights.items())))
