"""A broker of the test's own behind TLS and logins: who gets in works, who does not is told why."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ACLOperation, ResourceType
from pydantic import SecretStr

from stream.config import Settings
from stream.errors import BrokerError
from stream.findings.render import finding_bytes
from stream.runtime import blocking, kafka, produce, topics
from stream.runtime.refusal import refusal
from stream.runtime.stage import Stage
from tests.conftest import free_ports, named_settings
from tests.runtime.fake import FakePipeline
from tests.runtime.secure import GUEST, KEY_PASSWORD, PASSWORD, SecureBroker, login
from tests.runtime.wire import Process, events, offset_of_group, values, write

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        not (shutil.which("java") and shutil.which("openssl")), reason="no Java or no openssl"
    ),
]

TRUSTING = {"security_protocol": "SSL", "ssl_cafile": "ca.pem"}
CERTIFIED = {**TRUSTING, "ssl_certfile": "client.pem", "ssl_keyfile": "locked.key"}
CERTIFIED |= {"ssl_password": SecretStr(KEY_PASSWORD)}  # type: ignore[dict-item]
BOTH = {**login("SCRAM-SHA-256", "SASL_SSL"), "ssl_cafile": "ca.pem"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    broker = SecureBroker(tmp_path_factory.mktemp("secure"))
    broker.start()
    yield broker
    broker.stop()


def settings_at(broker: SecureBroker, listener: str, name: str, given: dict[str, Any]) -> Settings:
    files = {key: str(broker.data / value) for key, value in given.items() if key.endswith("file")}
    where = broker.bootstrap if listener == "PLAINTEXT" else broker.at(listener)
    return named_settings(where, name, **{**given, **files})


@pytest.mark.parametrize(
    ("listener", "given"),
    [
        ("LOGIN", login("PLAIN")),
        ("LOGIN", login("SCRAM-SHA-512")),
        ("BOTH", BOTH),
        ("MUTUAL", CERTIFIED),
    ],
    ids=["PLAIN", "SCRAM", "SCRAM and TLS", "TLS with a certificate"],
)
def test_every_client_gets_in_and_tells_no_password(
    broker: SecureBroker,
    fresh_name: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    listener: str,
    given: dict[str, Any],
) -> None:
    caplog.set_level(logging.INFO)
    settings, records = settings_at(broker, listener, fresh_name, given), events(800)
    assert {report.state for report in topics.ensure(settings, 2)} == {"created"}
    log = tmp_path / "events.ndjson"
    log.write_bytes(b"\n".join(records))
    assert produce.produce([str(log)], settings) == 800
    kafka.serve(settings, FakePipeline(), once=True)  # type: ignore[arg-type]
    embedded = FakePipeline()
    embedded.absorb("file", records, range(len(records)))
    said = [finding_bytes(finding) for finding in embedded.finish().findings]
    assert values(settings, settings.kafka.findings_topic) == said
    assert offset_of_group(settings, 0) == 400
    told = caplog.text + "".join(capfd.readouterr())
    assert "all that was read is committed" in told
    assert PASSWORD not in told
    assert KEY_PASSWORD not in told


NOT_IN: list[tuple[str, dict[str, Any], str, bool]] = [
    (
        "LOGIN",
        login("PLAIN", password="guessed-1"),
        "refuses the login of shoal (PLAIN): check",
        True,
    ),
    ("LOGIN", login("SCRAM-SHA-256", password="guessed-1"), "the login of shoal (SCRAM-SHA-256)", True),
    ("PLAINTEXT", login("PLAIN"), "logs nobody in, but kafka.security_protocol SASL_PLAINTEXT does", True),
    ("TLS", {"security_protocol": "SSL"}, "has a certificate that is not trusted (", True),
    ("TLS", {}, "closes them: kafka.security_protocol PLAINTEXT may not be its own", False),
    ("LOGIN", {}, "closes them: kafka.security_protocol PLAINTEXT may not be its own", False),
    ("MUTUAL", TRUSTING, "or it may ask for kafka.ssl_certfile", False),
    ("PLAINTEXT", TRUSTING, "closes them: kafka.security_protocol SSL may not be its own", False),
]


@pytest.mark.parametrize(("listener", "given", "line", "final"), NOT_IN)
def test_who_does_not_get_in_is_told_why(
    broker: SecureBroker, fresh_name: str, listener: str, given: dict[str, Any], line: str, final: bool
) -> None:
    names = settings_at(broker, listener, fresh_name, given).kafka
    said = asyncio.run(refusal(names))
    assert said is not None
    assert line in said.line
    assert names.bootstrap_servers in said.line
    assert said.final is final


def test_brokers_that_let_in_or_are_not_there_refuse_nobody(broker: SecureBroker, fresh_name: str) -> None:
    names = settings_at(broker, "BOTH", fresh_name, BOTH).kafka
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    assert asyncio.run(refusal(names)) is None
    assert asyncio.run(refusal(names.model_copy(update={"bootstrap_servers": nobody}))) is None
    some = {"bootstrap_servers": f"{nobody},{names.bootstrap_servers}"}
    assert asyncio.run(refusal(names.model_copy(update=some))) is None


def test_a_refused_login_ends_a_worker_at_once(broker: SecureBroker, fresh_name: str) -> None:
    wrong = login("SCRAM-SHA-256", "SASL_SSL", password="guessed-1")
    settings = settings_at(broker, "BOTH", fresh_name, {**BOTH, **wrong})
    began = time.monotonic()
    code, said = Process(settings, "patient").wait()
    assert code == 2
    assert "refuses the login of shoal (SCRAM-SHA-256)" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert "guessed-1" not in said
    assert time.monotonic() - began < 60, "it would have tried for 300 s"


def test_a_worker_needs_these_rights_and_says_which_it_lacks(broker: SecureBroker, fresh_name: str) -> None:
    """They stand in the README; each that is missing ends it at once."""
    given = {**login("PLAIN"), "sasl_username": GUEST}
    settings = settings_at(broker, "LOGIN", fresh_name, given)
    ours = settings_at(broker, "PLAINTEXT", fresh_name, {})
    topics.ensure(ours, 2)
    names, may, of = settings.kafka, ACLOperation, ResourceType
    out = (names.findings_topic, names.verdicts_topic, names.rejects_topic, names.changelog_topic)
    into = (names.requests_topic, names.feedback_topic, names.changelog_topic)
    steps: list[tuple[str, ResourceType, Iterable[str], tuple[ACLOperation, ...]]] = [
        ("no right to see it", of.TOPIC, out, (may.WRITE, may.DESCRIBE_CONFIGS)),
        ("no right to see it", of.TOPIC, into, (may.READ,)),
        ("configuration of .*feedback", of.TOPIC, (names.feedback_topic,), (may.DESCRIBE_CONFIGS,)),
        ("guest too little: .*TransactionalId", of.TRANSACTIONAL_ID, (fresh_name,), (may.WRITE,)),
        ("guest too little: .*Group", of.GROUP, (fresh_name,), (may.READ,)),
    ]
    for lacks, kind, on, operations in steps:
        with pytest.raises(BrokerError, match=lacks):
            kafka.serve(settings, FakePipeline(), once=True)  # type: ignore[arg-type]
        broker.grant(kind, on, *operations)
    write(ours, names.requests_topic, events(400), 2)
    kafka.serve(settings, FakePipeline(), once=True)  # type: ignore[arg-type]
    assert values(ours, names.findings_topic)


def test_stages_apart_need_these_rights_and_say_which_they_lack(
    broker: SecureBroker, fresh_name: str
) -> None:
    """They stand in the README: first those of an intake, then what a judge needs beyond them."""
    given = {**login("PLAIN"), "sasl_username": GUEST}
    settings = settings_at(broker, "LOGIN", fresh_name, given)
    ours = settings_at(broker, "PLAINTEXT", fresh_name, {})
    topics.ensure(ours, 2, split=True)
    names, may, of = settings.kafka, ACLOperation, ResourceType
    apart, out = (names.events_topic, names.rejects_topic), (may.WRITE, may.DESCRIBE_CONFIGS)
    said = (names.findings_topic, names.verdicts_topic, names.changelog_topic)
    into = (names.feedback_topic, names.events_topic, names.changelog_topic)
    lanes = [f"{fresh_name}-intake-{number}" for number in range(2)]
    read = (may.READ, may.DESCRIBE_CONFIGS)
    steps: list[tuple[Stage, str, ResourceType, Iterable[str], tuple[ACLOperation, ...]]] = [
        ("intake", "no right to see it", of.TOPIC, (names.requests_topic,), (may.READ,)),
        ("intake", "no right to see it", of.TOPIC, apart, out),
        ("intake", "Group", of.GROUP, (fresh_name,), (may.DESCRIBE,)),
        ("intake", "Group", of.GROUP, (f"{fresh_name}-intake",), (may.READ,)),
        ("intake", "guest too little: .*TransactionalId", of.TRANSACTIONAL_ID, lanes, (may.WRITE,)),
        ("intake", "guest too little: .*Topic", of.TOPIC, (names.events_topic,), (may.READ,)),
        ("judge", "no right to see it", of.TOPIC, said, out),
        ("judge", "no right to see it", of.TOPIC, into, read),
        ("judge", "too little: .*TransactionalId", of.TRANSACTIONAL_ID, (fresh_name,), (may.WRITE,)),
        ("judge", "too little: .*Group", of.GROUP, (fresh_name,), (may.READ,)),
    ]
    write(ours, names.requests_topic, events(400), 2)
    for stage, lacks, kind, on, operations in steps:
        with pytest.raises(BrokerError, match=lacks):
            serve(settings, stage)
        broker.grant(kind, on, *operations)
        if on is lanes:
            serve(settings, stage)
    serve(settings, "judge")
    assert values(ours, names.findings_topic)


def serve(settings: Settings, stage: Stage) -> None:
    if stage == "intake":
        kafka.run(settings, stage, once=True)
    else:
        kafka.serve(settings, FakePipeline(), stage, once=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", [topics.ensure, lambda settings: produce.produce([__file__], settings)])
def test_a_refused_login_ends_every_command(
    broker: SecureBroker,
    fresh_name: str,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[[Settings], object],
) -> None:
    monkeypatch.setattr(blocking, "PATIENCE_MS", 500)
    settings = settings_at(broker, "LOGIN", fresh_name, login("PLAIN", password="guessed-1"))
    with pytest.raises(BrokerError, match=r"refuses the login of shoal \(PLAIN\)") as caught:
        command(settings)
    assert "guessed-1" not in str(caught.value)
