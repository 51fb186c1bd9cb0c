"""The work in stock Quix Streams: two tumbling windows with the aggregations that it has, and one of ours."""

from datetime import timedelta
from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import Count, Sum
from quixstreams.dataframe.windows.aggregations import Aggregator

from tests.compare.work import BOOTSTRAP, FOLDER, GUARANTEE, NAME, RESULTS, SIZES_S, TOPIC, network, result


class Distinct(Aggregator):  # type: ignore[misc]
    """Number of distinct values of a column; a list in its state, for that is stored as JSON."""

    def initialize(self) -> list[str]:
        return []

    def agg(self, old: list[str], new: Any, timestamp: int) -> list[str]:
        value = new[self.column]
        return old if value is None or value in old else [*old, value]

    def result(self, value: list[str]) -> int:
        return len(value)


def needed(exchange: dict[str, Any]) -> dict[str, Any]:
    return {"tokens": exchange["output_tokens"] or 0, "network": network(exchange["client_ip"])}


def told(window: dict[str, Any], key: bytes, timestamp: int, headers: Any) -> dict[str, Any]:
    size_s = (window["end"] - window["start"]) // 1000
    figures = (window["count"], window["tokens"], window["networks"])
    return result(key.decode(), size_s, window["start"] // 1000, figures)


def main() -> None:
    app = Application(
        broker_address=BOOTSTRAP,
        consumer_group=NAME,
        processing_guarantee=GUARANTEE,
        auto_offset_reset="earliest",
        state_dir=FOLDER,
    )
    results = app.topic(RESULTS, value_serializer="json")
    needs = app.dataframe(app.topic(TOPIC, value_deserializer="json")).apply(needed)
    for size_s in SIZES_S:
        windows = needs.tumbling_window(timedelta(seconds=size_s), name=f"windows-{size_s}")
        closed = windows.agg(count=Count(), tokens=Sum("tokens"), networks=Distinct("network")).final()
        closed.apply(told, metadata=True).to_topic(results)
    app.run()


if __name__ == "__main__":
    main()
