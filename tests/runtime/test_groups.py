"""How far a group has read is asked for like anything else of an administrator's client: patiently."""

from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import GroupAuthorizationFailedError, KafkaError, NotCoordinatorError

from stream.runtime import admin
from stream.runtime.groups import _offsets

PLACE = TopicPartition("requests", 0)


class Client:
    """Fails as it is told to, then answers."""

    def __init__(self, *errors: KafkaError) -> None:
        self._errors = list(errors)

    def list_group_offsets(self, groups: dict[str, None]) -> dict[str, dict[TopicPartition, Any]]:
        if self._errors:
            raise self._errors.pop(0)
        return {group: {PLACE: SimpleNamespace(offset=len(group))} for group in groups}


def offsets(client: Any) -> list[int]:
    return [places[PLACE].offset for places in _offsets(client, "shoal", "shoal-intake")]


def test_a_lost_coordinator_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "AGAIN_S", 0.0)
    assert offsets(Client(NotCoordinatorError(), NotCoordinatorError())) == [5, 12]


def test_a_right_that_lacks_is_told_at_once() -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        offsets(Client(GroupAuthorizationFailedError()))
