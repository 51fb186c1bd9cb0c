"""Figures of single accounts: what could be said about one account alone."""

from __future__ import annotations

import polars as pl

LEAST_EVENTS = 5
_NULLABLE = (
    "org_id", "email_class", "payment_hash", "asn", "country", "ja4", "user_agent", "input_tokens",
    "output_tokens", "duration_ms", "message_count", "tools_hash", "prompt_prefix_hash", "prompt_simhash",
    "conversation_prev", "conversation_next", "safety_code",
)  # fmt: skip
_DISTINCT = (
    "net", "client_ip", "asn", "country", "ja4", "user_agent", "model", "endpoint", "params_hash",
    "tools_hash", "prompt_prefix_hash", "prompt_hash", "band",
)  # fmt: skip
_LOGGED = ("input_tokens", "output_tokens", "duration_ms")


def figures(events: pl.DataFrame) -> pl.DataFrame:
    """One row of about a hundred figures per account with LEAST_EVENTS events or more, by account_id."""
    derived = _derived(events)
    table = derived.group_by("account_id").agg(_expressions(set(derived.columns)))
    table = table.filter(pl.col("events") >= LEAST_EVENTS)
    days = derived.group_by("account_id", "day").agg(pl.len().alias("n")).group_by("account_id")
    table = table.join(days.agg(_evenness()), on="account_id")
    counted = [f for f in _DISTINCT if f"distinct_{f}" in table.columns]
    return table.with_columns(
        (pl.col("events") / pl.col("days_active")).alias("events_per_active_day"),
        *((pl.col(f"distinct_{f}") / pl.col("events")).alias(f"distinct_{f}_per_event") for f in counted),
    ).sort("account_id")


def _derived(events: pl.DataFrame) -> pl.DataFrame:
    """Add what figures are made of, as far as the fields go: day, hour, gap, age, network, band, past."""
    frame = events.with_columns(_epoch_ms("time").alias("ms")).with_columns(
        (pl.col("ms") // 86_400_000).alias("day"),
        (pl.col("ms") // 3_600_000 % 24).alias("hour"),
        (pl.col("ms").diff().over("account_id") / 1000).alias("gap_s"),
    )
    more = {
        "account_created_at": ((pl.col("ms") - _epoch_ms("account_created_at")) / 86_400_000).alias("age"),
        "client_ip": pl.col("client_ip").str.replace(r"[.:]\w+$", "").alias("net"),
        "prompt_simhash": pl.col("prompt_simhash").str.slice(0, 3).alias("band"),
        "prompt_hash": (pl.col("account_id").n_unique().over("prompt_hash") > 1).alias("shared_prompt"),
    }
    frame = frame.with_columns(expression for field, expression in more.items() if field in events.columns)
    known = {"conversation_prev", "conversation_next"} <= set(events.columns)
    return _conversed(frame) if known else frame


def _epoch_ms(field: str) -> pl.Expr:
    return pl.col(field).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms").dt.epoch("ms")


def _conversed(frame: pl.DataFrame) -> pl.DataFrame:
    """Mark turns whose past another account produced, and those whose past nobody produced."""
    made = frame.select(conversation_prev="conversation_next", maker="account_id").drop_nulls().unique()
    own = made.with_columns(pl.lit(True).alias("own"))
    frame = frame.join(
        own, left_on=["conversation_prev", "account_id"], right_on=["conversation_prev", "maker"], how="left"
    )
    frame = frame.join(made.group_by("conversation_prev").agg("maker"), on="conversation_prev", how="left")
    foreign = pl.col("conversation_prev").is_not_null() & pl.col("own").is_null()
    orphan = (foreign & pl.col("maker").is_null()).alias("orphan")
    return frame.with_columns(orphan, (foreign & pl.col("maker").is_not_null()).alias("handed")).sort("ms")


def _expressions(known: set[str]) -> list[pl.Expr]:
    c, events = pl.col, pl.len()
    found: list[tuple[str, str, pl.Expr]] = [
        ("account_id", "events", events),
        ("gap_s", "gap_median", c("gap_s").median()),
        ("gap_s", "gap_cv", c("gap_s").std() / c("gap_s").mean()),
        ("gap_s", "gap_least", c("gap_s").min()),
        ("gap_s", "gap_log_sd", (c("gap_s") + 0.5).log().std()),
        ("hour", "hours_active", c("hour").n_unique()),
        ("day", "days_active", c("day").n_unique()),
        ("hour", "night_share", c("hour").is_between(0, 5).mean()),
        ("day", "weekend_share", ((c("day") + 3) % 7 >= 5).mean()),
        ("hour", "hour_entropy", c("hour").value_counts().struct.field("count").entropy()),
        ("ms", "first_day", c("ms").min() / 86_400_000),
        ("ms", "last_day", c("ms").max() / 86_400_000),
        ("age", "age_first", c("age").min()),
        ("age", "age_last", c("age").max()),
        ("stream", "stream_share", c("stream").mean()),
        ("status", "error_share", (c("status") != 200).mean()),
        *(("status", f"status_{s}_share", (c("status") == s).mean()) for s in (400, 401, 403, 429, 500, 529)),
        ("safety_code", "refusal_share", c("safety_code").is_not_null().mean()),
        ("safety_code", "refusals", c("safety_code").is_not_null().sum()),
        ("orphan", "orphan_share", c("orphan").mean()),
        ("orphan", "orphans", c("orphan").sum()),
        ("handed", "handed_share", c("handed").mean()),
        ("handed", "handed", c("handed").sum()),
        ("prompt_hash", "repeat_share", 1 - c("prompt_hash").n_unique() / events),
        ("shared_prompt", "shared_prompt_share", c("shared_prompt").mean()),
        ("shared_prompt", "shared_prompts", c("shared_prompt").sum()),
        ("message_count", "depth_mean", c("message_count").mean()),
        ("message_count", "depth_max", c("message_count").max()),
        ("message_count", "depth_least", c("message_count").min()),
        ("message_count", "depth_sd", c("message_count").std()),
        ("prompt_prefix_hash", "head_top_share", _top("prompt_prefix_hash") / events),
        ("net", "home_share", _top("net") / events),
        ("params_hash", "params_top_share", _top("params_hash") / events),
        ("email_class", "disposable", (c("email_class").first() == "disposable").cast(pl.Int8)),
        ("plan", "prepaid", (c("plan").first() == "prepaid").cast(pl.Int8)),
        *((field, f"distinct_{field}", c(field).n_unique()) for field in _DISTINCT),
        *((field, f"null_{field}", c(field).is_null().mean()) for field in _NULLABLE),
        *((field, f"{field}_mean", (c(field) + 1).log().mean()) for field in _LOGGED),
        *((field, f"{field}_sd", (c(field) + 1).log().std()) for field in _LOGGED),
    ]
    return [expression.alias(name) for field, name, expression in found if field in known]


def _top(field: str) -> pl.Expr:
    """How often the most frequent value occurs."""
    return pl.col(field).drop_nulls().unique_counts().max()


def _evenness() -> list[pl.Expr]:
    n = pl.col("n")
    return [n.log().std().alias("day_log_sd"), n.max().alias("day_most"), n.median().alias("day_median")]
