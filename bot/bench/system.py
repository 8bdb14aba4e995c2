"""A whole Civicline of its own, as `civicline up` starts it, with a local provider in Twilio's place: for benches and tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.answers import ROOT
from bot.sandbox.provider import LocalProvider

# The first start on a machine trains the model; engine and TensorFlow take some 20 s of two cores.
PATIENCE = 240.0
ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "bench-token-of-nobody", "+15550100000"


class DidNotStart(Exception):
    """The system was not ready in time, or ended; the text is the end of its log."""


def free_port() -> int:
    """Return a loopback port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class System:
    """One running system. `data_dir` holds its database and log; its provider is this process's own."""

    data_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    provider_port: int = field(default_factory=free_port)
    engine_port: int = field(default_factory=free_port)
    actions_port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine_url = f"http://127.0.0.1:{self.engine_port}"
        self.provider = LocalProvider(ACCOUNT, TOKEN, NUMBER, self.url, self.url)
        self.log = self.data_dir / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, *, wait: bool = True) -> None:
        """Start everything. Raises DidNotStart."""
        if self._runner is None:
            app = web.Application()
            app.add_routes(self.provider.routes())
            self._runner = web.AppRunner(app)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", self.provider_port).start()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", "bot.cli", "up"],
                cwd=ROOT, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        if wait:
            await self.ready()

    async def ready(self) -> None:
        """Wait until all parts are. Raises DidNotStart."""
        began = time.monotonic()
        async with aiohttp.ClientSession() as http:
            while time.monotonic() - began < PATIENCE:
                if self._process is None or self._process.poll() is not None:
                    break
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with http.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.2)
        tail = await asyncio.to_thread(self.log.read_text, errors="replace")
        raise DidNotStart(tail[-4000:])

    async def stop(self) -> int:
        """End everything as SIGTERM does; returns the exit code."""
        code = 0
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(self._process.wait, 40)
        self._process = None
        if self._runner is not None:
            await self.provider.close()
            await self._runner.cleanup()
            self._runner = None
        return code

    def pid(self, program: str) -> int:
        """Return the process id of one of the supervised programs, by a word of its command line.

        Raises LookupError while there is none.
        """
        assert self._process is not None
        listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines():
            pid, parent, command = line.split(None, 2)
            if int(parent) == self._process.pid and program in command:
                return int(pid)
        raise LookupError(program)

    def kill(self, program: str) -> None:
        """Kill one of the supervised programs as kill -9 does. Raises LookupError."""
        os.kill(self.pid(program), signal.SIGKILL)

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CIVICLINE_", "TWILIO_", "TELEGRAM_", "VOSK_"))}
        return kept | {
            "CIVICLINE_DATA_DIR": str(self.data_dir),
            "CIVICLINE_PORT": str(self.port),
            "CIVICLINE_SECRET_KEY": self.secret,
            "CIVICLINE_ENGINE_URL": self.engine_url,
            "CIVICLINE_ACTIONS_URL": f"http://127.0.0.1:{self.actions_port}",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM": NUMBER,
            "TWILIO_API_BASE": f"http://127.0.0.1:{self.provider_port}",
            **self.env,
        }


@contextlib.asynccontextmanager
async def running(data_dir: Path, **env: str) -> AsyncIterator[System]:
    """Run a system for the length of a block."""
    system = System(data_dir, env)
    try:
        await system.start()
        yield system
    finally:
        await system.stop()
