"""Fetches the published jars of Apache Kafka into the user's cache folder, and proves that they are
the right ones.

The repository holds no third-party program: it holds the list of jars with their SHA-256 sums
(`kafka_jars.txt`). The wheel `maven-artifact` knows where artefacts are published. The cache is
shared by all clones of this user, so two processes may want the same jars at the same time: a lock
lets one fetch while the other waits, and a jar appears under its name only when it is whole and
verified.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import requests
from maven_artifact import Artifact, Downloader

from deploy.local.errors import StackError
from deploy.local.progress import Progress

KAFKA_VERSION = "4.3.1"
_LIST = Path(__file__).with_name("kafka_jars.txt")
_STEP = f"Fetching Apache Kafka {KAFKA_VERSION}"
_VERIFIED = "verified.json"
# More connections do not make 55 MB come sooner, and public repositories slow greedy clients down.
_DOWNLOADS_AT_ONCE = 8
_TIMEOUT_SECONDS = (10, 60)
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Jar:
    """One published artefact and the sum that it must have."""

    group: str
    name: str
    version: str
    classifier: str | None
    sha256: str

    @property
    def filename(self) -> str:
        """The name in the cache: with the version, because that tells two releases apart."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.jar"


def user_cache_dir() -> Path:
    """Return the folder where this user keeps what can be fetched again, `SAMAN_CACHE_DIR` before
    everything else.
    """
    if own := os.environ.get("SAMAN_CACHE_DIR"):
        return Path(own).expanduser().absolute()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).expanduser().absolute() / "saman"
    return Path.home() / ".cache" / "saman"


def fetch_jars(cache_dir: Path, *, progress: Progress) -> list[Path]:
    """Return the jars of Kafka in the order of the list, fetching those that are missing or
    damaged.

    Args:
        cache_dir: the user's cache folder, see `user_cache_dir`.
        progress: told how many of the jars are there.

    Raises:
        StackError: a jar cannot be fetched, is not the one that the list promises, or the folder
            cannot be written.
    """
    jars = _read_list()
    folder = cache_dir / f"kafka-{KAFKA_VERSION}"
    try:
        if not _all_verified(folder, jars):
            folder.mkdir(parents=True, exist_ok=True)
            with _only_one_fetches(folder, progress):
                if not _all_verified(folder, jars):
                    _fetch_missing(folder, jars, progress)
    except OSError as error:
        raise StackError(
            f"The cache folder {folder} cannot be used ({error.strerror}): make room or set"
            " SAMAN_CACHE_DIR to a folder that you may write to."
        ) from error
    return [folder / jar.filename for jar in jars]


def _read_list() -> list[Jar]:
    lines = (
        line.split() for line in _LIST.read_text().splitlines() if line and not line.startswith("#")
    )
    return [Jar(*_coordinate(coordinate), sha256) for coordinate, sha256 in lines]


def _coordinate(text: str) -> tuple[str, str, str, str | None]:
    group, name, version, *classifier = text.split(":")
    return group, name, version, classifier[0] if classifier else None


def _all_verified(folder: Path, jars: list[Jar]) -> bool:
    """Tell whether nothing changed since the sums were last checked; to hash 55 MB at each start
    would be slow.
    """
    try:
        verified = json.loads((folder / _VERIFIED).read_text())
        return bool(verified == {jar.filename: _mark(folder / jar.filename, jar) for jar in jars})
    except (FileNotFoundError, ValueError):
        return False


def _mark(path: Path, jar: Jar) -> list[str | int]:
    """Return what a damaged, replaced or no longer wanted file cannot have in common with the
    verified one.
    """
    state = path.stat()
    return [jar.sha256, state.st_size, state.st_mtime_ns]


@contextmanager
def _only_one_fetches(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets it go when the process dies, whatever it dies of."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another Saman that is fetching Apache Kafka")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_missing(folder: Path, jars: list[Jar], progress: Progress) -> None:
    for remains in folder.glob(
        "*.part"
    ):  # what a killed process left; whoever holds the lock is alone here
        remains.unlink()
    missing = [jar for jar in jars if not _is_intact(folder / jar.filename, jar)]
    there = len(jars) - len(missing)
    progress(_STEP, done=there, total=len(jars))
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        downloads = [pool.submit(_fetch, folder, jar) for jar in missing]
        try:
            for done, download in enumerate(as_completed(downloads), start=there + 1):
                download.result()
                progress(_STEP, done=done, total=len(jars))
        finally:
            pool.shutdown(cancel_futures=True)
    _replace(
        folder / _VERIFIED,
        json.dumps({jar.filename: _mark(folder / jar.filename, jar) for jar in jars}),
    )


def _is_intact(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def _fetch(folder: Path, jar: Jar) -> None:
    """Fetch one jar; it gets its name only after its sum was right."""
    part = folder / f"{jar.filename}.part"
    part.write_bytes(_download(jar))
    if not _is_intact(part, jar):
        part.unlink()
        raise StackError(
            f"The fetched {jar.filename} is not the published one (its SHA-256 sum differs from the"
            " list): something between here and the Maven repository alters downloads, so try"
            " again from another network."
        )
    part.replace(folder / jar.filename)


def _download(jar: Jar) -> bytes:
    """Return the published bytes.

    `Downloader.download` is not used: it prints, has no time limit, and writes under the final name
    from the first byte on.
    """
    downloader = Downloader()
    uri = downloader.resolver.uri_for_artifact(
        Artifact(jar.group, jar.name, jar.version, jar.classifier)
    )

    def fail(_uri: str, error: Exception) -> NoReturn:
        raise StackError(_no_download(jar, error)) from error

    try:
        content: bytes = downloader.requestor.request(uri, fail, timeout=_TIMEOUT_SECONDS).content
    except requests.RequestException as error:
        raise StackError(_no_download(jar, error)) from error
    return content


def _no_download(jar: Jar, error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        why = f"the Maven repository answered {error.response.status_code} for {jar.filename}"
        return f"Apache Kafka could not be fetched ({why}): try again later."
    return (
        f"Apache Kafka could not be fetched ({_reason(error)} at {jar.filename}): connect this"
        " machine to the internet once, or check HTTPS_PROXY, or copy a filled cache folder from"
        f" another machine to {user_cache_dir()}."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not answer"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate was not trusted"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "no connection"


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.replace(path)
