"""Role play: people who talk with characters, for hours, and rewrite what was said.

Popular front-ends hold the conversation on the player's side, under a character's card as system prompt that
many have downloaded: messages are edited, answers rolled again, and a conversation that used up one free
account's allowance goes on under the player's second one.
"""

from __future__ import annotations

import numpy as np

from stream.simulate.chance import Ints, Rng, words
from stream.simulate.cohorts import (
    DISPOSABLE,
    FREE,
    FREEMAIL,
    Accounts,
    Cohort,
    Habits,
    Market,
    habits,
    people,
)
from stream.simulate.lives import paired
from stream.simulate.networks import UTC_OFFSET, VPN_EXITS
from stream.simulate.workloads import OWN, SHARED, Workload

CARDS = 6
"""Cards that many play; the last one comes out within the world."""


def role_play(rng: Rng, market: Market, n: int) -> Cohort:
    """Players of companions and games in two front-ends, on popular cards and on their own."""
    accounts = people(rng, market, n, "honest/role-play")
    _players(rng, market, accounts)
    own = habits(rng, accounts, np.zeros(n, np.int64), 12.0, 1.1)
    own.depth[:], own.weekend[:] = rng.beta(3, 1.5, n), rng.choice([1.0, 1.3, 1.8], n)
    own.peak[:] = (20.5 + 2.5 * rng.standard_normal(n) - UTC_OFFSET[accounts.country]) % 24
    own.refuse[:] = rng.beta(0.6, 12, n)
    pairs = int(n * rng.uniform(0.05, 0.15))
    paired(accounts, own, pairs, rng.beta(1.0, 2.0, pairs))
    _free_tier(rng, accounts, pairs)
    return Cohort("role-play", accounts, _cast(rng, market, own), _cards(rng, market))


def _players(rng: Rng, market: Market, accounts: Accounts) -> None:
    """Free and throwaway mail, VPNs, and a few presets of parameters that go round."""
    n = len(accounts)
    accounts.email[:] = np.where(rng.random(n) < 0.8, FREEMAIL, accounts.email)
    accounts.email[rng.random(n) < rng.uniform(0.05, 0.2)] = DISPOSABLE
    vpn = np.flatnonzero(rng.random(n) < 0.25)
    exits, weight = market.networks.vpns(rng, len(vpn)), rng.gamma(1.0, 1.5, len(vpn))
    accounts.routes.put(vpn, 3, exits, VPN_EXITS, 12.0, weight)
    presets = words(rng, 5)[np.minimum(rng.zipf(1.7, n) - 1, 4)]
    accounts.params[:] = np.where(rng.random(n) < 0.6, presets, accounts.params)
    accounts.lag[:] = rng.exponential(6, n)


def _free_tier(rng: Rng, accounts: Accounts, pairs: int) -> None:
    """Who has two accounts has them for the allowance of each."""
    both = np.arange(2 * pairs)
    accounts.plan[both], accounts.payer[both] = FREE, 0
    accounts.limit[both] = rng.beta(1, 15, len(both))


def _cards(rng: Rng, market: Market) -> list[Workload]:
    """A workload for each popular card, then one for cards of one's own in each front-end."""
    tavern = market.clients.build(f"tavern-{market.seed}", "driftwood-tavern/{}", "node", 12)
    companion = market.clients.build(f"companion-{market.seed}", "lullaby/{} (web)", "chrome", 7)
    reroll, edit, turns = (float(rng.uniform(*span)) for span in ((0.1, 0.35), (0.05, 0.2), (14, 35)))

    def played(name: str, client: int, source: int, cards: int) -> Workload:
        return Workload(
            f"card-{name}", market.seed, client=client, prefix=source, prefixes=cards, topics=40, turns=turns,
            turn_sigma=0.9, gap_s=70, log_in=7.6, sd_in=0.6, log_out=5.5, sd_out=0.6, growth=0.45,
            stream=0.9, refuse=0.01, edit=edit, reroll=reroll, revise=0.35,
        )  # fmt: skip

    popular = [played(str(i), tavern if i % 3 else companion, SHARED, 1) for i in range(CARDS)]
    return [*popular, played("own", tavern, OWN, 5), played("own-companion", companion, OWN, 2)]


def _cast(rng: Rng, market: Market, own: Habits) -> Habits:
    """Give players cards by popularity; some take up the newest one in the days after it came out."""
    n, newest = len(own), CARDS - 1
    own.work[:, 0] = _popular(rng, n)
    own.work[:, 1] = _popular(rng, n)
    own.work[:, 2] = CARDS + (rng.random(n) < 0.3)
    own.share[:, 1] = np.where(rng.random(n) < 0.5, rng.uniform(0.1, 0.8, n), 0.0)
    own.share[:, 2] = np.where(rng.random(n) < 0.6, rng.uniform(0.2, 2.0, n), 0.0)
    fans = rng.random(n) < rng.uniform(0.15, 0.5)
    new = own.twin()
    new.work[:] = newest
    new.rate *= np.where(fans, rng.uniform(0.3, 1.5, n), 0.0)
    new.opens = np.maximum(own.opens, market.moment(rng, 1, 4) + rng.exponential(2.5, n))
    return own.and_(new)


def _popular(rng: Rng, n: int) -> Ints:
    return np.minimum(rng.zipf(1.6, n) - 1, CARDS - 2)
