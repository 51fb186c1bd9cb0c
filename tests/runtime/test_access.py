"""What of TLS and logins can be said without a broker."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from stream.errors import ConfigError
from stream.runtime import kafka
from stream.runtime.access import access, check_access
from stream.settings import Kafka
from tests.conftest import named_settings
from tests.runtime.fake import FakePipeline
from tests.runtime.secure import KEY_PASSWORD, login, make_certificates

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def names(folder: Path, **changes: Any) -> Kafka:
    """Settings of access; those that name a file name it in the folder."""
    files = {key: str(folder / value) for key, value in changes.items() if key.endswith("file") and value}
    return Kafka(**{**changes, **files})


def test_without_settings_a_client_gets_in_by_its_address_alone() -> None:
    assert access(Kafka(bootstrap_servers="a:1,b:2")) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }


def test_a_login_has_the_names_of_the_clients() -> None:
    given = access(Kafka(**login("SCRAM-SHA-256", password="secret-1")))
    assert given["sasl_mechanism"] == "SCRAM-SHA-256"
    assert given["sasl_plain_username"] == "shoal"
    assert given["sasl_plain_password"] == "secret-1"


def test_a_certificate_need_not_name_its_host_if_told_so(certificates: Path) -> None:
    strict = names(certificates, security_protocol="SSL", ssl_cafile="ca.pem")
    assert access(strict)["ssl_context"].check_hostname
    loose = strict.model_copy(update={"ssl_check_hostname": False})
    assert not access(loose)["ssl_context"].check_hostname


@pytest.mark.parametrize(
    "own",
    [
        {"ssl_certfile": "client.pem", "ssl_keyfile": "client.key"},
        {"ssl_certfile": "client.pem", "ssl_keyfile": "locked.key", "ssl_password": SecretStr(KEY_PASSWORD)},
        {"ssl_certfile": "client.store.pem"},
    ],
)
def test_a_key_may_stand_alone_or_be_locked_or_stand_with_its_certificate(
    own: dict[str, Any], certificates: Path
) -> None:
    check_access(names(certificates, security_protocol="SSL", ssl_cafile="ca.pem", **own))


def test_a_worker_that_cannot_log_in_does_not_start() -> None:
    settings = named_settings("127.0.0.1:1", "nobody", security_protocol="SASL_SSL")
    with pytest.raises(ConfigError, match=r"sasl_mechanism is not set"):
        kafka.serve(settings, FakePipeline())  # type: ignore[arg-type]


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"security_protocol": "SASL_SSL"},
        r"kafka\.sasl_mechanism is not set \(PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512\), but "
        r"kafka\.security_protocol SASL_SSL logs in",
    ),
    ({**login("PLAIN"), "sasl_username": ""}, r"kafka\.sasl_username is not set"),
    (login("PLAIN", password=""), r"kafka\.sasl_password is not set"),
    (login("PLAIN", "SSL"), r"sasl_mechanism is set, but kafka\.security_protocol SSL logs nobody in"),
    (login("PLAIN", "PLAINTEXT"), r"PLAINTEXT logs nobody in: SASL_SSL does"),
    ({"ssl_cafile": "ca.pem"}, r"ssl_cafile is set, but .* PLAINTEXT encrypts nothing: SSL does"),
    ({**login("PLAIN"), "ssl_check_hostname": False}, r"SASL_PLAINTEXT encrypts nothing: SASL_SSL does"),
    ({"security_protocol": "SSL", "ssl_cafile": "none.pem"}, r"ssl_cafile = .*none\.pem: No such file"),
    ({"security_protocol": "SSL", "ssl_cafile": "client.key"}, r"client\.key: no certificates in PEM"),
    ({"security_protocol": "SSL", "ssl_keyfile": "client.key"}, r"ssl_keyfile is set, but kafka\.ssl_cert"),
    (
        {"security_protocol": "SSL", "ssl_certfile": "client.pem", "ssl_keyfile": "none.key"},
        r"kafka\.ssl_keyfile = .*none\.key: No such file",
    ),
    (
        {"security_protocol": "SSL", "ssl_certfile": "client.pem", "ssl_keyfile": "broker.key"},
        r"does not open with its key .*broker\.key: both should be PEM and belong together",
    ),
    (
        {"security_protocol": "SSL", "ssl_certfile": "client.pem", "ssl_keyfile": "locked.key"},
        r"an encrypted key needs kafka\.ssl_password",
    ),
    ({"security_protocol": "SSL", "ssl_certfile": "client.pem"}, r"does not open with its key .*client\.pem"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_cannot_be_is_one_line(given: dict[str, Any], said: str, certificates: Path) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        check_access(names(certificates, **given))
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)
