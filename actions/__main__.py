"""`python -m actions`: the action server, and the one place that names every action."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from aiohttp import web

from actions.cases import AskCaseReference, CaseAside, ReadCaseReference, TellCase
from actions.catalogue import Catalogue
from actions.departments.directory import BadDirectory, Directory
from actions.fallback import Fallback
from actions.offices import BadOffices, Office, OpeningHours, read_offices
from actions.people import HandOver
from actions.report_form import ReadReport
from actions.reports import AskConfirmed, AskDetails, AskWhat, AskWhere, EndReport
from actions.server import application
from actions.turn import Step

_DATA = Path(__file__).parent.parent / "data"


def steps(directory: Directory, offices: Sequence[Office]) -> list[Step]:
    """Return every action of the dialogue, with what it works on."""
    catalogue = Catalogue(directory)
    return [
        ReadCaseReference(directory),
        AskCaseReference(),
        TellCase(),
        CaseAside(directory),
        ReadReport(catalogue),
        AskWhat(catalogue),
        AskWhere(),
        AskDetails(),
        AskConfirmed(),
        EndReport(directory),
        OpeningHours(offices),
        HandOver(),
        Fallback(catalogue),
    ]


def open_application(env: Mapping[str, str], departments: Path, offices: Path) -> web.Application:
    """Return the server as the environment and the two files describe it. Raises SystemExit with one clear line."""
    token = env.get("CIVICLINE_ACTIONS_TOKEN", "")
    if not token:
        raise _stop("CIVICLINE_ACTIONS_TOKEN is not set; `civicline up` sets it, or set it to what the engine uses")
    try:
        directory = Directory.open(departments, env)
        return application(steps(directory, read_offices(offices)), directory, token)
    except (BadDirectory, BadOffices) as error:
        raise _stop(str(error)) from None


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m actions", description="Civicline's action server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8082)
    departments = Path(os.environ.get("CIVICLINE_DEPARTMENTS") or _DATA / "departments.yml")
    parser.add_argument("--departments", type=Path, default=departments, help="which department answers for what")
    parser.add_argument("--offices", type=Path, default=_DATA / "offices.yml", help="when the offices are open")
    options = parser.parse_args(arguments)
    _set_up_logs(os.environ.get("CIVICLINE_LOG_FORMAT", "console"))
    app = open_application(os.environ, options.departments, options.offices)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(app, options.host, options.port))


async def _serve(app: web.Application, host: str, port: int) -> None:
    stopped = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise _stop(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    structlog.get_logger().info("actions ready", host=host, port=port)
    await stopped.wait()
    await runner.cleanup()


def _set_up_logs(form: str) -> None:
    # Plain tracebacks: the pretty ones print every variable, and with them what citizens wrote.
    plain = structlog.dev.plain_traceback
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    renderer = structlog.processors.JSONRenderer() if form == "json" else console
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"), renderer],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # The SDK logs each call at debug and warns at every single one that Rasa is 3.6: that is known and tested here.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("rasa_sdk").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message="Your versions of rasa and rasa_sdk might not be compatible")


def _stop(line: str) -> SystemExit:
    print(f"actions: {line}", file=sys.stderr)
    return SystemExit(2)


if __name__ == "__main__":
    main()
