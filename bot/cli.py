"""The `civicline` command: one function a subcommand, each importing what it needs only when it is called."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Options = argparse.Namespace


def up(options: Options) -> int | None:
    """Start everything: engine, actions and gateway, supervised, until Ctrl-C."""
    from bot.settings import load
    from bot.up import up

    return asyncio.run(up(load(), began=options.began))


def train(options: Options) -> int | None:
    """Train the dialogue model if its sources changed."""
    from bot.settings import load
    from bot.up import TRAIN, engine_python

    env = {**os.environ, "CIVICLINE_DATA_DIR": str(load().data_dir)}
    command = [engine_python(), TRAIN, *(["--force"] if options.force else [])]
    sys.stdout.flush()
    os.execve(command[0], command, env)  # noqa: S606 (our own program in place of this one, so that signals reach it)


def chat(_options: Options) -> int | None:
    """Talk to the bot in this terminal."""
    from bot.terminal import chat

    return chat()


def db_upgrade(_options: Options) -> int | None:
    """Bring the database to the present schema."""
    from bot.settings import load
    from bot.store.database import open_database
    from bot.store.migrate import upgrade

    async def run(url: str) -> None:
        database = open_database(url)
        try:
            await upgrade(database)
        finally:
            await database.dispose()

    asyncio.run(run(load().database_url))
    print("the database is at the present schema")
    return 0


def bench_turns(options: Options) -> int | None:
    """Measure the whole road, message in to reply out, at 1, 8 and 32 citizens."""
    from bot.bench.turns import main

    return main(json=options.json)


def departments_check(_options: Options) -> int | None:
    """Ask every department of data/departments.yml whether it answers."""
    from bot.settings import load
    from bot.up import for_actions

    # A program of its own: the core does not import the actions.
    command = [sys.executable, "-m", "actions.check"]
    sys.stdout.flush()
    os.execve(command[0], command, for_actions(load()))  # noqa: S606 (as above)


def parser() -> argparse.ArgumentParser:
    """Return the parser; a new command is a function above and a line here."""
    top = argparse.ArgumentParser(prog="civicline", description="The front door to a city's departments.")
    add = Commands(top)
    add.command("up", up)
    add.command("train", train).add_argument("--force", action="store_true", help="train even if nothing changed")
    add.command("chat", chat)
    add.command("db upgrade", db_upgrade)
    add.command("bench turns", bench_turns).add_argument(
        "--json", action="store_true", help="print one JSON object, nothing else"
    )
    add.command("departments check", departments_check)
    return top


class Commands:
    """Commands of one or two words; the first of two is a group with a --help of its own."""

    def __init__(self, top: argparse.ArgumentParser) -> None:
        self._commands = {"": top.add_subparsers(metavar="COMMAND", required=True)}

    def command(self, words: str, run: Callable[[Options], int | None]) -> argparse.ArgumentParser:
        """Add a command that calls `run`; its help is that function's docstring. Returns its parser, for options."""
        *group, name = words.split()
        says = (run.__doc__ or "").splitlines()[0]
        parser: argparse.ArgumentParser = self._group(*group).add_parser(name, help=says, description=says)
        parser.add_argument("--debug", action="store_true", help="show where an error came from")
        parser.set_defaults(run=run)
        return parser

    def _group(self, name: str = "") -> Any:
        if name not in self._commands:
            group = self._commands[""].add_parser(name, help=f"{name} …: see civicline {name} --help")
            self._commands[name] = group.add_subparsers(metavar="COMMAND", required=True)
        return self._commands[name]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error is one line on stderr and exit code 1, wrong settings or usage 2, Ctrl-C 130."""
    began = time.monotonic()
    options = parser().parse_args(arguments)
    options.began = began
    os.chdir(ROOT)  # wherever we are called from: .env, data/ and the data folder are the installation's
    try:
        return options.run(options) or 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read us has left; Python must not complain of it at exit
        return 1
    except Exception as error:
        if options.debug:
            raise
        print(f"civicline: {one_line(error)}", file=sys.stderr)
        return 2 if type(error).__name__ in ("BadSettings", "NotConfigured") else 1


def one_line(error: Exception) -> str:
    """Return an error as a line: our own errors say what happened, of others the kind is said too."""
    text = " ".join(str(error).split()).removeprefix("civicline: ")
    ours = type(error).__module__.split(".")[0] in ("bot", "channels")
    if ours and text:
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)" if text else f"{type(error).__name__} (--debug shows where)"


if __name__ == "__main__":
    sys.exit(main())
