"""How the engine reaches the action server, and how it learns that an action failed.

Rasa logs a failing action and goes on as if nothing had been said. Here every failure is noted
for the turn it happened in, so that the turn as a whole can fail (its state is then thrown away).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aiohttp
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

PATIENCE = 15.0  # seconds for one action: a department's own time-outs (about 8 s) fit inside


class ActionsUnreachable(Exception):
    """No answer from the action server: it is down, restarting or too slow."""


class ActionsFailed(Exception):
    """The action server answered with an error."""


_faults: ContextVar[list[Exception]] = ContextVar("faults")


class ActionServer(EndpointConfig):
    """The action server's address, with one kept connection pool and the turn's faults."""

    def __init__(self, url: str, token: str) -> None:
        # Without the domain, which no action reads: half of what each call would carry.
        super().__init__(url.rstrip("/") + "/webhook", enable_selective_domain=True)
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    @contextmanager
    def one_turn(self) -> Iterator[list[Exception]]:
        """Collect the faults of the actions that run inside."""
        faults: list[Exception] = []
        mark = _faults.set(faults)
        try:
            yield faults
        finally:
            _faults.reset(mark)

    async def request(self, method: str = "post", **asked: Any) -> Any:  # type: ignore[override]
        """Run one action. Raises Rasa's ClientResponseError for a rejection (400), else notes the fault and raises it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._token}"}, timeout=aiohttp.ClientTimeout(total=PATIENCE)
            )
        try:
            async with self._session.request(method, self.url, json=asked["json"]) as response:
                if response.status == 400:  # the action declines to run: part of the dialogue, not a fault
                    raise ClientResponseError(400, response.reason or "", await response.text())
                if response.status != 200:
                    raise ActionsFailed(f"action server answered {response.status}")
                return await response.json()
        except (TimeoutError, aiohttp.ClientConnectionError) as error:
            raise _noted(ActionsUnreachable(type(error).__name__)) from error
        except ActionsFailed as error:
            raise _noted(error) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise _noted(ActionsFailed(type(error).__name__)) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _noted(fault: Exception) -> Exception:
    _faults.get().append(fault)
    return fault
