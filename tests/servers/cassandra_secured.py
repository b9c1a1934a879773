"""A Cassandra that asks who one is and talks TLS alone, with a certificate that its clients are given."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.servers.base import Unavailable
from tests.servers.cassandra import Cassandra, CassandraNode, java

PASSWORD = "changeit"
"""Of the keystore, which nobody but this run's server reads."""

SUPERUSER = {"username": "cassandra", "password": "cassandra"}
"""Whom Cassandra comes with."""

# What was granted counts at once.
SETTINGS = """
permissions_validity: 0ms
roles_validity: 0ms
credentials_validity: 0ms
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
client_encryption_options:
  enabled: true
  optional: false
  keystore: {node.keystore}
  keystore_password: {password}
"""


class SecuredNode(CassandraNode):
    @property
    def keystore(self) -> Path:
        return self.folder / "keystore.p12"

    @property
    def certificate(self) -> Path:
        """What a client must trust."""
        return self.folder / "certificate.pem"

    def command(self) -> list[str]:
        if not self.certificate.exists():
            self._certify()
        return super().command()

    def settings(self) -> str:
        return super().settings() + SETTINGS.format(node=self, password=PASSWORD)

    def answers(self) -> bool:
        """Whether it shows its certificate."""
        try:
            with (
                socket.create_connection((self.host, self.port), timeout=1) as plain,
                self.context().wrap_socket(plain, server_hostname=self.host),
            ):
                return True
        except OSError:
            return False

    def context(self) -> ssl.SSLContext:
        """One that trusts this server and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def cluster(self, **arguments: Any) -> Any:
        from cassandra.auth import PlainTextAuthProvider

        return super().cluster(
            ssl_context=self.context(), auth_provider=PlainTextAuthProvider(**SUPERUSER), **arguments
        )

    def _certify(self) -> None:
        """Sign a certificate for its address, and write it down for clients."""
        store = ("-keystore", str(self.keystore), "-storetype", "PKCS12", "-storepass", PASSWORD, "-alias", "node")
        names = ("-dname", "CN=feeds", "-ext", f"SAN=IP:{self.host}", "-validity", "2")
        for command in (
            [keytool(), "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", *names, *store],
            [keytool(), "-exportcert", "-rfc", "-file", str(self.certificate), *store],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=120)


class SecuredCassandra(Cassandra):
    """
    One node. A role with a password is made by who wants one.

    Its `options` are those of Cassandra's own superuser.
    """

    node_class = SecuredNode

    @property
    def options(self) -> dict[str, Any]:
        (node,) = self.nodes
        assert isinstance(node, SecuredNode)
        return {
            **super().options,
            "USERNAME": SUPERUSER["username"],
            "PASSWORD": SUPERUSER["password"],
            "CLUSTER": {"ssl_context": node.context()},
        }


@cache
def keytool() -> str:
    """Java's own, which makes certificates."""
    beside = Path(java()).resolve().with_name("keytool")
    found = str(beside) if beside.exists() else shutil.which("keytool")
    if found is None:
        raise Unavailable("this Java has no keytool: apt-get install openjdk-17-jre-headless")
    return found
