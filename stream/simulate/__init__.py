"""Simulated traffic of a model API: honest callers, groups that resemble campaigns, and campaigns.

The simulator shares no code and no constant with the detector, and no figure of a single account gives a
campaign away (`leaks`).

>>> world = simulate(WorldSpec(seed=7, days=6, accounts=120, onset_day=3, campaigns=("sweep",)))
>>> sorted(world.truth.campaigns)
['sweep-1']
"""

from stream.simulate.campaigns import CAMPAIGNS, USUAL
from stream.simulate.evasions import EVASIONS
from stream.simulate.leaks import Leak, leaks
from stream.simulate.lookalikes import LOOKALIKES, MORE_LOOKALIKES
from stream.simulate.truth import CampaignTruth, Truth
from stream.simulate.world import World, WorldFiles, WorldSpec, simulate, write_world

__all__ = [
    "CAMPAIGNS",
    "EVASIONS",
    "LOOKALIKES",
    "MORE_LOOKALIKES",
    "USUAL",
    "CampaignTruth",
    "Leak",
    "Truth",
    "World",
    "WorldFiles",
    "WorldSpec",
    "leaks",
    "simulate",
    "write_world",
]
