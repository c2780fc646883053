"""Assets: served by ourselves for a year under a name that changes with them, and built once."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from deploy import assets as building
from shared.web.assets import Assets


async def fetch(assets: Assets, address: str) -> tuple[int, str | None, str]:
    app = FastAPI()
    app.mount(assets.prefix, assets)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(address)
    return answer.status_code, answer.headers.get("cache-control"), answer.text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.css").write_text("a {}")
    return tmp_path


async def test_a_file_under_its_fingerprint_may_be_kept_for_a_year(folder: Path) -> None:
    assets = Assets("/metrics/static", [folder])

    assert await fetch(assets, assets.url("a.css")) == (
        200,
        "public, max-age=31536000, immutable",
        "a {}",
    )


async def test_a_file_under_an_older_fingerprint_is_served_but_not_kept(folder: Path) -> None:
    assets = Assets("/metrics/static", [folder])

    assert await fetch(assets, "/metrics/static/000000000000/a.css") == (200, "no-cache", "a {}")


def test_the_fingerprint_changes_with_the_content(folder: Path) -> None:
    before = Assets("/s", [folder]).url("a.css")
    (folder / "a.css").write_text("b {}")

    assert Assets("/s", [folder]).url("a.css") != before


@pytest.mark.parametrize(
    "path",
    ["x/../../secret.txt", "x/%2e%2e/%2e%2e/secret.txt", "x//etc/passwd", "x/missing.css", "x", ""],
)
async def test_nothing_outside_the_folder_can_be_fetched(folder: Path, path: str) -> None:
    (folder.parent / "secret.txt").write_text("secret")
    assets = Assets("/s", [folder])

    status, _, text = await fetch(assets, f"/s/{path}")

    assert status == 404
    assert "secret" not in text


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (
            "npm error code ECONNREFUSED\nnpm error network …",
            "cannot reach its registry (ECONNREFUSED)",
        ),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "does not trust its registry's certificate"),
        ("npm error code EINTEGRITY", "not the one that package-lock.json pins"),
        ("npm error code EUSAGE", "npm failed with EUSAGE"),
        ("out of memory", "npm failed without a code (out of memory)"),
    ],
)
def test_a_failed_installation_is_told_in_one_sentence(stderr: str, sentence: str) -> None:
    told = building.why(stderr)

    assert sentence in told
    assert "\n" not in told


def test_every_package_goes_with_its_licence_and_a_fixed_version() -> None:
    lock = (building.ROOT / "package-lock.json").read_text()
    licensed = {
        copied.package for copied in building.COPIED if copied.target.endswith("/LICENSE.txt")
    }

    assert licensed == {copied.package for copied in building.COPIED}
    assert '"resolved"' not in lock
    assert all(f'"node_modules/{package}"' in lock for package in licensed)
