"""The recorded LiteLLM traffic under tests/fixtures/litellm."""

from pathlib import Path
from typing import Any

import orjson
import zstandard

FOLDER = Path(__file__).parents[1] / "fixtures" / "litellm"


def body(name: str) -> bytes:
    """A recorded file, as it was posted."""
    return zstandard.ZstdDecompressor().decompress((FOLDER / f"{name}.zst").read_bytes(), 1 << 24)


def records(name: str) -> list[dict[str, Any]]:
    """The objects of a file of one object a line."""
    return [orjson.loads(line) for line in body(name).splitlines()]
