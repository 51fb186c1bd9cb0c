"""The internet of a world: operators, their ranges, and who sits behind which of them."""

from typing import Final, NamedTuple

import numpy as np

from tests.strangers.shapes import Floats, Ints, Rng

COUNTRIES: Final[tuple[tuple[str, int, float, int], ...]] = (
    ("US", -6, 0.27, 0), ("IN", 5, 0.11, 0), ("CN", 8, 0.06, 1), ("JP", 9, 0.07, 2), ("DE", 1, 0.07, 3),
    ("GB", 0, 0.06, 0), ("BR", -3, 0.06, 4), ("FR", 1, 0.05, 5), ("KR", 9, 0.04, 6), ("ES", 1, 0.03, 7),
    ("VN", 7, 0.03, 8), ("CA", -5, 0.04, 0), ("SG", 8, 0.03, 0), ("NL", 1, 0.03, 0), ("MX", -6, 0.02, 7),
    ("ID", 7, 0.03, 0),
)  # fmt: skip
"""Code, hours from UTC, share of customers, language (index into the world's languages)."""

WEIGHTS: Final[Floats] = np.array([row[2] for row in COUNTRIES]) / sum(row[2] for row in COUNTRIES)
CLOUDS: Final = 7
HOSTERS: Final = 9
"""Sellers of cheap servers: small ranges that companies, tinkerers and operators all rent in."""
VPNS: Final = 6


class Pool(NamedTuple):
    """Ranges of one operator in one country: indices into the atlas."""

    ranges: Ints


class Atlas:
    """Every /24 (or IPv6 /48) of the world with its operator and country."""

    def __init__(self, rng: Rng) -> None:
        """Draws the operators: in each country homes and carriers, and everywhere clouds and VPNs."""
        self.prefixes: list[str] = []
        self.asns: list[int] = []
        self.countries: list[str] = []
        self._rng = rng
        self._taken: set[str] = set()
        self._numbers = iter(rng.permutation(np.arange(1_000, 400_000)).tolist())
        self.homes = [self._operators(code, 4, 30, 400) for code, *_ in COUNTRIES]
        self.carriers = [self._operators(code, 3, 3, 14) for code, *_ in COUNTRIES]
        self.clouds = [self._several(3, 40, 160) for _ in range(CLOUDS)]
        self.hosters = [self._several(2, 10, 60) for _ in range(HOSTERS)]
        self.vpns = [self._several(6, 2, 8) for _ in range(VPNS)]
        self.lines = np.concatenate([pool.ranges for pools in self.homes for pool in pools])

    def office(self, country: int, count: int = 1) -> Ints:
        """Ranges of a company or school of its own, behind a business line."""
        number = (
            self.asns[self.homes[country][0].ranges[0]] if self._rng.random() < 0.7 else next(self._numbers)
        )
        return self._allot(number, COUNTRIES[country][0], count).ranges

    def servers(self, count: int, hoster: float = 0.3) -> Ints:
        """Ranges in which one customer's servers stand, all of one seller."""
        sellers = self.hosters if self._rng.random() < hoster else self.clouds
        pools = sellers[self._rng.integers(len(sellers))]
        return self._rng.choice(pools[self._rng.integers(len(pools))].ranges, count)

    def proxies(self, count: int) -> Ints:
        """Exits of a seller of residential proxies: the homes of people who know nothing of it."""
        return self._rng.choice(self.lines, count)

    def exits(self, count: int) -> Ints:
        """Exits of one VPN."""
        pools = self.vpns[self._rng.integers(VPNS)]
        return self._rng.choice(np.concatenate([pool.ranges for pool in pools]), count)

    def home(self, country: int) -> Ints:
        """One line of a household."""
        pools = self.homes[country]
        return self._rng.choice(pools[min(int(self._rng.zipf(1.8)) - 1, len(pools) - 1)].ranges, 1)

    def phone(self, country: int) -> Ints:
        """The ranges behind which a carrier hides its subscribers."""
        pools = self.carriers[country]
        return pools[self._rng.integers(len(pools))].ranges

    def _operators(self, country: str, count: int, low: int, high: int) -> list[Pool]:
        sizes = self._rng.integers(low, high, count)
        return [self._allot(next(self._numbers), country, int(size)) for size in sizes]

    def _several(self, count: int, low: int, high: int) -> list[Pool]:
        """One operator with ranges in several countries."""
        number = next(self._numbers)
        where = self._rng.choice(len(COUNTRIES), count, p=WEIGHTS)
        return [
            self._allot(number, COUNTRIES[place][0], int(self._rng.integers(low, high))) for place in where
        ]

    def _allot(self, number: int, country: str, count: int) -> Pool:
        first = len(self.prefixes)
        sixth = self._rng.random() < 0.15
        while len(self.prefixes) < first + count:
            high, middle, low = self._rng.integers((11, 0, 0), (172, 256, 256)).tolist()
            prefix = (
                f"2a{high:02x}:{middle:02x}{low:02x}:{len(self.prefixes) % 65536:x}"
                if sixth
                else f"{high}.{middle}.{low}"
            )
            if prefix not in self._taken and high != 127:
                self._taken.add(prefix)
                self.prefixes.append(prefix)
        self.asns += [number] * count
        self.countries += [country] * count
        return Pool(np.arange(first, first + count))
