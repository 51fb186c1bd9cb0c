"""A look at a worker's own metrics, as Prometheus takes it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from stream.errors import BrokerError

ANSWER_S: Final = 30.0
"""A scrape waits for the worker's lock on its interpreter, which a tick may hold."""


def scraped(port: int) -> Mapping[str, float]:
    """What a worker's `/metrics` shows, summed over labels; raises BrokerError where nothing is served."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=ANSWER_S) as answer:
            text = answer.read().decode()
    except OSError as error:
        raise BrokerError(f"the worker shows no metrics: {error}") from error
    found: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] += sample.value
    return found
