"""Starts the programs of the stack, and ends those - and only those - that are provably its own.

A pid alone proves nothing, because the kernel gives it to a stranger as soon as its owner is gone.
So a record is kept beside the data: pid, the moment the process started, the boot it started in,
and a path that stands in its command line. All four must agree before a signal is sent.

*Attached* programs end when their parent ends, even by SIGKILL: the kernel sends them their stop
signal. *Detached* ones stay. Both run in a session of their own, so that Ctrl-C reaches the parent
alone, which then ends things in order.

The kernel watches the thread that started a program, not the whole process: call `start` from the
thread that stays. Needs Linux (`/proc`, `prctl`).
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local.errors import StackError

GRACE_SECONDS = 20.0
"""How long a program may take to stop before it is killed (CONTRACTS.md §4)."""

_POLL_SECONDS = 0.05
_LAUNCHER = Path(__file__).with_name("launch.py")
_LOG_BYTES_MAX = 10_000_000
# What the user's shell sets for other Java or PostgreSQL programs must not change ours.
_INHERITED = ("PATH", "HOME", "TMPDIR", "TZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run."""

    name: str
    argv: tuple[str, ...]
    marker: str
    """A part of `argv` that no other program has: the path of its data."""
    cwd: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    """Uid and gid to run as; only root can choose."""
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started by this stack, now or by an earlier run."""

    name: str
    pid: int
    started_ticks: int
    boot_id: str
    marker: str
    stop_signal: int

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        _reap(self.pid)
        return _started_ticks(self.pid) == self.started_ticks

    def is_ours(self) -> bool:
        """Tell whether what runs under this pid is provably what was started."""
        return (
            self.boot_id == _boot_id() and self.alive() and self.marker in _command_line(self.pid)
        )

    async def ended(self) -> None:
        """Return when the process is gone; also for one that is not a child of ours."""
        while self.alive():  # noqa: ASYNC110 - nobody in this process could set an event
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the process to stop, kill it when it does not, and return when it is gone."""
        if not self.is_ours():
            return
        _send(self.pid, self.stop_signal)
        try:
            await asyncio.wait_for(self.ended(), grace_seconds)
        except TimeoutError:
            if self.is_ours():
                _send(self.pid, signal.SIGKILL)
            await self.ended()


def start(program: Program, folder: Path, *, attached: bool) -> Running:
    """Start the program and keep its record in `folder/run`."""
    task = {
        "argv": program.argv,
        "cwd": str(program.cwd),
        "user": program.user,
        "death_signal": program.stop_signal,
    }
    pid = _spawn({**task, "parent": os.getpid() if attached else None}, program)
    ticks = _started_ticks(pid)
    if ticks is None:
        raise StackError(f"{program.name} ended at once: see {program.log}.")
    running = Running(program.name, pid, ticks, _boot_id(), program.marker, program.stop_signal)
    _write_record(_record(folder, program.name), running)
    return running


async def run(program: Program) -> int:
    """Run the program to its end and return its exit status; it ends with us when we end."""
    task = {
        "argv": program.argv,
        "cwd": str(program.cwd),
        "user": program.user,
        "death_signal": signal.SIGKILL,
    }
    pid = _spawn({**task, "parent": os.getpid()}, program)
    try:
        while (status := _exit_status(pid)) is None:  # noqa: ASYNC110 - as above
            await asyncio.sleep(_POLL_SECONDS)
    except asyncio.CancelledError:
        _send(pid, signal.SIGKILL)
        raise
    return status


def can_enter(user: tuple[int, int], paths: Iterable[Path]) -> bool:
    """Ask the kernel whether that user may read and enter all these paths; modes alone do not tell
    (ACLs, mounts).
    """
    task = {"user": user, "probe": [str(path) for path in paths]}
    pid = os.posix_spawn(sys.executable, _launcher_argv(task), {})
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def find(folder: Path, name: str) -> Running | None:
    """Return what an earlier run left running under that name, if it is provably ours."""
    try:
        running = Running(**json.loads(_record(folder, name).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return running if running.is_ours() else None


async def end_leftovers(folder: Path, *names: str) -> list[str]:
    """End what an earlier run left behind and return the names; without names, everything that has
    a record.
    """
    wanted = names or tuple(sorted(path.stem for path in (folder / "run").glob("*.json")))
    left = [running for name in wanted if (running := find(folder, name))]
    await asyncio.gather(*(running.stop() for running in left))
    for name in wanted:
        _record(folder, name).unlink(missing_ok=True)
    return [running.name for running in left]


def last_lines(log: Path, count: int = 3) -> str:
    """Return the end of a log as one line, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4_096))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return "nothing"
    return " / ".join(line.strip() for line in lines[-count:] if line.strip()) or "nothing"


def _spawn(task: Mapping[str, object], program: Program) -> int:
    """Start the launcher; `posix_spawn` neither forks our threads' locks nor hands on our files."""
    program.log.parent.mkdir(parents=True, exist_ok=True)
    if program.log.exists() and program.log.stat().st_size > _LOG_BYTES_MAX:
        program.log.replace(program.log.with_name(f"{program.log.name}.1"))
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(program.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(
        sys.executable,
        _launcher_argv(task),
        {**environment, **program.environment},
        file_actions=files,
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    )


def _launcher_argv(task: Mapping[str, object]) -> list[str]:
    return [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(task)]


def _record(folder: Path, name: str) -> Path:
    return folder / "run" / f"{name}.json"


def _write_record(path: Path, running: Running) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(running)))
    part.replace(path)


def _send(pid: int, number: int) -> None:
    with suppress(
        ProcessLookupError
    ):  # it ended by itself in the meantime, which is what was wanted
        os.kill(pid, number)


def _reap(pid: int) -> None:
    """Take leave of a child that ended, so that no zombie stays; what an earlier run started is not
    our child.
    """
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _exit_status(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _started_ticks(pid: int) -> int | None:
    """Return when the process started, in clock ticks since boot; None when there is none or only
    its remains.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses and may itself hold blanks and
    # parentheses.
    state, *fields = stat[stat.rindex(")") + 2 :].split()
    # A killed program looks dead as soon as its first thread is, while the others still hold its
    # ports.
    threads = int(fields[16])
    return None if state in "ZX" and threads <= 1 else int(fields[18])


def _command_line(pid: int) -> str:
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
