"""The dashboard, the table of metrics, and a real Prometheus between them."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stream.metrics import METRICS
from tests.conftest import KafkaSettings, Replayed, coarse, free_ports
from tests.runtime.wire import Process, until, write

DEPLOY = Path(__file__).parents[2] / "deploy"
SCRAPE = DEPLOY / "prometheus" / "prometheus.yml"


def load_dashboard() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dashboard", DEPLOY / "grafana" / "dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def queries() -> list[tuple[str, str]]:
    panels = json.loads((DEPLOY / "grafana" / "dashboards" / "shoal.json").read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())]


def test_the_file_is_what_the_table_makes() -> None:
    module = load_dashboard()
    assert json.loads(module.FILE.read_text()) == module.dashboard()


def test_queries_name_declared_metrics_only_and_all_of_them() -> None:
    named = set(re.findall(r"shoal_[a-z_]+", " ".join(query for _, query in queries())))
    declared = {metric.name + ("_bucket" if metric.type == "histogram" else "") for metric in METRICS}
    assert named == declared


class Prometheus:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, query: str) -> list[dict[str, Any]]:
        asked = f"{self.url}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            with urllib.request.urlopen(asked) as answer:
                result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
                return result
        except urllib.error.URLError:
            return []


@pytest.fixture
def metrics_port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def prometheus(metrics_port: int, tmp_path: Path) -> Iterator[Prometheus]:
    """The Debian package's server, with the scrape configuration that is shipped but for the port."""
    binary = shutil.which("prometheus")
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("no prometheus: deploy/test installs it")
        pytest.skip("no prometheus (Debian: apt-get install prometheus)")
    config = tmp_path / "prometheus.yml"
    config.write_text(SCRAPE.read_text().replace("9464", str(metrics_port)))
    port = free_ports(1)[0]
    with (tmp_path / "prometheus.log").open("w") as log:
        server = subprocess.Popen(
            [binary, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stderr=log,
        )  # fmt: skip
        yield Prometheus(port)
        server.terminate()
        server.wait()


def batched(records: list[bytes], size: int) -> Iterator[list[bytes]]:
    return (records[start : start + size] for start in range(0, len(records), size))


@pytest.mark.kafka
def test_every_panel_has_an_answer_under_load(
    kafka_settings: KafkaSettings, prometheus: Prometheus, metrics_port: int, replayed: Replayed
) -> None:
    settings = coarse(kafka_settings(metrics_port=metrics_port))
    topic, half = settings.kafka.requests_topic, len(replayed.records) // 2
    more = batched([b"not json", *replayed.records[half:]], 500)
    worker = Process(settings, "real")
    write(settings, topic, replayed.records[:half], 4)

    def answered() -> bool:
        """More load with every look, so that rates are seen while they last."""
        write(settings, topic, next(more, ()), 4)
        unanswered[:] = [(title, query) for title, query in queries() if not prometheus.ask(query)]
        return not unanswered

    unanswered: list[tuple[str, str]] = []
    try:
        until(answered, f"an answer to every query: {unanswered}", timeout_s=120)
    finally:
        code, said = worker.stop()
        assert not unanswered
    assert code == 0, said
