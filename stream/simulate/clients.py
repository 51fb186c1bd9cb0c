"""Clients: the software that calls the API, its versions over time, its user agent and TLS fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stream.simulate.chance import Floats, Ints, generator, word

# name, user agent, popularity among people who write their own code, TLS stack, days between releases
_OWN_CODE: tuple[tuple[str, str, float, str, float], ...] = (
    ("sdk-python", "ModelSDK/Python {}", 0.36, "openssl", 9),
    ("sdk-node", "ModelSDK/JS {}", 0.20, "node", 8),
    ("requests", "python-requests/{}", 0.11, "openssl", 70),
    ("httpx", "python-httpx/{}", 0.06, "openssl", 45),
    ("axios", "axios/{}", 0.07, "node", 40),
    ("go", "Go-http-client/{}", 0.06, "go", 160),
    ("curl", "curl/{}", 0.04, "openssl", 55),
    ("okhttp", "okhttp/{}", 0.04, "java", 90),
    (
        "browser",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36",
        0.06,
        "chrome",
        28,
    ),
)
# popular coding agents and chat front-ends; the last two are young
_HARNESSES: tuple[tuple[str, str, float, str, float], ...] = (
    ("reefcode", "reefcode/{} (cli)", 0.42, "node", 3),
    ("pilotfish", "pilotfish-cli/{}", 0.22, "go", 6),
    ("lagoon", "lagoon-ide/{} electron", 0.18, "chrome", 7),
    ("tidepool", "tidepool-chat/{}", 0.12, "node", 10),
    ("nautilus", "nautilus/{}", 0.06, "openssl", 14),
)
FIRST_RELEASE_DAY = -400.0
PRIVATE = 80  # clients of one company or one author each


@dataclass(frozen=True)
class Family:
    """One client: its name, the days of its releases, and what each version shows to a gateway."""

    name: str
    releases: Floats
    user_agents: tuple[str, ...]
    ja4s: tuple[str, ...]


class Clients:
    """Every client of a world; cohorts add clients of their own with `build`."""

    def __init__(self, seed: int, days: int) -> None:
        """Draw the releases of every client up to the world's end."""
        self._seed, self._days = seed, days
        self.families: list[Family] = []
        for name, agent, _, tls, gap in _OWN_CODE + _HARNESSES:
            self.build(name, agent, tls, gap)
        self.private: Ints = np.array([self._private(i) for i in range(PRIVATE)])
        self.popularity: Floats = np.array([c[2] for c in _OWN_CODE]) / sum(c[2] for c in _OWN_CODE)
        self.harness_popularity: Floats = np.array([c[2] for c in _HARNESSES])
        self.harnesses: Ints = len(_OWN_CODE) + np.arange(len(_HARNESSES))

    def _private(self, number: int) -> int:
        """A client of one's own making: a name nobody else has, or a popular one on another TLS stack."""
        rng = generator(self._seed, "private", number)
        agent = str(
            rng.choice(
                [
                    f"svc-{number}/{{}}",
                    f"internal-{number}/{{}}",
                    "ModelSDK/Python {}",
                    "python-httpx/{}",
                    "Go-http-client/{}",
                    "axios/{}",
                ]
            )
        )
        return self.build(f"private-{number}", agent, str(rng.choice(["openssl", "go", "node", "java"])), 25)

    def build(self, name: str, agent: str, tls: str = "openssl", gap_days: float = 30.0) -> int:
        """Add a client with releases about every `gap_days`; its number."""
        rng = generator(self._seed, "client", name)
        steps = rng.exponential(gap_days, max(4, int(1.5 * (self._days - FIRST_RELEASE_DAY) / gap_days)))
        releases = np.concatenate([[-5000.0], FIRST_RELEASE_DAY + np.cumsum(steps)])
        releases = releases[releases < self._days]
        major, minor = int(rng.integers(0, 4)), int(rng.integers(1, 30))
        versions = [f"{major}.{minor + i // 4}.{i % 4}" for i in range(len(releases))]
        agents = tuple(agent.format(v) for v in versions)
        # a TLS stack changes its fingerprint with about one release in six, not with each
        ja4s = tuple(_ja4(tls, int(level)) for level in np.cumsum(rng.random(len(releases)) < 1 / 6) % 4)
        self.families.append(Family(name, releases, agents, ja4s))
        return len(self.families) - 1

    def named(self, name: str) -> int:
        """The number of a client by its name."""
        return next(i for i, family in enumerate(self.families) if family.name == name)

    def versions(self, family: Ints, seen_day: Floats) -> Ints:
        """Version in use by each event, from the day up to which its user has taken releases."""
        version = np.zeros(len(family), np.int64)
        for number in np.unique(family):
            rows = family == number
            releases = self.families[int(number)].releases
            version[rows] = np.searchsorted(releases, seen_day[rows], side="right") - 1
        return version.clip(0)

    def shown(self, family: Ints, version: Ints) -> tuple[pl.Series, pl.Series]:
        """User agents and TLS fingerprints of events."""
        offsets = np.cumsum([0] + [len(f.releases) for f in self.families])
        code = (offsets[family] + version).astype(np.uint32)
        agents = pl.Series([agent for f in self.families for agent in f.user_agents])
        ja4s = pl.Series([ja4 for f in self.families for ja4 in f.ja4s])
        return agents.gather(code), ja4s.gather(code)


def _ja4(tls: str, level: int) -> str:
    """A fingerprint of JA4's shape (FoxIO, 2023): protocol, counts, ALPN, two truncated hashes."""
    ciphers, extensions = 13 + word("ciphers", tls) % 6, 9 + word("extensions", tls, level) % 9
    alpn = "h1" if tls in ("openssl", "node") and level % 2 == 0 else "h2"
    head, tail = f"{word('ciphers', tls):016x}"[:12], f"{word('extensions', tls, level):016x}"[:12]
    return f"t13d{ciphers:02d}{extensions:02d}{alpn}_{head}_{tail}"
