"""Topics of a measurement: what went wrong first is told, and so are topics that stay behind."""

import pytest

from stream.bench import deployed
from stream.config import Settings
from stream.errors import BrokerError


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A broker that makes topics, and is gone when they are to be deleted."""

    def forget(settings: Settings) -> None:
        raise BrokerError("the broker is gone")

    monkeypatch.setattr(deployed, "ensure", lambda *asked, **options: [])
    monkeypatch.setattr(deployed, "forget", forget)
    return Settings()


def test_what_went_wrong_first_is_what_is_told(lost: Settings) -> None:
    with pytest.raises(ZeroDivisionError), deployed.topics(lost, 1):
        raise ZeroDivisionError


def test_topics_that_are_left_behind_are_told(lost: Settings) -> None:
    with pytest.raises(BrokerError, match="is gone"), deployed.topics(lost, 1):
        pass
