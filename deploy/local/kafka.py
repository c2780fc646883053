"""Apache Kafka (KRaft, broker and controller in one process) from its published jars, as one
supervised program.
"""

import asyncio
import base64
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.local import java, processes
from deploy.local.errors import StackError
from deploy.local.jars import fetch_jars, user_cache_dir
from deploy.local.ports import HOST, Ports
from deploy.local.processes import Program, Running
from deploy.local.progress import Progress, silent
from shared.kafka.broker import BusSettings

# After a crash the broker first reads its logs again, which can take a while on a slow disk.
_READY_SECONDS = 120.0
_POLL_SECONDS = 0.05

# One broker on a small machine. What a topic wants for itself (partitions, retention, cleanup) its
# definition says.
PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INTERNAL",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(
        1_310_720
    ),  # a body of 1 MiB (CONTRACTS.md §3) with its key and headers
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "12",
    "offsets.retention.minutes": str(
        365 * 24 * 60
    ),  # a stack that was off for a week must not forget where it was
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": str(
        16 << 20
    ),  # the default of 128 MB is a third of the heap, taken at once
    # After a crash the controller refuses the broker until the session of the one before it is over
    # (9 s by default).
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # Each such record is a write to the disk, every half second by default, for a quorum that has
    # only one member.
    "metadata.max.idle.interval.ms": "5000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One more door of the broker beside the plain one for this machine's services."""

    name: str
    protocol: str
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    port: int | None = None
    """None: a free one at the first start, kept afterwards."""
    host: str = HOST


def nothing() -> None:
    """Prepare nothing."""


def without_account(bootstrap: str) -> BusSettings:
    """Return settings for a broker that asks nobody who he is."""
    return BusSettings(bootstrap=bootstrap)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """What somebody who needs more than the plain broker adds to it."""

    listeners: tuple[Listener, ...] = ()
    protocols: Mapping[str, str] = field(default_factory=dict)
    """Of INTERNAL and CONTROLLER where they are not PLAINTEXT."""
    prepare: Callable[[], None] = nothing
    """Called before each start, while nobody else may use the folder: writes the files that
    properties name.
    """
    bus_at: Callable[[str], BusSettings] = without_account
    """For an address of INTERNAL, with what somebody who asks whether the broker answers comes
    there.
    """
    properties: Mapping[str, str] = field(default_factory=dict)
    """Added to `server.properties`; where a name is ours as well, this value holds."""
    format_arguments: tuple[str, ...] = ()
    """For `kafka-storage format` at the first start, e.g. `--add-scram`."""
    java_options: tuple[str, ...] = ()
    heap_megabytes: int = 384
    cluster_id: str = ""
    """For a broker that is one of several, which all have the same; one of its own by default."""


class KafkaServer:
    """The one broker of a stack folder; it can be started again after it was stopped or died."""

    name = "kafka"

    def __init__(
        self,
        folder: Path,
        *,
        attached: bool = True,
        port: int | None = None,
        options: KafkaOptions | None = None,
    ) -> None:
        self._folder = folder
        self._attached = attached
        self._wanted_port = port
        self._options = options or KafkaOptions()
        self._jars: list[Path] = []
        self._running: Running | None = None
        self.data_dir = folder / "kafka"
        self.log = folder / "logs" / "kafka.log"
        self._output = folder / "logs" / "kafka.out"
        self.ready = False

    @property
    def bootstrap(self) -> str:
        """The address of the plain listener, the same at each start."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process that was started last, None before the first start."""
        return self._running.pid if self._running else None

    @property
    def port(self) -> int:
        """The port of the plain listener on the loopback address."""
        return self.port_of("INTERNAL")

    def port_of(self, listener: str) -> int:
        """Return the port of a listener: INTERNAL, CONTROLLER, or one from the options."""
        if listener == "INTERNAL":
            return Ports(self._folder).take("kafka", wanted=self._wanted_port)
        wanted = next(
            (door.port for door in self._options.listeners if door.name == listener), None
        )
        return Ports(self._folder).take(f"kafka-{listener.lower()}", wanted=wanted)

    async def start(self, *, progress: Progress = silent) -> None:
        """Start the broker, at the first time with new data, and return when it answers.

        Raises:
            StackError: the jars cannot be had, a port is taken, or the broker ended again.
        """
        self.ready = False
        if not await self._adopted():
            await processes.end_leftovers(self._folder, self.name)
            self._jars = await asyncio.to_thread(fetch_jars, user_cache_dir(), progress=progress)
            self._require_free_ports()
            self._options.prepare()
            self._write_properties()
            if not (self.data_dir / "log" / "meta.properties").exists():
                progress("Creating the Kafka data folder")
                await self._format()
            progress("Starting Kafka")
            await self._start_broker()
        self.ready = True

    async def stop(self, *, grace_seconds: float = processes.GRACE_SECONDS) -> None:
        """Stop the broker, kill it when it takes longer than that, and return when it is gone."""
        self.ready = False
        if running := self._running or processes.find(self._folder, self.name):
            await running.stop(grace_seconds=grace_seconds)

    async def ended(self) -> None:
        """Return when the broker is gone, for a supervisor that then calls `start` again."""
        if self._running:
            await self._running.ended()
        self.ready = False

    async def _adopted(self) -> bool:
        """Take over a broker that an earlier run left on purpose, if this one would be left as well
        and it answers.
        """
        self._running = None if self._attached else processes.find(self._folder, self.name)
        return self._running is not None and await self._answers()

    def _require_free_ports(self) -> None:
        for listener in (
            "INTERNAL",
            "CONTROLLER",
            *(door.name for door in self._options.listeners),
        ):
            Ports(self._folder).require_free("Kafka", self.port_of(listener))

    def _write_properties(self) -> None:
        """Write the configuration anew at each start: it follows the code, not what an older
        version wrote.
        """
        plain = {"INTERNAL": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **self._options.protocols}
        doors = {"INTERNAL": (plain["INTERNAL"], f"{HOST}:{self.port}")}
        doors |= {
            door.name: (door.protocol, f"{door.host}:{self.port_of(door.name)}")
            for door in self._options.listeners
        }
        controller = f"{HOST}:{self.port_of('CONTROLLER')}"
        protocols = {**plain, **{name: protocol for name, (protocol, _) in doors.items()}}
        advertised = [f"{name}://{address}" for name, (_, address) in doors.items()]
        properties = {
            **PROPERTIES,
            "log.dirs": str(self.data_dir / "log"),
            "controller.quorum.voters": f"1@{controller}",
            "listeners": ",".join([*advertised, f"CONTROLLER://{controller}"]),
            "advertised.listeners": ",".join(advertised),
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in protocols.items()
            ),
            **self._options.properties,
        }
        shutil.rmtree(
            self.data_dir / "tmp", ignore_errors=True
        )  # native code that a killed JVM left unpacked
        (self.data_dir / "tmp").mkdir(parents=True)
        path = self.data_dir / "server.properties"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    async def _format(self) -> None:
        cluster_id = self._options.cluster_id or new_cluster_id()
        arguments = (
            "format",
            "--ignore-formatted",
            "--cluster-id",
            cluster_id,
            "--config",
            self._properties,
        )
        program = self._program(
            "kafka.tools.StorageTool",
            (*arguments, *self._options.format_arguments),
            heap_megabytes=128,
        )
        if await processes.run(program):
            raise StackError(
                f"Kafka could not make its data folder ({processes.last_lines(self._output)}): see"
                f" {self._output}."
            )

    async def _start_broker(self) -> None:
        program = self._program(
            "kafka.Kafka", (self._properties,), heap_megabytes=self._options.heap_megabytes
        )
        self._running = processes.start(program, self._folder, attached=self._attached)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not await self._answers():
                    if not self._running.alive():
                        raise StackError(
                            f"Kafka ended while starting ({self._last_words()}): see {self.log} and"
                            f" {self._output}."
                        )
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            await self.stop()
            raise StackError(
                f"Kafka did not answer within {_READY_SECONDS:.0f} s: see {self.log}."
            ) from error

    @property
    def _properties(self) -> str:
        return str(self.data_dir / "server.properties")

    def _program(
        self, main_class: str, arguments: tuple[str, ...], *, heap_megabytes: int
    ) -> Program:
        options = (
            f"-Dlog4j2.configurationFile={Path(__file__).with_name('kafka_log4j2.yaml')}",
            f"-Dsaman.logs={self.log.parent}",
            # Not /tmp: it may forbid programs, and nobody tidies up there.
            f"-Djava.io.tmpdir={self.data_dir / 'tmp'}",
            f"-XX:ErrorFile={self.log.parent / 'kafka-crash.log'}",
            *self._options.java_options,
        )
        cache = java.aot_cache(self._jars)
        return Program(
            name=self.name,
            argv=(
                *java.command(
                    main_class, heap_megabytes=heap_megabytes, cache=cache, options=options
                ),
                *arguments,
            ),
            marker=self._properties,
            cwd=self.data_dir,
            log=self._output,
            environment=java.environment(self._jars),
        )

    def _last_words(self) -> str:
        said = processes.last_lines(self.log, 40)
        errors = [part for part in said.split(" / ") if " ERROR " in part or "Exception" in part]
        return errors[-1] if errors else processes.last_lines(self._output)

    async def _answers(self) -> bool:
        """Ask for the metadata; the list of brokers is empty until the controller knows this
        one.
        """
        if not await _is_listening(
            self.port
        ):  # the client would write an error to the log at each try
            return False
        bus = self._options.bus_at(self.bootstrap).model_copy(
            update={"client_id": "saman-readiness"}
        )
        client = AIOKafkaClient(**bus.client_options(), request_timeout_ms=5_000)
        try:
            await client.bootstrap()
            return bool(client.cluster.brokers())
        except KafkaError:
            return False
        finally:
            await client.close()


def new_cluster_id() -> str:
    """Return an id for a new cluster."""
    # One that began with "-" would be taken for an option; Kafka's own ids avoid it as well.
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
