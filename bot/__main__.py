"""The gateway as a program: `python -m bot`."""

from __future__ import annotations

import sys

from aiohttp import web

from bot.app import House
from bot.casework.catalogue import BadCatalogue
from bot.logs import configure
from bot.ports import NotConfigured
from bot.settings import BadSettings, load


def main() -> int:
    """Serve until told to stop. Returns 2 and says one line when a setting is wrong or the port is taken."""
    try:
        settings = load()
        configure(settings.log_format)
        app = House(settings).application()
    except (BadSettings, NotConfigured, BadCatalogue) as error:
        print(f"civicline: {error}", file=sys.stderr)
        return 2
    try:
        web.run_app(app, host=settings.host, port=settings.port, print=None, access_log=None)
    except OSError as error:
        print(f"civicline: cannot listen on {settings.host}:{settings.port} ({error.strerror})", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
