"""Puts uv into a folder of the repository; the system's own Python is never written to.

Usage: python3 .ci/uv.py .uv        afterwards .uv/bin/uv runs
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

REQUIREMENT = "uv>=0.9,<1"
# Only for a Python that came with neither venv nor pip, as Debian's and Ubuntu's does until python3-venv is installed:
# a wheel of pip runs where it lies.
PIP = os.environ.get(
    "CIVICLINE_PIP_WHEEL",
    "https://files.pythonhosted.org/packages/07/25/ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/pip-26.3-py3-none-any.whl",
)
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


class Failed(Exception):
    """A way of getting uv does not work here; the text says why."""


def run(*command: str | Path) -> None:
    """Run a command quietly. Raises Failed with the last thing that it said."""
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise Failed(said[-1])


def by_venv(folder: Path) -> None:
    """The usual way: a virtual environment with pip in it."""
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", REQUIREMENT)


def by_pip(folder: Path) -> None:
    """The system's pip, told to install into our folder: allowed by PEP 668, which guards the system's own."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, REQUIREMENT)


def by_wheel(folder: Path) -> None:
    """A pip that is only borrowed: its wheel, checked against its hash."""
    folder.mkdir()
    wheel = folder / PIP.rsplit("/", 1)[-1]
    try:
        with urllib.request.urlopen(PIP, timeout=60) as answer:  # noqa: S310 (https, and checked by its hash)
            content = answer.read()
    except OSError as error:
        raise Failed(f"{PIP}: {error}") from None
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        raise Failed(f"{PIP}: not the file that was expected")
    wheel.write_bytes(content)
    run(sys.executable, wheel / "pip", "install", "--quiet", "--target", folder, REQUIREMENT)


def bootstrap(folder: Path) -> Iterator[str]:
    """Try each way in a folder of its own until `folder`/bin/uv runs; yields what went wrong on the way."""
    for way in (by_venv, by_pip, by_wheel):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            way(folder)
            run(folder / "bin" / "uv", "--version")
        except (Failed, OSError) as error:
            yield f"{way.__name__}: {error}"
        else:
            return
    shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Return 0 when uv is there."""
    folder = Path(sys.argv[1])
    if sys.version_info < (3, 11):  # noqa: UP036 (this very line tells the others)
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"Civicline needs Python 3.11 or newer, {sys.executable} is {found}: make PYTHON=/path/to/python3.11", file=sys.stderr
        )
        return 2
    problems = list(bootstrap(folder))
    if (folder / "bin" / "uv").exists():
        return 0
    print("uv could not be installed: " + "; ".join(problems), file=sys.stderr)
    print("Is the network there? On Debian and Ubuntu `apt-get install python3-venv` helps.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
