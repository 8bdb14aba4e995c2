"""Which model belongs to which sources: the name of a model carries the hash of everything it is made from.

Only the standard library in here: asking whether a model is up to date must not cost the 15 s that importing Rasa does.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

TRAINS = re.compile(r"^(nlu|rules|stories)\s*:", re.MULTILINE)


@dataclass(frozen=True)
class Sources:
    """The files under `root` that a model is made from."""

    root: Path

    @property
    def config(self) -> Path:
        """Rasa's pipeline and policies."""
        return self.root / "config.yml"

    @property
    def domain(self) -> Path:
        """The folder with the domain, one file a topic."""
        return self.root / "nlu" / "domain"

    def training(self) -> list[Path]:
        """The files of data/ with examples, rules or stories; what else lies there is not Rasa's."""
        files = sorted((self.root / "data").glob("*.yml"))
        return [path for path in files if TRAINS.search(path.read_text("utf-8", errors="replace"))]

    def files(self) -> list[Path]:
        """Everything that can change what the model says. The lock stands for the version of Rasa."""
        code = sorted((self.root / "nlu" / "components").rglob("*.py"))
        lock = self.root / "nlu" / "uv.lock"
        return [self.config, *self.training(), *sorted(self.domain.glob("*.yml")), *code, *([lock] if lock.exists() else [])]

    def fingerprint(self) -> str:
        """Twelve hex digits that change with the content or the name of any source. Raises FileNotFoundError."""
        whole = hashlib.sha256()
        for path in self.files():
            name, content = str(path.relative_to(self.root)).encode(), path.read_bytes()
            whole.update(b"%d %d\n%s%s" % (len(name), len(content), name, content))
        return whole.hexdigest()[:12]

    def model(self) -> Path:
        """Where the model of these sources lies, whether it is there or not."""
        return self.root / "models" / f"dialogue-{self.fingerprint()}.tar.gz"


def kept(folder: Path, newest: int = 3) -> list[Path]:
    """Remove all models but the `newest` ones; returns those that stay, newest first."""
    models = sorted(folder.glob("dialogue-*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in models[newest:]:
        old.unlink(missing_ok=True)
    return models[:newest]
