"""Access to Kafka: brokers, encryption and login, as every client of Shoal is given them."""

import ssl
from pathlib import Path
from typing import Any, Final

from stream.errors import ConfigError
from stream.settings import Kafka

_SASL: Final = ("sasl_mechanism", "sasl_username", "sasl_password")
_FILES: Final = ("ssl_cafile", "ssl_certfile", "ssl_keyfile")
_SSL: Final = (*_FILES, "ssl_password", "ssl_check_hostname")


def brokers(names: Kafka) -> list[str]:
    """Every broker to begin with, `host:port`."""
    return names.bootstrap_servers.split(",")


def access(names: Kafka) -> dict[str, Any]:
    """Settings of a client, in the names that both clients know; raises ConfigError."""
    return {"bootstrap_servers": brokers(names), **credentials(names)}


def credentials(names: Kafka) -> dict[str, Any]:
    """The part of `access` that is the same for every broker."""
    check_access(names)
    given: dict[str, Any] = {"security_protocol": names.security_protocol}
    if _logs_in(names):
        given |= {
            "sasl_mechanism": names.sasl_mechanism,
            "sasl_plain_username": names.sasl_username,
            "sasl_plain_password": names.sasl_password.get_secret_value(),
        }
    return given | ({"ssl_context": _context(names)} if _encrypts(names) else {})


def check_access(names: Kafka) -> None:
    """Raise ConfigError where settings contradict each other, lack something, or name no file."""
    protocol = names.security_protocol
    if _logs_in(names):
        _need(names, _SASL, f"{protocol} logs in")
    else:
        _need_not(names, _SASL, f"{protocol} logs nobody in: SASL_SSL does")
    if _encrypts(names):
        _check_files(names)
    else:
        _need_not(names, _SSL, f"{protocol} encrypts nothing: {'SASL_' * _logs_in(names)}SSL does")


def _logs_in(names: Kafka) -> bool:
    return names.security_protocol.startswith("SASL")


def _encrypts(names: Kafka) -> bool:
    return names.security_protocol.endswith("SSL")


def _need(names: Kafka, wanted: tuple[str, ...], because: str) -> None:
    for name in wanted:
        if not _is_set(names, name):
            meaning = Kafka.model_fields[name].description
            raise ConfigError(f"kafka.{name} is not set ({meaning}), but kafka.security_protocol {because}")


def _need_not(names: Kafka, unused: tuple[str, ...], because: str) -> None:
    for name in unused:
        if _is_set(names, name):
            raise ConfigError(f"kafka.{name} is set, but kafka.security_protocol {because}")


def _is_set(names: Kafka, name: str) -> bool:
    return bool(getattr(names, name) != Kafka.model_fields[name].default)


def _check_files(names: Kafka) -> None:
    for name in ("ssl_keyfile", "ssl_password"):
        if _is_set(names, name) and not names.ssl_certfile:
            raise ConfigError(
                f"kafka.{name} is set, but kafka.ssl_certfile is not: it is for that certificate"
            )
    for name in _FILES:
        _readable(f"kafka.{name}", getattr(names, name))
    _context(names)


def _readable(key: str, path: str) -> None:
    try:
        if path:
            Path(path).open("rb").close()
    except OSError as error:
        raise ConfigError(f"{key} = {path}: {error.strerror or error}") from error


def _context(names: Kafka) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=names.ssl_cafile or None)
    except ssl.SSLError as error:
        raise ConfigError(f"kafka.ssl_cafile = {names.ssl_cafile}: no certificates in PEM") from error
    context.check_hostname = names.ssl_check_hostname
    if names.ssl_certfile:
        _load_certificate(context, names)
    return context


def _load_certificate(context: ssl.SSLContext, names: Kafka) -> None:
    key, password = names.ssl_keyfile or names.ssl_certfile, names.ssl_password.get_secret_value()
    try:
        # Without a password of ours OpenSSL would ask for one at the terminal.
        context.load_cert_chain(names.ssl_certfile, key, password)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"kafka.ssl_certfile = {names.ssl_certfile} does not open with its key {key}: both should be PEM "
            "and belong together, and an encrypted key needs kafka.ssl_password"
        ) from error
