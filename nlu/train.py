"""Trains the dialogue model if it is missing or older than its sources; prints the model's path as its last line.

nlu/.venv/bin/python nlu/train.py [--force] [--root FOLDER]
Exit code 1 and one line: the sources are wrong. Rasa's own words go to train.log in the data folder.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from model import Sources, kept
from progress import Progress, everything_into

STOPPED = 143


class BadSources(Exception):
    """The sources make no model; the text says where and why."""


def main() -> int:
    """Return the exit code."""
    options = argparse.ArgumentParser(prog="train.py", description="Train the dialogue model if its sources changed.")
    options.add_argument("--force", action="store_true", help="train even if the model is up to date")
    options.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the folder with config.yml")
    args = options.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    try:
        os.chdir(args.root)
        sources = Sources(Path.cwd())
        model = sources.model()
        if args.force or not model.exists():
            with alone(model.parent):
                if args.force or not model.exists():  # another training may just have made it
                    train(sources, model, args.force)
        with contextlib.suppress(PermissionError):  # a model that was delivered read-only
            model.touch()  # in use: among the newest, which are kept
            kept(model.parent)
    except (BadSources, OSError) as error:
        print(f"The dialogue model cannot be trained: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(model, flush=True)
    return 0


def train(sources: Sources, model: Path, force: bool) -> None:
    """Train into a name of its own and rename at the end: an interrupted training leaves no half model. Raises BadSources."""
    log = Path(os.environ.get("CIVICLINE_DATA_DIR") or ".civicline") / "train.log"
    unfinished = model.with_name(f".unfinished-{model.name}")
    with Progress("training the dialogue model", "loading Rasa") as progress:
        try:
            with everything_into(log):
                learn(sources, unfinished, force, progress)
        except SystemExit as left:  # Rasa prints its reason and leaves
            if left.code == STOPPED:
                raise
            raise BadSources(last_words(log.read_text("utf-8", errors="replace"))) from None
        os.replace(unfinished, model)
        if warnings := log.read_text("utf-8", errors="replace").count("UserWarning: "):
            progress.end = f"done; Rasa warned {warnings} times, see {log}"


def learn(sources: Sources, model: Path, force: bool, progress: Progress) -> None:
    """Have Rasa make `model`. Raises BadSources."""
    os.environ.update(RASA_TELEMETRY_ENABLED="false", CUDA_VISIBLE_DEVICES="-1", SQLALCHEMY_SILENCE_UBER_WARNING="1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import logging

    import rasa.model_training
    import rasa.shared.utils.io
    from rasa.shared.exceptions import RasaException

    class Steps(logging.Handler):
        """Reads in Rasa's log which component is at work."""

        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if said.startswith("Starting to train component"):
                progress.step = "learning with " + said.split("'")[1]

    domain = sorted(sources.domain.glob("*.yml"))
    if not domain:
        raise BadSources("there is no domain in nlu/domain/")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    logging.getLogger("rasa").addHandler(Steps())
    progress.step = "reading the examples"
    try:
        # Rasa itself passes over a domain file that it cannot read, and trains without it.
        for path in (sources.config, *domain):
            rasa.shared.utils.io.read_yaml_file(path)
        result: Any = rasa.model_training.train(
            domain=str(sources.domain),
            config=str(sources.config),
            training_files=[str(path) for path in sources.training()],
            output=str(model.parent),
            fixed_model_name=model.name,
            force_training=force,
        )
    except (RasaException, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        logging.getLogger("train").exception("training failed")
        raise BadSources(str(error) or type(error).__name__) from None
    if result.code or not model.exists():
        raise BadSources("there are no examples, rules or stories in data/")


@contextlib.contextmanager
def alone(models: Path) -> Iterator[None]:
    """Only one training at a time; what an interrupted one left is removed."""
    models.mkdir(parents=True, exist_ok=True)
    with (models / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for unfinished in models.glob(".unfinished-*"):
            unfinished.unlink()
        yield


def one_line(error: Exception) -> str:
    """Return an error's text as one line, with short paths and without Rasa's advice to use a web site."""
    text = str(error).split("You can use https://yamlchecker.com")[0]
    return " ".join(text.replace(f"{Path.cwd()}/", "").split())


def last_words(log: str) -> str:
    """Return what Rasa printed in red before it left."""
    return log.rpartition("\x1b[91m")[2].partition("\x1b[0m")[0].strip() or "Rasa left without a word"


def _leave(_number: int, _frame: object) -> NoReturn:
    sys.exit(STOPPED)


if __name__ == "__main__":
    sys.exit(main())
