"""The short form: every fault of judge and intakes once. The long ones are `python -m tests.chaos`."""

import shutil
from pathlib import Path

import pytest

from tests.chaos.audit import audit
from tests.chaos.faults import FAULTS, LEAVES_S
from tests.chaos.intakes import INTAKE_FAULTS
from tests.chaos.storm import Storm

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.chaos,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("java") is None, reason="no Java"),
]


def test_nothing_is_lost_or_repeated_whatever_breaks(tmp_path: Path) -> None:
    storm = Storm(11, tmp_path, print, apart=True)
    try:
        storm.rage()
        found = audit(storm.settings, storm.rows, tmp_path, apart=True)
    finally:
        storm.end()
    assert found.wrong == []
    assert found.findings > 3
    assert found.verdicts > 10
    assert found.aborted > 0
    assert set(storm.faults) == set(FAULTS) | set(INTAKE_FAULTS)
    assert storm.longest_leave_s < LEAVES_S
