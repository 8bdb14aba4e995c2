"""Logs through structlog, for people (console) or machines (json): ids and counts, never words, numbers or names."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(form: str) -> None:
    """Set up logging to standard output; `form` is "console" or "json"."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = form == "json"
    # Plain tracebacks: the pretty ones print every variable, and with them what citizens wrote.
    console = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
    last = structlog.processors.JSONRenderer() if as_json else console
    tail: list[structlog.typing.Processor] = [structlog.processors.format_exc_info] if as_json else []
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, *tail, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    # Libraries: their warnings only. Their lower levels print URLs, which hold numbers.
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(asctime)s [%(levelname)s] %(name)s %(message)s")
