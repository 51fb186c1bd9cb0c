"""Refusal: why Kafka lets a client in by no means, where the clients only say that none of them got in."""

import asyncio
import logging
import ssl
from typing import Final, NamedTuple

from stream.runtime.access import brokers, credentials
from stream.runtime.client import (
    FORBIDDEN,
    LOGGER,
    BadLoginError,
    ClientError,
    ConnectionLostError,
    NoLoginError,
    UnknownLoginError,
    knock,
)
from stream.settings import Kafka

KNOCK_MS: Final = 4_000
"""A broker that says nothing for this long refuses nobody: it is not there."""


class Refusal(NamedTuple):
    """What to tell; `final` where no other try will go better until a setting is changed."""

    line: str
    final: bool


async def refusal(names: Kafka) -> Refusal | None:
    """Knock at each broker once; None where one lets the client in, or none is there."""
    found = []
    for server in brokers(names):
        try:
            await _knock(names, server)
            return None
        except (ClientError, OSError, TimeoutError) as error:
            found.append(_told(names, server, error))
    return max((said for said in found if said), key=lambda said: said.final, default=None)


def refused(names: Kafka) -> str | None:
    """The line of `refusal`, for callers without a loop."""
    # The client's own log tells of every failed try; the line says it all.
    logging.getLogger(LOGGER).setLevel(logging.CRITICAL + 1)
    said = asyncio.run(refusal(names))
    return said.line if said else None


def failure(names: Kafka, error: Exception) -> str:
    """The line for an error of a client that says nothing more exact."""
    where, why = f"Kafka at {names.bootstrap_servers}", str(error) or type(error).__name__
    if isinstance(error, FORBIDDEN):
        return f"{where} grants {names.sasl_username or 'this client'} too little: {why}; the README lists it"
    because = f" ({error.__cause__!r})" if error.__cause__ is not None else ""
    return f"{where} does not answer or refuses: {why}{because}"


async def _knock(names: Kafka, server: str) -> None:
    host, _, port = server.rpartition(":")
    await knock(host, int(port), KNOCK_MS, credentials(names))


def _told(names: Kafka, server: str, error: Exception) -> Refusal | None:
    where, protocol = f"Kafka at {server}", f"kafka.security_protocol {names.security_protocol}"
    match error:
        case BadLoginError():
            who = f"{names.sasl_username} ({names.sasl_mechanism})"
            line = f"{where} refuses the login of {who}: check kafka.sasl_username and kafka.sasl_password"
        case UnknownLoginError():
            line = f"{where} does not take kafka.sasl_mechanism {names.sasl_mechanism}: ask which it takes"
        case NoLoginError():
            line = f"{where} logs nobody in, but {protocol} does: it may be PLAINTEXT or SSL there"
        case ssl.SSLCertVerificationError():
            why = error.verify_message.rstrip(".")
            line = f"{where} has a certificate that is not trusted ({why}): check kafka.ssl_cafile"
        case ssl.SSLError():
            line = f"{where} does not agree on encryption ({error.reason}): {protocol} may not be its own"
        case ConnectionLostError() | ConnectionResetError():
            more = "" if names.ssl_certfile else ", or it may ask for kafka.ssl_certfile"
            hint = f"{protocol} may not be its own{more}"
            return Refusal(f"{where} takes connections and closes them: {hint}", final=False)
        case _:
            return None
    return Refusal(line, final=True)
