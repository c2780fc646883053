"""The jars of Kafka: fetched once, proven, and one sentence when they cannot be had."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from deploy.local.errors import StackError
from deploy.local.jars import KAFKA_VERSION, fetch_jars, user_cache_dir
from deploy.local.progress import silent


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the filled cache, out of reach of any network."""
    (tmp_path / f"kafka-{KAFKA_VERSION}").mkdir()
    jars = fetch_jars(user_cache_dir(), progress=silent)
    for path in (*jars, jars[0].with_name("verified.json")):
        os.link(path, tmp_path / f"kafka-{KAFKA_VERSION}" / path.name)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return tmp_path


def test_a_filled_cache_needs_no_network(cache: Path) -> None:
    assert len(fetch_jars(cache, progress=silent)) == 92


def test_no_network_is_one_sentence_that_says_what_to_do(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(
        StackError, match=r"could not be fetched .* connect this machine to the internet"
    ) as raised:
        fetch_jars(tmp_path / "empty", progress=silent)

    assert "\n" not in str(raised.value)
    assert not list(tmp_path.glob("empty/**/*.jar"))


def test_a_truncated_jar_is_fetched_again(cache: Path) -> None:
    jar = fetch_jars(cache, progress=silent)[5]
    half = jar.read_bytes()[: jar.stat().st_size // 2]
    jar.unlink()  # the name only: the bytes belong to the real cache as well
    jar.write_bytes(half)

    with pytest.raises(StackError, match=f"at {jar.name}"):  # tried, and there is no network
        fetch_jars(cache, progress=silent)


def test_a_second_process_waits_for_the_one_that_fetches(cache: Path) -> None:
    folder = cache / f"kafka-{KAFKA_VERSION}"
    (folder / "verified.json").unlink()
    waits, fetched = threading.Event(), list[Path]()

    def progress(step: str, *, done: int = 0, total: int = 0) -> None:
        if step.startswith("Waiting for another Saman"):
            waits.set()

    second = threading.Thread(target=lambda: fetched.extend(fetch_jars(cache, progress=progress)))
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        assert waits.wait(10)
        assert not fetched
    second.join(10)

    assert len(fetched) == 92


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.delenv("SAMAN_CACHE_DIR", raising=False)
    assert user_cache_dir() == Path("/somewhere/saman")
    monkeypatch.setenv("SAMAN_CACHE_DIR", "/elsewhere")
    assert user_cache_dir() == Path("/elsewhere")
