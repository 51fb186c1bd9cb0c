"""Every metric, declared once: name, type, meaning, unit, labels, and where its number comes from.

Names follow Prometheus: base units, unit last, counters end in `_total`. Labels are small fixed sets
(stages, reasons, fields, families, parts of the state, partitions); no account and no link value is ever one.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from stream.runtime.stage import Stage
from stream.runtime.stats import Stats

Number = float | None
Reading = Number | Mapping[str, Number]
"""A value, or one by the value of the metric's only label."""


class Metric(NamedTuple):
    """One row of the table; without `read` the runtime's loop records it."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    meaning: str
    unit: str = ""
    label: str = ""
    read: Callable[[Stats], Reading] | None = None
    buckets: tuple[float, ...] = ()


_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_RECORDS: Final = (1.0, 10.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0)


def _coverage(stats: Stats) -> Reading:
    return {name: present / of if of else None for name, (present, of) in stats.coverage.items()}


def _watermark_age_s(stats: Stats) -> Reading:
    return None if stats.watermark_ms is None else time.time() - stats.watermark_ms / 1000


METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "shoal_events_total",
        "counter",
        "Events taken in; where stages run apart each at an intake, and again at the judge.",
        label="stage",
        read=lambda s: {s.stage: s.events},
    ),
    Metric("shoal_rejects_total", "counter", "Records refused.", label="reason", read=lambda s: s.rejects),
    Metric(
        "shoal_malformed_values_total",
        "counter",
        "Values that made no sense and were dropped, their event kept.",
        label="field",
        read=lambda s: s.malformed,
    ),
    Metric("shoal_late_events_total", "counter", "Events that came after their tick.", read=lambda s: s.late),
    Metric(
        "shoal_ahead_events_total",
        "counter",
        "Events a day or more ahead of their partition, which do not move time alone.",
        read=lambda s: s.ahead,
    ),
    Metric(
        "shoal_shed_events_total",
        "counter",
        "Events left out by the operator's rule, each counted once whatever restarts.",
        label="partition",
        read=lambda s: s.shed,
    ),
    Metric(
        "shoal_partitions_shedding",
        "gauge",
        "Partitions of which events are left out now.",
        read=lambda s: len(s.shedding),
    ),
    Metric(
        "shoal_duplicate_events_total", "counter", "Events dropped as repeats.", read=lambda s: s.duplicates
    ),
    Metric(
        "shoal_field_coverage_ratio", "gauge", "Events that had the field.", "ratio", "field", read=_coverage
    ),
    Metric(
        "shoal_evidence_blind",
        "gauge",
        "1 where a family of evidence lacks its fields.",
        label="family",
        read=lambda s: s.degraded,
    ),
    Metric("shoal_batch_records", "histogram", "Records of a batch.", "records", buckets=_RECORDS),
    Metric(
        "shoal_batch_duration_seconds", "histogram", "Time to take in a batch.", "seconds", buckets=_SECONDS
    ),
    Metric("shoal_consumer_lag_records", "gauge", "Records not yet read.", "records", "partition"),
    Metric("shoal_partitions_idle", "gauge", "Drained partitions that no longer hold time."),
    Metric("shoal_held_ratio", "gauge", "Events held of those that the memory is for; 1 ends it.", "ratio"),
    Metric("shoal_partitions_waiting", "gauge", "Partitions that wait for the slowest: much is held."),
    Metric(
        "shoal_watermark_age_seconds",
        "gauge",
        "Wall clock minus the event time up to which all is decided.",
        "seconds",
        read=_watermark_age_s,
    ),
    Metric("shoal_ticks_total", "counter", "Ticks decided.", read=lambda s: s.ticks),
    Metric("shoal_tick_duration_seconds", "histogram", "Time of a tick.", "seconds", buckets=_SECONDS),
    Metric("shoal_accounts", "gauge", "Accounts held.", read=lambda s: s.accounts),
    Metric("shoal_links", "gauge", "Links held.", read=lambda s: s.links),
    Metric("shoal_members", "gauge", "Rows of (link, account) held.", read=lambda s: s.members),
    Metric("shoal_state_bytes", "gauge", "Memory held.", "bytes", "part", read=lambda s: s.state_bytes),
    Metric(
        "shoal_evictions_total", "counter", "Rows dropped to stay in the budget.", read=lambda s: s.evictions
    ),
    Metric("shoal_links_scored_total", "counter", "Links judged.", read=lambda s: s.links_scored),
    Metric("shoal_hot_links", "gauge", "Links above their threshold.", read=lambda s: s.hot_links),
    Metric("shoal_campaigns_open", "gauge", "Campaigns with an open case.", read=lambda s: s.campaigns_open),
    Metric(
        "shoal_accounts_named", "gauge", "Accounts whose verdict stands.", read=lambda s: s.accounts_named
    ),
    Metric(
        "shoal_four_weeks_cases",
        "gauge",
        "Of four weeks: honest cases granted and expected, cases opened, and judged honest.",
        "cases",
        "by",
        read=lambda s: s.cases,
    ),
    Metric(
        "shoal_budget_margin_nats",
        "gauge",
        "Nats over its threshold that the budget asks of a new case.",
        "nats",
        read=lambda s: s.margin_nats,
    ),
    Metric("shoal_findings_total", "counter", "Findings published.", label="activity"),
    Metric("shoal_verdicts_total", "counter", "Verdicts published."),
    Metric(
        "shoal_reference_age_seconds",
        "gauge",
        "Event time since the newest reference link.",
        "seconds",
        read=lambda s: s.reference_age_s,
    ),
    Metric(
        "shoal_learner_updates_total",
        "counter",
        "Verdicts that the online learner took.",
        read=lambda s: s.learner_updates,
    ),
    Metric(
        "shoal_learner_rollbacks_total",
        "counter",
        "Times that the learner was taken back to what it had been.",
        read=lambda s: s.learner_rollbacks,
    ),
    Metric(
        "shoal_learner_in_use",
        "gauge",
        "1 while the learner foretells verdicts better than the table.",
        read=lambda s: s.learner_in_use,
    ),
    Metric(
        "shoal_learner_log_loss_nats",
        "gauge",
        "Mean log loss of foretelling the last verdicts.",
        "nats",
        "by",
        read=lambda s: s.learner_loss,
    ),
    Metric(
        "shoal_learner_area_ratio",
        "gauge",
        "Area under the ROC curve of foretelling the last verdicts.",
        "ratio",
        "by",
        read=lambda s: s.learner_area,
    ),
    Metric(
        "shoal_learner_age_seconds",
        "gauge",
        "Event time since the learner's last update.",
        "seconds",
        read=lambda s: s.learner_age_s,
    ),
    Metric(
        "shoal_baseline_updates_total",
        "counter",
        "Account hours that the baseline learned from.",
        read=lambda s: s.baseline_updates,
    ),
    Metric(
        "shoal_baseline_score_mean",
        "gauge",
        "Mean anomaly score of the last account hours.",
        read=lambda s: s.baseline_score_mean,
    ),
    Metric("shoal_commits_total", "counter", "Transactions committed."),
    Metric("shoal_commit_duration_seconds", "histogram", "Time of a commit.", "seconds", buckets=_SECONDS),
    Metric("shoal_parcel_bytes_total", "counter", "Events handed on by an intake apart.", "bytes"),
    Metric(
        "shoal_changelog_bytes_total",
        "counter",
        "State written to the changelog: deltas (what changed), bases that replace them, heads.",
        "bytes",
        "part",
    ),
    Metric(
        "shoal_restore_read_bytes",
        "gauge",
        "State read back at the start: from Kafka, and from a local copy.",
        "bytes",
        "part",
    ),
    Metric("shoal_restore_ratio", "gauge", "State that is read back; 1: the worker reads on.", "ratio"),
)
"""The table: dashboards and tests are checked against it."""


class Meters(Collector):
    """Numbers of one worker: those that the loop records, and the last reading of its pipeline."""

    def __init__(self, stage: Stage = "all") -> None:
        """All counters at zero; nothing is served yet."""
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._labels: dict[str, set[str]] = {}
        self.stats = Stats(stage=stage)
        for metric in METRICS:
            if metric.read is None:
                self._declare(metric)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def add(self, name: str, amount: float = 1, label: str | None = None) -> None:
        """Raise a counter."""
        counter = self._counters[name]
        (counter if label is None else counter.labels(label)).inc(amount)

    def put(self, name: str, value: float, label: str | None = None) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge if label is None else gauge.labels(label)).set(value)

    def put_each(self, name: str, values: Mapping[str, float]) -> None:
        """Set a gauge for each of its labels; labels that are no longer there go."""
        gauge = self._gauges[name]
        for label in self._labels.get(name, set()) - set(values):
            gauge.remove(label)
        for label, value in values.items():
            gauge.labels(label).set(value)
        self._labels[name] = set(values)

    def observe(self, name: str, value: float) -> None:
        """Add to a histogram."""
        self._histograms[name].observe(value)

    def publish(self, stats: Stats) -> None:
        """Take a reading of the pipeline; the thread that serves sees this one until the next."""
        self.stats = replace(stats, stage=self.stats.stage)
        for duration_s in stats.tick_durations_s:
            self.observe("shoal_tick_duration_seconds", duration_s)

    def collect(self) -> Iterator[Family]:
        """The metrics that are read from the pipeline; called by the registry at each scrape."""
        stats = self.stats
        for metric in METRICS:
            if metric.read is not None:
                yield _family(metric, metric.read(stats))

    def _declare(self, metric: Metric) -> None:
        labels = (metric.label,) if metric.label else ()
        if metric.type == "counter":
            self._counters[metric.name] = Counter(metric.name, metric.meaning, labels, registry=self.registry)
        elif metric.type == "gauge":
            self._gauges[metric.name] = Gauge(metric.name, metric.meaning, labels, registry=self.registry)
        else:
            self._histograms[metric.name] = Histogram(
                metric.name, metric.meaning, registry=self.registry, buckets=metric.buckets
            )


def _family(metric: Metric, reading: Reading) -> Family:
    labels = (metric.label,) if metric.label else ()
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.meaning, labels=labels)
    if isinstance(reading, Mapping):
        for label, value in sorted(reading.items()):
            family.add_metric((label,), _number(value))
    else:
        family.add_metric((), _number(reading))
    return family


def _number(value: Number) -> float:
    return math.nan if value is None else float(value)
