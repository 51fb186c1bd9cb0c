"""Networks: who announces an address, in which country, and how an account moves between them.

A network is one IPv4 /24 or, for some access networks, one IPv6 /48. A route is a run of networks of one
kind (one home; the /24s behind a carrier's NAT; a VPN operator's exits; a cloud region) and the time an
account dwells on one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stream.simulate.chance import Flags, Floats, Ints, Rng, Words, below, generator, mix, unit

COUNTRIES: tuple[tuple[str, float, float], ...] = (
    # code, share of customers, hours from UTC
    ("US", 0.27, -6), ("GB", 0.06, 0), ("DE", 0.07, 1), ("FR", 0.05, 1), ("IN", 0.12, 5.5), ("JP", 0.06, 9),
    ("BR", 0.06, -3), ("CA", 0.04, -5), ("AU", 0.02, 10), ("KR", 0.03, 9), ("SG", 0.02, 8), ("NL", 0.02, 1),
    ("ES", 0.03, 1), ("IT", 0.03, 1), ("PL", 0.02, 1), ("VN", 0.02, 7), ("ID", 0.02, 7), ("MX", 0.02, -6),
    ("TR", 0.01, 3), ("UA", 0.01, 2), ("NG", 0.01, 1), ("AR", 0.01, -3),
)  # fmt: skip
COUNTRY_SHARE: Floats = np.array([share for _, share, _ in COUNTRIES]) / sum(
    share for _, share, _ in COUNTRIES
)
UTC_OFFSET: Floats = np.array([offset for _, _, offset in COUNTRIES])

HOMES = 9000
OFFICES = 3000
CARRIERS, CARRIER_NETS = 2, 6
VPNS, VPN_EXITS = 7, 28
HOSTERS, HOSTER_NETS = 10, 48
IPV6_SHARE = 0.12  # of access and VPN networks; APIs see less of it than browsers do
FOREVER = 1e9
SLOTS = 4  # routes of one account: home or server, second place, phone, VPN or pool


@dataclass(frozen=True)
class Routes:
    """Routes of n accounts, all (n, SLOTS): first network, networks in the run, hours on one, weight, hosts.

    `hosts` is the number of addresses that all users of a network show together; 0: each has one of its own.
    """

    first: Ints
    count: Ints
    dwell: Floats
    weight: Floats
    hosts: Ints

    @classmethod
    def empty(cls, n: int) -> Routes:
        """Routes without any weight."""
        shape = (n, SLOTS)
        return cls(
            np.zeros(shape, np.int64), np.ones(shape, np.int64), np.full(shape, FOREVER), np.zeros(shape),
            np.zeros(shape, np.int64),
        )  # fmt: skip

    def put(self, rows: Ints, slot: int, first: Ints | int, count: Ints | int, dwell: Floats | float,
            weight: Floats | float, hosts: int = 0) -> None:  # fmt: skip
        """Set one slot of some accounts."""
        self.first[rows, slot], self.count[rows, slot] = first, count
        self.dwell[rows, slot], self.weight[rows, slot], self.hosts[rows, slot] = dwell, weight, hosts

    def and_(self, other: Routes) -> Routes:
        """These routes, then the other's."""
        return Routes(
            **{name: np.concatenate([column, getattr(other, name)]) for name, column in vars(self).items()}
        )

    def clear(self, rows: Ints) -> None:
        """Forget every route of some accounts."""
        self.weight[rows] = 0.0


class Networks:
    """Every network of a world, in runs: homes and offices by country, carriers, VPN exits, hosting."""

    def __init__(self, seed: int) -> None:
        """Draw the networks of a world."""
        rng = generator(seed, "networks")
        countries = len(COUNTRIES)
        home = np.sort(rng.choice(countries, HOMES, p=COUNTRY_SHARE))
        office = np.sort(rng.choice(countries, OFFICES, p=COUNTRY_SHARE))
        carrier = np.repeat(np.arange(countries), CARRIERS * CARRIER_NETS)
        vpn = rng.integers(0, countries, VPNS * VPN_EXITS)
        hosting = np.repeat(rng.choice(countries, HOSTERS * 4, p=COUNTRY_SHARE), HOSTER_NETS // 4)
        self.country: Ints = np.concatenate([home, office, carrier, vpn, hosting]).astype(np.int64)
        self.asn: Ints = np.concatenate(
            [
                7000 + home * 20 + rng.integers(0, 4, HOMES) ** 2,
                7010 + office * 20 + rng.integers(0, 5, OFFICES),
                7015 + carrier * 20 + np.tile(np.repeat(np.arange(CARRIERS), CARRIER_NETS), countries),
                60000 + np.repeat(np.arange(VPNS), VPN_EXITS),
                14000 + 7 * np.repeat(np.arange(HOSTERS), HOSTER_NETS),
            ]
        )
        self._home0, self._office0 = 0, HOMES
        self._carrier0 = HOMES + OFFICES
        self._vpn0 = self._carrier0 + len(carrier)
        self._hosting0 = self._vpn0 + len(vpn)
        self._home_edges = np.searchsorted(home, np.arange(countries + 1))
        self._office_edges = np.searchsorted(office, np.arange(countries + 1))
        # first octets 20-99 and 130-168: ordinary unicast space, clear of private and reserved blocks
        octets = np.concatenate([np.arange(20, 100), np.arange(130, 168)])
        block = rng.choice(len(octets) * 65536, len(self.country), replace=False)
        sixth = rng.random(len(self.country)) < np.where(
            np.arange(len(self.country)) < self._hosting0, IPV6_SHARE, 0.0
        )
        numbers = zip(octets[block // 65536], block // 256 % 256, block % 256, sixth, strict=True)
        self._prefix = pl.Series(
            [f"2a{a:02x}:{b:02x}{c:02x}:{a ^ c:x}::" if v6 else f"{a}.{b}.{c}." for a, b, c, v6 in numbers]
        )
        self.hosted: Ints = np.arange(self._hosting0, len(self.country))
        self.reseller: int = int(self.hosting(rng, 1)[0])
        """Where a reseller of access passes on what its customers send, each under his own account."""

    def homes(self, rng: Rng, country: Ints) -> Ints:
        """One home network per account in its country."""
        low, high = self._home_edges[country], self._home_edges[country + 1]
        return self._home0 + low + (rng.random(len(country)) * (high - low)).astype(np.int64)

    def home_run(self, country: int) -> tuple[int, int]:
        """First and number of all homes of a country: what a residential proxy pool leases its exits from."""
        low, high = int(self._home_edges[country]), int(self._home_edges[country + 1])
        return self._home0 + low, high - low

    @property
    def all_homes(self) -> tuple[int, int]:
        """First and number of the homes of all countries."""
        return self._home0, HOMES

    def offices(self, rng: Rng, country: Ints) -> Ints:
        """One office or campus network per account in its country."""
        low, high = self._office_edges[country], self._office_edges[country + 1]
        return self._office0 + low + (rng.random(len(country)) * (high - low)).astype(np.int64)

    def carriers(self, rng: Rng, country: Ints) -> Ints:
        """First network of one mobile carrier of the country (CARRIER_NETS networks)."""
        return self._carrier0 + (country * CARRIERS + rng.integers(0, CARRIERS, len(country))) * CARRIER_NETS

    def vpns(self, rng: Rng, n: int) -> Ints:
        """First exit of n VPN operators by popularity (VPN_EXITS networks each)."""
        popularity = 1 / np.arange(1, VPNS + 1)
        return self._vpn0 + rng.choice(VPNS, n, p=popularity / popularity.sum()) * VPN_EXITS

    def hosting(self, rng: Rng, n: int, run: int = 1) -> Ints:
        """First of `run` networks of n hosting operators by popularity."""
        popularity = 1 / np.arange(1, HOSTERS + 1)
        hoster = rng.choice(HOSTERS, n, p=popularity / popularity.sum())
        return self._hosting0 + hoster * HOSTER_NETS + rng.integers(0, HOSTER_NETS - run + 1, n)

    def exits(self, rng: Rng, n: int) -> Ints:
        """n networks rented as exits: servers, a provider's static home lines, or exits of a VPN operator."""
        kind = rng.choice(3, p=[0.6, 0.25, 0.15])
        if kind == 0:
            return self.hosting(rng, n)
        country = np.full(n, rng.choice(len(COUNTRIES), p=COUNTRY_SHARE))
        return self.homes(rng, country) if kind == 1 else self.vpns(rng, n) + rng.integers(0, VPN_EXITS, n)

    def located(
        self, routes: Routes, account: Ints, key: Words, hours: Floats, away: Flags
    ) -> tuple[Ints, Ints]:
        """Network and host number of each event, from the account's routes at that hour.

        An account chooses a route anew every 3 hours (home, then phone, then home again); `away` puts it on
        its last.
        """
        block = mix(key, 11, (hours / 3.0).astype(np.int64))
        weight = routes.weight[account]
        cumulative = np.cumsum(weight, axis=1)
        slot = ((unit(block) * cumulative[:, -1])[:, None] >= cumulative).sum(axis=1).clip(0, SLOTS - 1)
        slot = np.where(away, SLOTS - 1, slot)
        count, dwell = routes.count[account, slot], routes.dwell[account, slot]
        stay = mix(key, 13 + slot, np.floor(hours / dwell).astype(np.int64))
        network = routes.first[account, slot] + below(stay, count)
        crowded = (network >= self._carrier0) & (network < self._hosting0)
        host = np.where(crowded, 1 + below(mix(stay, 5), 60), 1 + below(mix(key, network), 253))
        hosts = routes.hosts[account, slot]
        return network, np.where(hosts > 0, 1 + below(mix(network, 19, below(stay, hosts)), 253), host)

    def addresses(self, network: Ints, host: Ints) -> pl.Series:
        """Addresses as text."""
        return pl.select(
            self._prefix.gather(network.astype(np.uint32)) + pl.Series(host).cast(pl.String)
        ).to_series()
