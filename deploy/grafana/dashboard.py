"""The dashboard as a table of panels; `python deploy/grafana/dashboard.py` writes dashboards/shoal.json.

A test checks that the file is what this table makes, that every query names metrics of
`stream.metrics`, that every metric has a panel, and that a real Prometheus answers every query.
"""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

DATASOURCE: Final = {"type": "prometheus", "uid": "shoal-prometheus"}
FILE: Final = Path(__file__).parent / "dashboards" / "shoal.json"
WIDTH: Final = 8
HEIGHT: Final = 7


class Panel(NamedTuple):
    """A panel: its title, its unit as Grafana names it, and (legend, query) pairs."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]


def _quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"p{percent}", f"histogram_quantile(0.{percent}, sum by (le) (rate({metric}_bucket[1m])))")
        for percent in (50, 99)
    )


ROWS: Final[tuple[tuple[str, tuple[Panel, ...]], ...]] = (
    (
        "What was found",
        (
            Panel("Campaigns open", "short", (("campaigns", "shoal_campaigns_open"),)),
            Panel("Accounts named", "short", (("accounts", "shoal_accounts_named"),)),
            Panel("Hot links", "short", (("links", "shoal_hot_links"),)),
            Panel(
                "Findings and verdicts",
                "short",
                (
                    ("{{activity}}", "sum by (activity) (increase(shoal_findings_total[1h]))"),
                    ("verdicts", "increase(shoal_verdicts_total[1h])"),
                ),
            ),
            Panel("Cases of four weeks", "short", (("{{by}}", "shoal_four_weeks_cases"),)),
            Panel("Nats that the budget asks", "short", (("nats", "shoal_budget_margin_nats"),)),
            Panel("Links judged", "ops", (("links", "rate(shoal_links_scored_total[1m])"),)),
            Panel("Blind evidence", "bool", (("{{family}}", "shoal_evidence_blind"),)),
        ),
    ),
    (
        "What comes in",
        (
            Panel("Events", "ops", (("{{stage}}", "sum by (stage) (rate(shoal_events_total[1m]))"),)),
            Panel("Rejected", "ops", (("{{reason}}", "sum by (reason) (rate(shoal_rejects_total[1m]))"),)),
            Panel(
                "Malformed values",
                "ops",
                (("{{field}}", "sum by (field) (rate(shoal_malformed_values_total[1m]))"),),
            ),
            Panel(
                "Late, ahead and repeated",
                "ops",
                (
                    ("late", "rate(shoal_late_events_total[1m])"),
                    ("ahead", "rate(shoal_ahead_events_total[1m])"),
                    ("repeated", "rate(shoal_duplicate_events_total[1m])"),
                ),
            ),
            Panel("Field coverage", "percentunit", (("{{field}}", "shoal_field_coverage_ratio"),)),
            Panel("Batch size", "short", _quantiles("shoal_batch_records")),
            Panel("Batch latency", "s", _quantiles("shoal_batch_duration_seconds")),
        ),
    ),
    (
        "Is it up to date",
        (
            Panel("Consumer lag", "short", (("{{partition}}", "shoal_consumer_lag_records"),)),
            Panel("Watermark age", "s", (("age", "shoal_watermark_age_seconds"),)),
            Panel(
                "Idle and waiting partitions",
                "short",
                (("idle", "shoal_partitions_idle"), ("waiting", "shoal_partitions_waiting")),
            ),
            Panel("Ticks", "ops", (("ticks", "rate(shoal_ticks_total[1m])"),)),
            Panel("Tick duration", "s", _quantiles("shoal_tick_duration_seconds")),
            Panel("Commit duration", "s", _quantiles("shoal_commit_duration_seconds")),
        ),
    ),
    (
        "What it holds",
        (
            Panel(
                "Accounts, links, members",
                "short",
                (("accounts", "shoal_accounts"), ("links", "shoal_links"), ("members", "shoal_members")),
            ),
            Panel("State", "bytes", (("{{part}}", "shoal_state_bytes"),)),
            Panel("Evictions", "ops", (("rows", "rate(shoal_evictions_total[1m])"),)),
            Panel("Commits", "ops", (("commits", "rate(shoal_commits_total[1m])"),)),
            Panel(
                "Written to Kafka",
                "Bps",
                (
                    ("state: {{part}}", "sum by (part) (rate(shoal_changelog_bytes_total[1m]))"),
                    ("events handed on", "rate(shoal_parcel_bytes_total[1m])"),
                ),
            ),
            Panel(
                "Write amplification of state",
                "short",
                (
                    (
                        "all over deltas",
                        'sum(shoal_changelog_bytes_total) / sum(shoal_changelog_bytes_total{part="deltas"})',
                    ),
                ),
            ),
            Panel("Restored", "percentunit", (("state", "shoal_restore_ratio"),)),
            Panel(
                "Left out by the operator's rule",
                "short",
                (
                    ("events/s of {{partition}}", "rate(shoal_shed_events_total[1m])"),
                    ("partitions", "shoal_partitions_shedding"),
                ),
            ),
            Panel("Held, of what the memory is for", "percentunit", (("events", "shoal_held_ratio"),)),
            Panel("Read back at the start", "bytes", (("{{part}}", "shoal_restore_read_bytes"),)),
            Panel(
                "Process",
                "short",
                (
                    ("cores", "rate(process_cpu_seconds_total[1m])"),
                    ("GB", "process_resident_memory_bytes / 1e9"),
                ),
            ),
        ),
    ),
    (
        "What it learned",
        (
            Panel("Reference age", "s", (("age", "shoal_reference_age_seconds"),)),
            Panel("Learner age", "s", (("age", "shoal_learner_age_seconds"),)),
            Panel("Verdicts learned", "short", (("verdicts", "shoal_learner_updates_total"),)),
            Panel("Foretelling verdicts: log loss", "short", (("{{by}}", "shoal_learner_log_loss_nats"),)),
            Panel("Foretelling verdicts: area", "short", (("{{by}}", "shoal_learner_area_ratio"),)),
            Panel(
                "Learner in use",
                "short",
                (
                    ("in use", "shoal_learner_in_use"),
                    ("rolled back", "shoal_learner_rollbacks_total"),
                ),
            ),
            Panel("Account hours learned", "ops", (("hours", "rate(shoal_baseline_updates_total[1m])"),)),
            Panel("Baseline score", "short", (("mean", "shoal_baseline_score_mean"),)),
        ),
    ),
)


def dashboard() -> dict[str, Any]:
    """The dashboard in Grafana's JSON model."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        line = {"type": "row", "title": title, "collapsed": False, "panels": []}
        panels.append(_place(line, len(panels), 0, top, 24, 1))
        top += 1
        for number, panel in enumerate(row):
            left, down = number * WIDTH % 24, number * WIDTH // 24 * HEIGHT
            panels.append(_place(_series(panel), len(panels), left, top + down, WIDTH, HEIGHT))
        top += -(-len(row) * WIDTH // 24) * HEIGHT
    return {
        "uid": "shoal",
        "title": "Shoal",
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": panels,
    }


def _series(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": DATASOURCE, "expr": query, "legendFormat": legend}
            for number, (legend, query) in enumerate(panel.queries)
        ],
    }


def _place(panel: dict[str, Any], number: int, x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return {"id": number + 1, "gridPos": {"x": x, "y": y, "w": width, "h": height}, **panel}


if __name__ == "__main__":
    FILE.write_text(json.dumps(dashboard(), indent=1) + "\n")
