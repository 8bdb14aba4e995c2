"""Where programs listen: free ports, taken ones, and which program is ours to start."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from bot.children import answers

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Taken(Exception):
    """Nobody can listen there; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where a program is to be reached, and whether it is ours to start there."""

    url: str
    ours: bool

    @property
    def arguments(self) -> tuple[str, ...]:
        """The program's command-line arguments for it."""
        parts = urlsplit(self.url)
        return "--host", str(parts.hostname), "--port", str(parts.port or 80)


async def place(session: aiohttp.ClientSession, url: str) -> Place:
    """Decide about a program: where `url` says, or, if that is empty, on a free port of this machine.

    It is not ours to start when something healthy answers there, when the address is another machine's, or when
    its port is taken.
    """
    if not url:
        return Place(f"http://127.0.0.1:{free_port()}", ours=True)
    parts = urlsplit(url)
    if parts.hostname not in LOOPBACK or parts.path or parts.scheme != "http" or await answers(session, f"{url}/health"):
        return Place(url, ours=False)
    return Place(url, ours=is_free(parts.hostname, parts.port or 80))


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    try:
        try_to_listen(host, port)
    except Taken:
        return False
    return True


def try_to_listen(host: str, port: int) -> None:
    """Listen and let go. Raises Taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family):
            pass
    except socket.gaierror as error:
        raise Taken(error.strerror) from None
    except OSError as error:
        raise Taken(os.strerror(error.errno or 0)) from None
