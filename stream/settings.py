"""Every setting: one table of name, type, default, unit, meaning and reason.

`stream.config` reads them; `config/shoal.toml` is this table written out by `stream.config.as_toml`.
"""

from typing import Any, Final, Literal, Self

from pydantic import SecretStr, field_validator, model_validator

from stream.setting import Group, instant, setting

DEVELOPMENT_KEY: Final = "shoal-development-key"
"""The default of `intake.hash_key`: known to everyone, so hashes made with it hide nothing."""

LEAST_MEMORY_MB: Final = 400
"""The least of `windows.memory_mb`: what is left of less holds too few accounts to tell anything."""


def _names(default: str, meaning: str, reason: str) -> Any:
    """One row of `Generic`."""
    return setting(default, f"field with {meaning}", reason, pattern=r"^[^|\s]+(\|[^|\s]+)*$")


class Intake(Group):
    """Reading a gateway's records."""

    format: str = setting(
        "native",
        "reader of the input records: a module of stream.sources",
        "the canonical record needs no mapping",
        pattern=r"^[a-z][a-z0-9_]*$",
    )
    time_unit: Literal["s", "ms", "us", "ns"] = setting(
        "ms",
        "unit of times that are numbers: s, ms, us or ns",
        "guessing from magnitude misreads a broken clock",
    )
    hash_key: SecretStr = setting(
        SecretStr(DEVELOPMENT_KEY),
        "secret key of every hash of private data",
        "the default suits trials only; hashes made with it can be guessed back",
        min_length=8,
    )
    max_record_bytes: int = setting(
        1 << 20,
        "larger records are rejected",
        "Kafka's own default limit of a message",
        "bytes",
        gt=0,
    )
    earliest_time: str = setting(
        "2020-01-01T00:00:00Z",
        "older records are rejected",
        "a clock that was never set starts at 1970",
        "RFC 3339",
    )
    latest_time: str = setting(
        "2100-01-01T00:00:00Z",
        "newer records are rejected",
        "one record from the far future would carry the watermark past all others",
        "RFC 3339",
    )
    max_disorder_s: float = setting(
        300.0,
        "the watermark trails the newest event by this much",
        "gateways write an exchange when its answer ends, minutes after it began",
        "s",
        ge=0,
    )
    keep_raw_bytes: int = setting(
        0,
        "how much of a rejected record its reject repeats; 0: nothing",
        "a rejected record may hold private text",
        "bytes",
        ge=0,
    )

    @field_validator("earliest_time", "latest_time")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        instant(text)
        return text

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if instant(self.earliest_time) >= instant(self.latest_time):
            raise ValueError("earliest_time should be before latest_time")
        return self


class Windows(Group):
    """Rolling state."""

    tick_s: float = setting(
        3600.0,
        "event time between decisions",
        "evidence on a group builds up over hours; a tick costs tens of milliseconds however few its events",
        "s",
        gt=0,
    )
    memory_mb: int = setting(
        8000,
        "memory of a worker that decides: limits of rows and of events held follow; 0: only the limits below",
        "8 GiB hold it, and what goes must not depend on the machine; 440 MB, and 13 KB an account with its "
        "links and events: 600,000 of them, 13500 for a million",
        "MB",
        ge=0,
    )
    dedupe_retention_s: float = setting(
        86_400.0,
        "how long an event id is remembered",
        "gateways and log shippers retry for hours, not days",
        "s",
        ge=0,
    )
    max_accounts: int = setting(
        0,
        "accounts held at most, the longest idle goes first; 0: as many as memory_mb has room for",
        "about 1.5 KB each",
        "accounts",
        ge=0,
    )
    max_members: int = setting(
        0,
        "(link, account) rows held at most, the longest idle goes first; 0: eight to an account",
        "whose links are many are few",
        "rows",
        ge=0,
    )
    max_exchanges: int = setting(
        0,
        "event ids, turns and bodies held at most, each, the oldest go first; 0: four to an account",
        "about 40 bytes each",
        "rows",
        ge=0,
    )
    max_templates: int = setting(
        512, "prompt templates held; the longest idle goes first", "every prompt is compared with each", gt=0
    )
    max_loose_prompts: int = setting(
        131_072,
        "recent prompts of no template held; the oldest go first",
        "new templates are looked for among them, in passes over all",
        "rows",
        gt=0,
    )

    @field_validator("memory_mb")
    @classmethod
    def _is_enough(cls, size: int) -> int:
        if 0 < size < LEAST_MEMORY_MB:
            raise ValueError(f"a worker takes 250 MB empty: at least {LEAST_MEMORY_MB}, or 0")
        return size


class Links(Group):
    """What several accounts can share."""

    table: str = setting(
        "",
        "file of link kinds (TOML); empty: the packaged config/links.toml",
        "a kind of link is data, and an operator may add one",
    )


class Alerts(Group):
    """When a group becomes a case."""

    min_units: int = setting(
        8,
        "unrelated payers that a link must join before it is judged",
        "below, a household or a small team explains anything",
        "payers",
        ge=4,
    )
    posterior: float = setting(
        0.95,
        "probability of membership at which an account is named",
        "one named account in twenty may be wrong by its own figures",
        gt=0.5,
        lt=1,
    )
    warm_up_days: float = setting(
        11.0,
        "event time before the first case may open",
        "links are held against several days of a week ago; before, all that Shoal has not seen looks new",
        "d",
        ge=8,
    )
    threshold_nats: float = setting(
        10.0,
        "total evidence above which a link is hot",
        "honest classrooms and VPN exits reached 8 to 12 nats, network links carry 4 more",
        "nats",
        gt=0,
    )
    cases_per_week: float = setting(
        1.0,
        "cases on honest traffic that a week may have; where more are expected, a new case needs more nats",
        "one wrong case a week is looked into without losing trust in the others",
        gt=0,
    )
    weights: str = setting(
        "",
        "file of weights that the verdict learner starts from (TOML); empty: the built-in table",
        "what was learned from verdicts counts for good once somebody has read it",
    )
    decision_days: float = setting(
        180.0,
        "how long an analyst's decision holds that has no expiry of its own",
        "what was honest half a year ago may have been sold or stolen since",
        "d",
        gt=0,
    )


class Generic(Group):
    """Names of fields in other platforms' records (intake.format = "generic"); of `a|b` the first present."""

    account: str = _names("account|account_id|user|user_id|actor", "who acts", "no event without")
    time: str = _names("time|timestamp|ts|created_at|date", "the event's time", "no event without")
    object: str = _names(
        "object|object_id|item|item_id|target", "what is acted on", "who acts in step meets there"
    )
    action: str = _names("action|verb|type", "what is done", "kinds of links may use it")
    event: str = _names("event_id", "an id of the event", "if it repeats, the event is dropped")
    address: str = _names("address|ip|client_ip", "the client address", "a common place explains a group")
    client: str = _names("client|user_agent|app", "the client software", "pools share their tooling")
    signed_up: str = _names(
        "signed_up|account_created_at", "the time of sign-up", "without, the first event tells who is new"
    )
    payment: str = _names("payment|payment_hash", "the means of payment, any text", "who pays has one vote")
    organisation: str = _names("organisation|org|org_id", "the account's organisation", "it has one vote")


class Kafka(Group):
    """Broker, topics and commit; nothing here changes what is found."""

    bootstrap_servers: str = setting(
        "127.0.0.1:9092",
        "brokers, host:port separated by commas",
        "a broker on the same machine",
        pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = setting(
        "PLAINTEXT",
        "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        "a broker as it is installed; over networks that others use, take SASL_SSL",
    )
    sasl_mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = setting(
        "", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", "PLAIN shows the password to whoever can read along"
    )
    sasl_username: str = setting("", "who logs in", "a user of its own needs no more rights than Shoal's")
    sasl_password: SecretStr = setting(SecretStr(""), "its password", "better from the environment")
    ssl_cafile: str = setting(
        "", "whom to trust, PEM; empty: the system's authorities", "an authority of one's own signs brokers"
    )
    ssl_certfile: str = setting("", "client certificate, PEM", "where brokers ask for one")
    ssl_keyfile: str = setting("", "its key, PEM; empty: in ssl_certfile too", "as Kafka's clients have it")
    ssl_password: SecretStr = setting(SecretStr(""), "what opens the key", "keys may be stored encrypted")
    ssl_check_hostname: bool = setting(
        True,
        "whether a broker's certificate must name its host",
        "else any trusted one passes for a broker's",
    )
    application_id: str = setting(
        "shoal",
        "consumer group, and prefix of transactional ids",
        "two installations on one cluster need two names",
        pattern=r"^[A-Za-z0-9._-]+$",
    )
    requests_topic: str = setting("requests", "topic that gateways write", "any format, any key")
    findings_topic: str = setting("shoal.findings", "the alert topic; key: finding uid", "what a SIEM reads")
    verdicts_topic: str = setting(
        "shoal.verdicts",
        "compacted topic; key: account",
        "a gateway keeps the newest verdict of each account",
    )
    rejects_topic: str = setting("shoal.rejects", "dead letters", "bad input is kept with its reason")
    events_topic: str = setting(
        "shoal.events",
        "parcels of decoded events; as many partitions as requests_topic",
        "intake may run apart from what judges",
    )
    feedback_topic: str = setting("shoal.feedback", "analysts' decisions", "read by every worker")
    changelog_topic: str = setting(
        "shoal.changelog", "compacted topic of state and source offsets", "a restart goes on where it stopped"
    )
    local_copy: str = setting(
        "",
        "folder with a copy of the changelog, for restarts on the same machine; empty: none",
        "a restart then reads from Kafka only what is newer; it costs one to three times the state on disk",
    )
    replication: int = setting(
        0, "copies of each topic; 0: the broker's default", "3 of which 2 commit outlast any one broker", ge=0
    )
    instance_id: str = setting(
        "",
        "name of an intake worker in its group, the same after a restart; empty: none",
        "back within session_timeout_s of a kill it has its partitions at once; others take them over else",
        pattern=r"^[A-Za-z0-9._-]*$",
    )
    session_timeout_s: float = setting(
        6.0,
        "silence after which others are given an intake worker's partitions",
        "the least that brokers allow by themselves; less needs their group.min.session.timeout.ms lower",
        "s",
        ge=1,
        le=30,
    )
    commit_interval_s: float = setting(
        1.0, "time between transactions", "latency against overhead of a commit", "s", ge=0.2, le=10
    )
    shed_above_records: int = setting(
        0,
        "lag of a partition above which only some accounts are read, until it is below half of it; 0: never",
        "nothing is left out unless somebody wants it so; what is left out is counted",
        "records",
        ge=0,
    )
    shed_keep_ratio: float = setting(
        0.1,
        "share of accounts that is read meanwhile, always the same ones",
        "who is read is read whole, for a tenth of everybody's events tells of nobody",
        gt=0,
        lt=1,
    )
    idle_after_s: float = setting(
        30.0,
        "silence after which a drained partition no longer holds time",
        "longer than a rebalance, shorter than a tick",
        "s",
        gt=0,
    )
    metrics_port: int = setting(
        9464, "port of /metrics; 0 takes a free one", "the customary port of exporters", ge=0, le=65535
    )


class Settings(Group):
    """All settings of one run."""

    intake: Intake = Intake()
    windows: Windows = Windows()
    links: Links = Links()
    alerts: Alerts = Alerts()
    generic: Generic = Generic()
    kafka: Kafka = Kafka()
