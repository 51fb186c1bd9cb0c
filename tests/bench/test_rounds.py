from pathlib import Path

import orjson
import pytest

from stream.bench.rounds import IDS, Rounds

FIRST = {
    "time": "2026-04-08T00:00:04.062Z",
    "event_id": "evt_1",
    "account_id": "acct_1",
    "org_id": None,
    "account_created_at": "2026-03-01T10:00:00Z",
    "payment_hash": "ff",
    "client_ip": "192.0.2.1",
    "conversation_prev": "6cc88bffc0f2cb78",
    "conversation_next": "8cc2bc707b7ed03f",
}
LAST = FIRST | {"time": "2026-04-09T23:59:59.207Z", "event_id": "evt_2"}


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    path = tmp_path / "events.ndjson"
    path.write_bytes(orjson.dumps(FIRST) + b"\n" + orjson.dumps(LAST) + b"\n")
    return Rounds(path)


def of(rounds: Rounds, number: int) -> list[dict[str, object]]:
    return [orjson.loads(record) for _, _, record in rounds.of(number)]


def test_a_round_takes_the_days_that_the_log_touches(rounds: Rounds) -> None:
    assert (rounds.days, rounds.records) == (2, 2)
    assert [record["time"] for record in of(rounds, 3)] == [
        "2026-04-14T00:00:04.062Z",
        "2026-04-15T23:59:59.207Z",
    ]


def test_who_acts_is_new_and_as_old_as_before_and_what_with_is_the_same(rounds: Rounds) -> None:
    first, later = of(rounds, 0)[0], of(rounds, 1)[0]
    assert {name for name in FIRST if first[name] == later[name]} == {"client_ip", "org_id"}
    assert later["account_created_at"] == "2026-03-03T10:00:00.000Z"


def test_ids_differ_in_their_first_digits_which_is_all_that_is_read_of_hexadecimal_ones(
    rounds: Rounds,
) -> None:
    ids = {str(record[name])[:16] for each in (0, 1, 255) for record in of(rounds, each) for name in IDS}
    assert "0001evt_1" in ids
    assert "00ff6cc88bffc0f2" in ids


def test_rounds_go_on_without_end(rounds: Rounds) -> None:
    records = rounds.since(1)
    times = [orjson.loads(next(records)[2])["time"] for _ in range(5)]
    assert times == sorted(times)
    assert times[0] == "2026-04-10T00:00:04.062Z"
