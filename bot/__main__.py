"""The gateway as a program: `python -m bot`."""

from __future__ import annotations

import sys

from aiohttp import web
from sqlalchemy.exc import OperationalError

from bot.app import House
from bot.casework.catalogue import BadCatalogue
from bot.logs import configure
from bot.places import Taken, try_to_listen
from bot.ports import NotConfigured
from bot.settings import BadSettings, load


def main() -> int:
    """Serve until told to stop. Says one line and returns 2 when a setting is wrong or the port is taken, 1 when the
    database does not answer (it may yet come)."""
    try:
        settings = load()
        configure(settings.log_format)
        # Before the application is started: a second gateway would take up the first one's work.
        try_to_listen(settings.host, settings.port)
        web.run_app(House(settings).application(), host=settings.host, port=settings.port, print=None, access_log=None)
    except (BadSettings, NotConfigured, BadCatalogue) as error:
        return _refuse(str(error), 2)
    except Taken as error:
        return _refuse(f"CIVICLINE_PORT: cannot listen on {settings.host} port {settings.port} ({error})", 2)
    except OperationalError as error:
        return _refuse(f"CIVICLINE_DATABASE_URL: {' '.join(str(error.orig).split())}", 1)
    return 0


def _refuse(line: str, code: int) -> int:
    print(f"civicline: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
