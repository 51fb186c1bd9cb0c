"""The work in stock Bytewax: two folds over tumbling windows of event time, with a recovery store.

Run by `python -m bytewax.run tests.compare.bytewax_windows -r FOLDER`. It reads to the end of the topic.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower

from tests.compare.work import BOOTSTRAP, RESULTS, SIZES_S, TOPIC, network, result

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Exchange = tuple[datetime, int, str | None]
State = tuple[int, int, set[str]]


def read(message: Any) -> tuple[str, Exchange]:
    fields = orjson.loads(message.value)
    time = datetime.fromtimestamp(message.timestamp[1] / 1000, UTC)
    return fields["account_id"], (time, fields["output_tokens"] or 0, network(fields["client_ip"]))


def time_of(exchange: Exchange) -> datetime:
    return exchange[0]


def nothing() -> State:
    return 0, 0, set()


def fold(state: State, exchange: Exchange) -> State:
    count, tokens, networks = state
    if exchange[2] is not None:
        networks.add(exchange[2])
    return count + 1, tokens + exchange[1], networks


def merge(one: State, other: State) -> State:
    return one[0] + other[0], one[1] + other[1], one[2] | other[2]


def written(size_s: int) -> Any:
    def write(item: tuple[str, tuple[int, State]]) -> KafkaSinkMessage[bytes, bytes]:
        account, (number, (count, tokens, networks)) = item
        value = result(account, size_s, number * size_s, (count, tokens, len(networks)))
        return KafkaSinkMessage(account.encode(), orjson.dumps(value))

    return write


# Records of the past: no window may close because the machine's clock has moved on between two of them.
clock = EventClock(
    time_of,
    wait_for_system_duration=timedelta(0),
    now_getter=lambda: EPOCH,
    to_system_utc=lambda _: None,
)
flow = Dataflow("compare")
messages = kop.input("requests", flow, brokers=[BOOTSTRAP], topics=[TOPIC], tail=False)
exchanges = op.map("read", messages.oks, read)
results = []
for size_s in SIZES_S:
    windower = TumblingWindower(length=timedelta(seconds=size_s), align_to=EPOCH)
    windows = win.fold_window(f"fold-{size_s}", exchanges, clock, windower, nothing, fold, merge)
    results.append(op.map(f"write-{size_s}", windows.down, written(size_s)))
kop.output("results", op.merge("all", *results), brokers=[BOOTSTRAP], topic=RESULTS)
