"""The gateway in production: no sandbox, no invented cases, and it says which channel is off."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.answers import ROOT
from bot.bench.system import free_port


@pytest.fixture
async def production(tmp_path: Path) -> AsyncIterator[str]:
    """A gateway in production without an engine; its address."""
    port = free_port()
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "CIVICLINE_ENV": "production",
        "CIVICLINE_SECRET_KEY": "k" * 32,
        "CIVICLINE_PUBLIC_URL": "https://city.example",
        "CIVICLINE_DATA_DIR": str(tmp_path),
        "CIVICLINE_PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "bot"]
    gateway = subprocess.Popen(command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL)  # noqa: ASYNC220 (returns at once)
    url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as http:
        for _ in range(100):
            try:
                async with http.get(f"{url}/healthz"):
                    break
            except aiohttp.ClientError:
                await asyncio.sleep(0.2)
    yield url
    gateway.terminate()
    assert await asyncio.to_thread(gateway.wait, 20) == 0


async def test_in_production(production: str) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/sandbox/", "/sandbox/twilio/2010-04-01/Accounts/AC1/Messages.json", "/channels/sms/inbound"):
            async with http.post(production + path) as answer:
                assert answer.status == 404, path
        async with http.get(f"{production}/open311/v2/requests.json") as answer:
            assert await answer.json() == []
        async with http.get(f"{production}/open311/v2/services.json") as answer:
            assert len(await answer.json()) > 20
        async with http.get(f"{production}/readyz") as answer:
            assert answer.status == 503
            said = await answer.json()
            assert said["channels"] == {"sms": "off: not configured", "webchat": "on"}
            assert said["parts"]["engine"] == "down"
        async with http.get(f"{production}/chat") as answer:
            assert "Secure" in answer.headers["Set-Cookie"]
