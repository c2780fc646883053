"""The stack's own programs: the four services in one process, and the mail catcher. Each can be
started again.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from deploy.local import processes
from deploy.local.errors import StackError
from deploy.local.folder import write_private
from deploy.local.ports import HOST, Ports
from deploy.local.processes import Program, Running
from deploy.local.progress import Progress, silent
from shared.service.clients import new_client

READY_SECONDS = 90.0
POLL_SECONDS = 0.05


class ProgramServer:
    """One program of ours that serves HTTP on a port that is kept.

    Args:
        folder: the stack's.
        name: under which its record, log and port are kept.
        arguments: after `python -m`; `marker` must be among them.
        marker: the path by which the process is known to be ours.
        ready_path: address that answers 200 when it is ready.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        arguments: tuple[str, ...],
        *,
        marker: str,
        ready_path: str,
        attached: bool,
    ) -> None:
        self.name = name
        self.ready = False
        self.log = folder / "logs" / f"{name}.log"
        self._folder = folder
        self._arguments = arguments
        self._marker = marker
        self._ready_path = ready_path
        self._attached = attached
        self._running: Running | None = None

    @property
    def port(self) -> int:
        """The HTTP port on the loopback address, the same at each start."""
        return Ports(self._folder).take(self.name)

    @property
    def address(self) -> str:
        """Where it serves HTTP."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process that was started last, None before the first start."""
        return self._running.pid if self._running else None

    async def start(self, *, progress: Progress = silent) -> None:
        """Start the program, or take over the one that runs already, and return when it is ready.

        Raises:
            StackError: the port is taken, or the program ended or did not get ready.
        """
        self.ready = False
        running = processes.find(self._folder, self.name)
        if running is None or not await self._answers():
            await processes.end_leftovers(self._folder, self.name)
            Ports(self._folder).require_free(self.name, self.port)
            progress(f"Starting the {self.name}")
            running = processes.start(self._program(), self._folder, attached=self._attached)
        self._running = running
        await self._until_ready(running)
        self.ready = True

    async def stop(self) -> None:
        """Stop the program and return when it is gone."""
        self.ready = False
        if self._running is not None:
            await self._running.stop()
        await processes.end_leftovers(self._folder, self.name)

    async def ended(self) -> None:
        """Return when the program is gone, whatever it ended of."""
        if self._running is not None:
            await self._running.ended()
        self.ready = False

    def _program(self) -> Program:
        return Program(
            name=self.name,
            argv=(sys.executable, "-m", *self._arguments),
            marker=self._marker,
            cwd=self._folder,
            log=self.log,
        )

    async def _until_ready(self, running: Running) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not await self._answers():
            if not running.alive():
                raise StackError(
                    f"The {self.name} ended at once: see {self.log}"
                    f" ({processes.last_lines(self.log)})."
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"The {self.name} did not get ready in {READY_SECONDS:.0f} s"
                    f" ({await self._reasons()}): see {self.log}."
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        try:
            async with new_client(timeout=2) as client:
                answer = await client.get(f"{self.address}{self._ready_path}")
        except httpx2.HTTPError:
            return False
        return answer.status_code == 200

    async def _reasons(self) -> str:
        try:
            async with new_client(timeout=2) as client:
                return (await client.get(f"{self.address}{self._ready_path}")).text[:500]
        except httpx2.HTTPError as error:
            return f"it does not answer: {type(error).__name__}"


def services_server(folder: Path, settings: Mapping[str, str], *, attached: bool) -> ProgramServer:
    """Return the four services in one process; what they are told lies in a file that only the
    owner reads.
    """
    env_file = folder / "services.env"
    write_private(env_file, "".join(f"{name}='{value}'\n" for name, value in settings.items()))
    port = Ports(folder).take("services")
    arguments = (
        "deploy.cli.main",
        "serve",
        "all",
        "--env-file",
        str(env_file),
        "--port",
        str(port),
    )
    return ProgramServer(
        folder,
        "services",
        arguments,
        marker=str(env_file),
        ready_path="/-/ready",
        attached=attached,
    )


def mail_server(folder: Path, *, attached: bool) -> ProgramServer:
    """Return the mail catcher, which takes every mail and shows it on a page."""
    mails = folder / "mails"
    ports = Ports(folder)
    arguments = (
        "deploy.local.mail_catcher",
        "--smtp-port",
        str(ports.take("smtp")),
        "--http-port",
        str(ports.take("mail")),
        "--dir",
        str(mails),
    )
    return ProgramServer(
        folder, "mail", arguments, marker=str(mails), ready_path="/readyz", attached=attached
    )
