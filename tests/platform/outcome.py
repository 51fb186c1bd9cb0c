"""What the detector finds in a world of another platform."""

from pathlib import Path
from typing import NamedTuple

from stream.config import Intake, Links, Settings, Windows, config_path
from stream.runtime.local import Collected, replay
from tests.platform.world import BEGIN_S, DAY_S, Plan, write


class Outcome(NamedTuple):
    """Who is named at the end, in which cases, and days from the onset to the first one."""

    named: set[str]
    cases: set[str]
    days: float

    def honest(self) -> set[str]:
        """Accounts named that are of no campaign."""
        return {account for account in self.named if not account.startswith("x")}


def settings(tick_s: float) -> Settings:
    """Settings for such logs, as the README has them."""
    return Settings(
        intake=Intake(format="generic"),
        links=Links(table=str(config_path("generic-links.toml"))),
        windows=Windows(tick_s=tick_s),
    )


def outcome(plan: Plan, folder: Path, tick_s: float) -> Outcome:
    """What is found in a world, whose log is written into a folder."""
    path, kept = folder / "events.ndjson", Collected()
    write(plan, path)
    replay([str(path)], settings(tick_s), sinks=[kept])
    stands = {verdict.account_id: not verdict.cleared for verdict in kept.outputs.verdicts}
    findings = kept.outputs.findings
    first_s = min((finding.time_ms / 1000 - BEGIN_S for finding in findings), default=0.0)
    named = {account for account, still in stands.items() if still}
    return Outcome(named, {finding.uid for finding in findings}, first_s / DAY_S - plan.onset_day)
