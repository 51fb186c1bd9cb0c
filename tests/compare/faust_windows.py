"""The work in stock Faust: one agent and two windowed tables, as its documentation has them.

The results are the tables, whose changelog topics hold the newest value of each window. Faust closes
windows by the machine's clock alone, so that on records of the past none could be told once it is whole:
the tables keep all of them.
"""

from typing import Any

import faust

from tests.compare.work import BOOTSTRAP, FOLDER, GUARANTEE, NAME, PARTITIONS, SIZES_S, TOPIC, network

KEPT_S = 10 * 365 * 86_400.0


class Exchange(faust.Record, serializer="json"):
    account_id: str
    output_tokens: int | None = None
    client_ip: str | None = None


app = faust.App(
    NAME,
    broker=f"kafka://{BOOTSTRAP}",
    store="memory://",
    datadir=FOLDER,
    processing_guarantee=GUARANTEE,
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    topic_disable_leader=True,
)
tables = [
    app.Table(f"windows-{size_s}", default=list, partitions=PARTITIONS)
    .tumbling(size_s, expires=KEPT_S)
    .relative_to_stream()
    for size_s in SIZES_S
]


@app.agent(app.topic(TOPIC, key_type=str, value_type=Exchange))
async def windows(exchanges: Any) -> None:
    async for exchange in exchanges:
        place = network(exchange.client_ip)
        for table in tables:
            window = table[exchange.account_id]
            count, tokens, networks = window.value() or (0, 0, [])
            if place is not None and place not in networks:
                networks = [*networks, place]
            table[exchange.account_id] = [count + 1, tokens + (exchange.output_tokens or 0), networks]


if __name__ == "__main__":
    app.main()
