"""A broker behind TLS and logins, and the certificates that it and its clients show."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)
from pydantic import SecretStr

from tests.conftest import free_ports
from tests.runtime.broker import Broker

USER: Final = "shoal"
GUEST: Final = "guest"
"""With the same password as USER, and no rights but those that a test grants it."""
PASSWORD: Final = "open, sesame"
KEY_PASSWORD: Final = "for the key"

PROTOCOLS: Final = {"LOGIN": "SASL_PLAINTEXT", "TLS": "SSL", "MUTUAL": "SSL", "BOTH": "SASL_SSL"}
"""Listeners beside the plain one, which is the test's own way in; MUTUAL asks for a certificate."""
_PACKAGE: Final = "org.apache.kafka.common.security"


class SecureBroker(Broker):
    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self._ports = dict(zip(PROTOCOLS, free_ports(len(PROTOCOLS)), strict=True))
        make_certificates(data)
        (data / "own.properties").write_text(self._properties())

    def at(self, listener: str) -> str:
        return f"127.0.0.1:{self._ports[listener]}"

    def start(self) -> None:
        super().start()
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, mechanism, PASSWORD)])

    def grant(self, kind: ResourceType, names: Iterable[str], *operations: ACLOperation) -> None:
        """Rights of GUEST."""
        allow = ACLPermissionType.ALLOW
        acls = [
            ACL(f"User:{GUEST}", "*", operation, allow, ResourcePattern(kind, name))
            for name in names
            for operation in operations
        ]
        with KafkaAdminClient(bootstrap_servers=self.bootstrap) as admin:
            admin.create_acls(acls)

    def _properties(self) -> str:
        listeners = ",".join(f"{name}://{self.at(name)}" for name in PROTOCOLS)
        plain = f"PLAINTEXT://{self.bootstrap}"
        protocols = ",".join(f"{name}:{protocol}" for name, protocol in PROTOCOLS.items())
        lines = [
            f"listeners={plain},CONTROLLER://127.0.0.1:{self.control},{listeners}",
            f"advertised.listeners={plain},{listeners}",
            f"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{protocols}",
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "ssl.keystore.type=PEM",
            f"ssl.keystore.location={self.data / 'broker.store.pem'}",
            "ssl.truststore.type=PEM",
            f"ssl.truststore.location={self.data / 'ca.pem'}",
            "listener.name.mutual.ssl.client.auth=required",
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            f"super.users=User:ANONYMOUS;User:{USER};User:CN=client",
            "connection.failed.authentication.delay.ms=0",
        ]
        users = " ".join(f'user_{name}="{PASSWORD}"' for name in (USER, GUEST))
        for name in ("login", "both"):
            where = f"listener.name.{name}"
            login = f"{_PACKAGE}.plain.PlainLoginModule required {users};"
            lines.append(f"{where}.plain.sasl.jaas.config={login}")
            for scram in ("scram-sha-256", "scram-sha-512"):
                lines.append(f"{where}.{scram}.sasl.jaas.config={_PACKAGE}.scram.ScramLoginModule required;")
        return "\n".join(lines) + "\n"


def login(mechanism: str, protocol: str = "SASL_PLAINTEXT", password: str = PASSWORD) -> dict[str, Any]:
    return {
        "security_protocol": protocol,
        "sasl_mechanism": mechanism,
        "sasl_username": USER,
        "sasl_password": SecretStr(password),
    }


def make_certificates(folder: Path) -> None:
    """An authority (ca.pem), and what it signed: broker.* and client.*, its key also locked."""
    openssl(folder, *_request("ca"), "-subj", "/CN=authority of a test")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"]
    for name in ("broker", "client"):
        host = ["-addext", "subjectAltName=IP:127.0.0.1"]
        openssl(folder, *_request(name), "-subj", f"/CN={name}", *signed, *host)
        parts = [(folder / part).read_text() for part in (f"{name}.key", f"{name}.pem", "ca.pem")]
        (folder / f"{name}.store.pem").write_text("".join(parts))
    locked = ["-out", "locked.key", "-passout", f"pass:{KEY_PASSWORD}"]
    openssl(folder, "pkcs8", "-topk8", "-in", "client.key", *locked)


def _request(name: str) -> list[str]:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    return ["req", "-x509", "-days", "2", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem"]


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
