"""Records: turns as the columns of the native record."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtri

from stream.simulate.chance import Flags, Floats, Ints, Rng, Words, below, hexadecimal, mix, unit
from stream.simulate.cohorts import EMAILS, EXPLORES, MODELS, PLANS, Accounts, Cohort, Market
from stream.simulate.networks import COUNTRIES
from stream.simulate.prompts import heads, prompts, source, tools
from stream.simulate.turns import Turns, answered, link
from stream.simulate.workloads import OWN, WorkloadTable

COLUMNS = (
    "time",
    "event_id",
    "account_id",
    "org_id",
    "plan",
    "account_created_at",
    "email_class",
    "payment_hash",
    "client_ip",
    "asn",
    "country",
    "ja4",
    "user_agent",
    "model",
    "endpoint",
    "status",
    "stream",
    "message_count",
    "input_tokens",
    "output_tokens",
    "duration_ms",
    "params_hash",
    "tools_hash",
    "prompt_prefix_hash",
    "prompt_hash",
    "prompt_simhash",
    "conversation_prev",
    "conversation_next",
    "safety_code",
)
SAFETY = pl.Series(["cyber", "cbrn", "violence", "self_harm", "fraud", "extraction", "sexual", "privacy"])
EMBEDDINGS = "/v1/embeddings"
DAY_MS = 86_400_000


def rfc3339(epoch_ms: pl.Expr) -> pl.Expr:
    """Epoch milliseconds as RFC 3339 in UTC."""
    return epoch_ms.cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def account_ids(accounts: Accounts) -> pl.Series:
    """Account identifiers: nothing in them tells a population."""
    return pl.select(pl.lit("acct_") + hexadecimal(accounts.key)).to_series()


def records(
    rng: Rng, market: Market, cohort: Cohort, turns: Turns, table: WorkloadTable, start_ms: int
) -> pl.DataFrame:
    """The columns of `COLUMNS`, time as epoch milliseconds; rows in the order of `turns`."""
    accounts, at = cohort.accounts, turns.account
    columns = dict(_who(accounts, at, start_ms))
    columns["time"] = pl.Series((start_ms + turns.day * DAY_MS).astype(np.int64))
    columns["event_id"] = pl.select(
        pl.lit("evt_") + hexadecimal(mix(turns.conversation, turns.depth, 99, turns.again))
    ).to_series()
    columns |= _where(rng, market, accounts, turns)
    family, version = _client(market, accounts, turns, table)
    agents, ja4s = market.clients.shown(family, version)
    n = len(turns)
    columns["user_agent"] = _holes(agents, rng.random(n) < 0.004)
    columns["ja4"] = _holes(ja4s, (accounts.front[at] == 2) | (rng.random(n) < 0.01))
    answer = _answer(rng, cohort, turns, table)
    columns |= answer | _what(rng, cohort, turns, table, version, answer["status"].to_numpy() == 200)
    return pl.DataFrame({name: columns[name] for name in COLUMNS})


def _who(accounts: Accounts, at: Ints, start_ms: int) -> dict[str, pl.Series]:
    row = at.astype(np.uint32)
    created = pl.Series("created", start_ms + (accounts.created * DAY_MS).astype(np.int64))
    per_account = {
        "account_id": account_ids(accounts),
        "plan": pl.Series(PLANS).gather(accounts.plan.astype(np.uint32)),
        "org_id": pl.select(pl.lit("org_") + hexadecimal(accounts.org)).to_series(),
        "account_created_at": _holes(
            created.to_frame().select(rfc3339(pl.col("created"))).to_series(),
            unit(mix(accounts.key, 7)) < 0.004,
        ),
        "email_class": _holes(
            pl.Series(EMAILS).gather(accounts.email.astype(np.uint32)), unit(mix(accounts.key, 8)) < 0.01
        ),
        "payment_hash": hexadecimal(accounts.payer),
    }
    return {name: column.gather(row) for name, column in per_account.items()}


def _where(rng: Rng, market: Market, accounts: Accounts, turns: Turns) -> dict[str, pl.Series]:
    at, networks = turns.account, market.networks
    away = (turns.day >= accounts.leaves[at]) & (turns.day < accounts.returns[at])
    network, host = networks.located(accounts.routes, at, accounts.key[at], turns.day * 24, away)
    unknown = rng.random(len(turns)) < 0.004
    countries = pl.Series([code for code, _, _ in COUNTRIES])
    return {
        "client_ip": networks.addresses(network, host),
        "asn": _holes(pl.Series(networks.asn[network]), unknown),
        "country": _holes(countries.gather(networks.country[network].astype(np.uint32)), unknown),
    }


def _client(market: Market, accounts: Accounts, turns: Turns, table: WorkloadTable) -> tuple[Ints, Ints]:
    work = table.ints("client", turns.work)
    family = np.where(work >= 0, work, accounts.client[turns.account])
    return family, market.clients.versions(family, turns.day - accounts.lag[turns.account])


def _what(
    rng: Rng, cohort: Cohort, turns: Turns, table: WorkloadTable, version: Ints, served: Flags
) -> dict[str, pl.Series]:
    accounts, at, work = cohort.accounts, turns.account, turns.work
    second = unit(mix(turns.conversation, 23)) < accounts.second_share[at]
    own = np.where(second, _second_params(accounts, turns), accounts.params[at])
    shared = mix(source(cohort.habits, turns, table, table.ints("params", work)), 61)
    exact, similar = prompts(cohort.habits, turns, table)
    embeds = np.array([endpoint == EMBEDDINGS for endpoint in table.endpoints()])[work]
    model = np.where(embeds, len(MODELS) - 1, _model(accounts, turns, table))
    before = np.where(turns.past != 0, turns.past, link(turns.conversation, turns.depth))
    return {
        "model": pl.Series(MODELS).gather(model.astype(np.uint32)),
        "endpoint": pl.Series(table.endpoints()).gather(work.astype(np.uint32)),
        "params_hash": hexadecimal(
            np.where(table.ints("params", work) == OWN, own, shared).astype(np.uint64)
        ),
        "tools_hash": hexadecimal(tools(cohort.habits, turns, table, version)),
        "prompt_prefix_hash": hexadecimal(heads(cohort.habits, turns, table, version)),
        "prompt_hash": hexadecimal(exact),
        "prompt_simhash": hexadecimal(similar, rng.random(len(turns)) >= 0.005),
        "conversation_prev": hexadecimal(before, (turns.depth > 0) & ~embeds),
        "conversation_next": hexadecimal(answered(turns), served & ~embeds),
        "message_count": _holes(pl.Series(2 * turns.depth + 1 + (table.ints("prefix", work) != 0)), embeds),
    }


def _model(accounts: Accounts, turns: Turns, table: WorkloadTable) -> Ints:
    """The caller's own model or his second one, unless the work comes set to one or leaves the choice."""
    at, work = turns.account, turns.work
    any_model = below(mix(turns.conversation, 31), len(MODELS) - 1)
    second = np.where(accounts.second_model[at] == EXPLORES, any_model, accounts.second_model[at])
    own = np.where(unit(mix(turns.conversation, 29)) < 0.15, second, accounts.model[at])
    left = unit(mix(accounts.key[at], table.keys[work], 37)) < table.floats("preset", work)
    picked = unit(mix(turns.conversation, 41)) < table.floats("picked", work)
    return np.asarray(np.select([picked, left], [any_model, table.ints("model", work)], own))


def _second_params(accounts: Accounts, turns: Turns) -> Words:
    """The account's second parameter set; who has none set tries a dozen."""
    tried = mix(accounts.key[turns.account], 33, below(mix(turns.conversation, 35), 12))
    second = accounts.second_params[turns.account]
    return np.where(second == 0, tried, second).astype(np.uint64)


def _answer(rng: Rng, cohort: Cohort, turns: Turns, table: WorkloadTable) -> dict[str, pl.Series]:
    """Tokens, time and refusals; the unanswered have no output tokens, rejected keys no input."""
    n, habits, work = len(turns), cohort.habits, turns.work
    refused = (rng.random(n) < table.floats("refuse", work) + habits.refuse[turns.habit]) & (
        turns.status == 200
    )
    status = np.where(refused & (rng.random(n) < 0.35), 400, turns.status)
    tokens_in, tokens_out = _tokens(rng, cohort, turns, table, refused)
    embeds = np.array([endpoint == EMBEDDINGS for endpoint in table.endpoints()])[work]
    streams = unit(mix(turns.conversation, 37)) < table.floats("stream", work) + habits.stream[turns.habit]
    spoken = np.where(status == 200, tokens_out, 0)
    duration = (180 + 9000 * (status == 500) + tokens_in / 20 + 14 * spoken) * np.exp(
        0.35 * rng.standard_normal(n)
    )
    code = np.minimum(rng.geometric(0.35, n) - 1, len(SAFETY) - 1)
    return {
        "status": pl.Series(status), "stream": pl.Series(streams & ~embeds),
        "input_tokens": _holes(pl.Series(tokens_in), np.isin(status, (401, 403, 429))),
        "output_tokens": _holes(pl.Series(tokens_out), (status != 200) | embeds),
        "duration_ms": _holes(pl.Series(duration.astype(np.int64)), rng.random(n) < 0.003),
        "safety_code": _holes(SAFETY.gather(code.astype(np.uint32)), ~refused),
    }  # fmt: skip


def _tokens(
    rng: Rng, cohort: Cohort, turns: Turns, table: WorkloadTable, refused: Flags
) -> tuple[Ints, Ints]:
    habits, work, n = cohort.habits, turns.work, len(turns)
    deep = table.floats("growth", work) * np.log1p(turns.depth)
    log_in = table.floats("log_in", work) + habits.verbose_in[turns.habit] + deep
    # one body, one length: a retry, or what is sent again for another answer
    log_in += table.floats("sd_in", work) * ndtri(unit(mix(turns.conversation, turns.depth, 43)).clip(1e-12))
    log_out = table.floats("log_out", work) + habits.verbose_out[turns.habit]
    log_out = np.where(refused, 3.8, log_out) + table.floats("sd_out", work) * rng.standard_normal(n)
    return _whole(log_in, 180_000), _whole(log_out, 16_000)


def _whole(logs: Floats, most: int) -> Ints:
    return np.exp(logs).clip(1, most).astype(np.int64)


def _holes(column: pl.Series, absent: Flags) -> pl.Series:
    return pl.select(pl.when(pl.Series(~absent)).then(column).alias("column")).to_series()
