"""The software that calls the gateway: families, their releases, and what each looks like on the wire."""

from typing import Final, Literal, NamedTuple

import numpy as np

from tests.strangers.shapes import DAYS, Floats, Ints, Rng, Words, fresh

Sort = Literal["sdk", "raw", "chat", "roleplay", "harness", "browser"]

SYSTEMS: Final = ("linux", "macos", "windows")


class Family(NamedTuple):
    """A program: the form of its user agent, its runtime (which makes the JA4), how popular it is."""

    name: str
    sort: Sort
    runtime: str
    weight: float


FAMILIES: Final[tuple[Family, ...]] = (
    Family("OpenAI/Python {v}", "sdk", "py", 10), Family("OpenAI/JS {v}", "sdk", "node", 7),
    Family("Anthropic/Python {v}", "sdk", "py", 8), Family("Anthropic/JS {v}", "sdk", "node", 4),
    Family("langchain-community/{v}", "sdk", "py", 4), Family("litellm/{v}", "sdk", "py", 4),
    Family("LlamaIndex/{v}", "sdk", "py", 2), Family("go-llm/{v}", "sdk", "go", 2),
    Family("ai-sdk/{v}", "sdk", "node", 4), Family("llm-java/{v}", "sdk", "java", 2),
    Family("dotnet-ai/{v}", "sdk", "net", 1), Family("python-requests/{v}", "raw", "py", 4),
    Family("python-httpx/{v}", "raw", "py", 3), Family("axios/{v}", "raw", "node", 3),
    Family("curl/{v}", "raw", "curl", 3), Family("Go-http-client/{v}", "raw", "go", 2),
    Family("node-fetch/{v}", "raw", "node", 2), Family("aiohttp/{v}", "raw", "py", 2),
    Family("OpenWebUI/{v}", "chat", "py", 5), Family("LibreChat/{v}", "chat", "node", 3),
    Family("ChatBox/{v}", "chat", "electron", 3), Family("NextChat/{v}", "chat", "edge", 2),
    Family("TypingDesk/{v}", "chat", "electron", 2), Family("SillyTavern/{v}", "roleplay", "node", 5),
    Family("TaleForge/{v}", "roleplay", "electron", 2), Family("RisuRoom/{v}", "roleplay", "edge", 1),
    Family("claude-cli/{v}", "harness", "node", 8), Family("cline/{v}", "harness", "electron", 4),
    Family("aider/{v}", "harness", "py", 3), Family("codex_cli/{v}", "harness", "rust", 4),
    Family("opencode/{v}", "harness", "bun", 2), Family("roo/{v}", "harness", "electron", 1),
    Family("Mozilla/5.0 Chrome/{v}", "browser", "chrome", 4),
    Family("Mozilla/5.0 Firefox/{v}", "browser", "nss", 1),
    Family("Mozilla/5.0 Version/{v} Safari", "browser", "apple", 1),
)  # fmt: skip


class Seat(NamedTuple):
    """Where and with what an account calls from: one device, one server, one proxy account."""

    client: int
    """Family, or the number of a program of its own (`Catalogue.own`)."""
    system: int
    lag_days: float
    """How long after a release it is installed; a large lag never upgrades."""
    ranges: Ints
    host: int
    weight: float = 1.0
    moves: float = 0.0
    """Chance that the next exchange comes from another of the ranges (0: one for each session)."""
    turn_hours: float = 0.0
    """All use one range at a time and the next after so many hours; 0 is no such order."""


class Catalogue:
    """All programs of a world with their releases; rows are (program, version, system)."""

    def __init__(self, rng: Rng) -> None:
        """Draws every family's versions: the past ones, and those released during the world."""
        self._rng = rng
        self.agents: list[str] = []
        self.ja4s: list[str] = []
        self.tools: list[int] = []
        self.heads: list[int] = []
        self._first: list[int] = []
        self._releases: list[Floats] = []
        self._stacks: dict[tuple[str, int, int], str] = {}
        for family in FAMILIES:
            self._add(family, versions=int(rng.integers(4, 14)))

    def own(self, runtime: str = "", sort: Sort = "sdk") -> int:
        """A program that only its maker's customers have; returns its number."""
        name = "".join(chr(97 + int(place)) for place in self._rng.integers(0, 26, 7))
        runtime = runtime or str(self._rng.choice(["py", "node", "go", "java", "rust"]))
        self._add(Family(name + "/{v}", sort, runtime, 0.0), versions=int(self._rng.integers(1, 6)))
        return len(self._first) - 1

    def some(self, *sorts: Sort) -> int:
        """A public family of these sorts, by popularity."""
        places = [place for place, family in enumerate(FAMILIES) if family.sort in sorts]
        weights = np.array([FAMILIES[place].weight for place in places])
        return int(self._rng.choice(places, p=weights / weights.sum()))

    def rows(self, seat: Seat, days: Floats) -> Ints:
        """Row of the catalogue for a seat at each of the days (counted from the world's start)."""
        versions = np.searchsorted(self._releases[seat.client], days - seat.lag_days, side="right")
        return self._first[seat.client] + versions * len(SYSTEMS) + seat.system

    def tools_of(self) -> Words:
        """Hash of the tool definitions that each row brings, 0 where it brings none."""
        return np.array(self.tools, dtype=np.uint64)

    def heads_of(self) -> Words:
        """Hash of the system prompt that each row brings, 0 where it brings none."""
        return np.array(self.heads, dtype=np.uint64)

    def _add(self, family: Family, versions: int) -> None:
        self._first.append(len(self.agents))
        self._releases.append(np.sort(self._rng.uniform(-60, DAYS, versions)))
        major, minor = self._rng.integers(0, 5), self._rng.integers(0, 60)
        harness = family.sort == "harness"
        tools, head = 0, 0
        for version in range(versions + 1):
            if harness and (version == 0 or self._rng.random() < 0.5):
                tools, head = (int(value) for value in fresh(self._rng, 2))
            for system, name in enumerate(SYSTEMS):
                self.agents.append(family.name.format(v=f"{major}.{minor + version}.0 ({name})"))
                self.ja4s.append(self._stack(family.runtime, version * 4 // (versions + 1), system))
                self.tools.append(tools)
                self.heads.append(head)

    def _stack(self, runtime: str, age: int, system: int) -> str:
        """JA4 of a TLS library: the same for all programs of a runtime and age."""
        key = (runtime, age // 2, system // 2 if runtime != "chrome" else 0)
        if key not in self._stacks:
            cipher, extension = (f"{int(value):016x}"[:12] for value in fresh(self._rng, 2))
            counts = self._rng.integers(8, 20, 2).tolist()
            self._stacks[key] = (
                f"t13d{counts[0]:02d}{counts[1]:02d}h{1 + int(self._rng.random() < 0.6)}_{cipher}_{extension}"
            )
        return self._stacks[key]
