import math
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream.metrics import METRICS, Meters
from stream.runtime.endpoint import serving
from stream.runtime.stats import Stats


def scraped(port: int) -> dict[str, float]:
    """Samples by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {
            sample.name + "".join(sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: object) -> None:
    name, kind, unit = metric.name, metric.type, metric.unit  # type: ignore[attr-defined]
    assert name.startswith("shoal_")
    assert name.endswith("_total") == (kind == "counter")
    assert name.removesuffix("_total").endswith(unit)
    assert metric.label in ("", "stage", "reason", "field", "family", "partition", "part", "activity", "by")  # type: ignore[attr-defined]


def test_names_are_declared_once() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))


def test_a_scrape_shows_the_loop_and_the_last_reading() -> None:
    meters = Meters()
    with serving(meters, 0) as port:
        meters.add("shoal_commits_total", 3)
        meters.add("shoal_findings_total", label="open")
        meters.put("shoal_consumer_lag_records", 12, "requests-0")
        meters.observe("shoal_batch_records", 40)
        meters.publish(
            Stats(
                events=5,
                rejects={"not_json": 2},
                malformed={"client_ip": 3, "ja4": 0},
                coverage={"ja4": (1, 4)},
                tick_durations_s=[0.2],
            )
        )
        samples = scraped(port)
    assert samples["shoal_events_totalall"] == 5
    assert samples["shoal_commits_total"] == 3
    assert samples["shoal_findings_totalopen"] == 1
    assert samples["shoal_rejects_totalnot_json"] == 2
    assert samples["shoal_malformed_values_totalclient_ip"] == 3
    assert samples["shoal_malformed_values_totalja4"] == 0
    assert samples["shoal_field_coverage_ratioja4"] == 0.25
    assert samples["shoal_consumer_lag_recordsrequests-0"] == 12
    assert samples["shoal_batch_records_sum"] == 40
    assert samples["shoal_tick_duration_seconds_count"] == 1


def test_a_partition_that_moved_away_is_shown_no_longer() -> None:
    meters = Meters()
    meters.put_each("shoal_consumer_lag_records", {"requests-0": 1, "requests-1": 2})
    meters.put_each("shoal_consumer_lag_records", {"requests-1": 3})
    with serving(meters, 0) as port:
        samples = scraped(port)
    assert samples["shoal_consumer_lag_recordsrequests-1"] == 3
    assert "shoal_consumer_lag_recordsrequests-0" not in samples


def test_what_is_not_known_is_not_zero() -> None:
    meters = Meters()
    meters.publish(Stats(coverage={"ja4": (0, 0)}))
    with serving(meters, 0) as port:
        samples = scraped(port)
    assert math.isnan(samples["shoal_watermark_age_seconds"])
    assert math.isnan(samples["shoal_field_coverage_ratioja4"])


def test_what_passes_a_stage_is_told_apart_before_and_after_its_first_reading() -> None:
    """Where stages run apart an event is counted by two workers: their sum would be no number of events."""
    meters = Meters("judge")
    shown = meters.registry.get_sample_value
    assert shown("shoal_events_total", {"stage": "judge"}) == 0
    meters.publish(Stats(events=5))
    assert shown("shoal_events_total", {"stage": "judge"}) == 5
    assert shown("shoal_events_total", {"stage": "all"}) is None
