import polars as pl

from stream.bench.compare import Named
from stream.bench.naive import LEAST_PAYERS, YOUNG_DAYS, naive
from stream.simulate import Truth

DAY_MS = 86_400_000
RULE = "young payers per prompt prefix"


def crowd(count: int, label: str, *, age_days: float = 1, payer: str | None = None) -> pl.DataFrame:
    names = [f"{label}{n}" for n in range(count)]
    return pl.DataFrame(
        {
            "account_id": names,
            "org_id": pl.Series([None] * count, dtype=pl.String),
            "payment_hash": [payer or name for name in names],
            "prompt_prefix_hash": ["p"] * count,
            "client_ip": [f"10.0.{n}.1" for n in range(count)],
            "params_hash": pl.Series([None] * count, dtype=pl.String),
            "time_ms": [100 * DAY_MS] * count,
            "created_ms": [round((100 - age_days) * DAY_MS)] * count,
        }
    )


def scored(events: pl.DataFrame) -> tuple[Named, Named]:
    names = events["account_id"].to_list()
    labels = {name: "campaign/x-1" if name.startswith("bad") else "honest/hobby" for name in names}
    return naive(events, Truth(labels, {}))[RULE]


def test_enough_young_payers_on_one_value_name_them_all() -> None:
    guilty, honest = scored(pl.concat([crowd(LEAST_PAYERS, "bad"), crowd(3, "good")]))
    assert (guilty, honest) == (Named(12, 12), Named(3, 3))


def test_one_payer_fewer_names_nobody() -> None:
    assert scored(crowd(LEAST_PAYERS - 1, "bad"))[0].named == 0


def test_accounts_with_a_past_do_not_count() -> None:
    assert scored(crowd(LEAST_PAYERS, "bad", age_days=YOUNG_DAYS + 1))[0].named == 0


def test_one_card_is_one_payer() -> None:
    assert scored(crowd(LEAST_PAYERS, "bad", payer="card"))[0].named == 0


def test_networks_count_by_24() -> None:
    events = crowd(LEAST_PAYERS, "bad").with_columns(
        pl.format("10.0.0.{}", pl.int_range(pl.len())).alias("client_ip")
    )
    labels = dict.fromkeys(events["account_id"], "campaign/x-1")
    assert naive(events, Truth(labels, {}))["young payers per network"][0].named == LEAST_PAYERS
