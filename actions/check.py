"""`python -m actions.check`: asks every department whether it answers, without changing anything there."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from actions.departments.base import NotOffered
from actions.departments.directory import BadDirectory, Directory

DEPARTMENTS = Path(__file__).parent.parent / "data" / "departments.yml"  # unless CIVICLINE_DEPARTMENTS names another


async def check(directory: Directory) -> bool:
    """Print a line for each thing that was asked; returns whether all went well."""
    well = True
    for department in directory.departments:
        try:
            asked = await department.check()
        except NotOffered:
            asked = [("nothing that can be asked", "")]
        finally:
            await department.close()
        for what, wrong in asked:
            print(f"{department.called('en')}: {what}: {wrong or 'ok'}")
            well = well and not wrong
    return well


def main() -> int:
    """Return 0 if every department answers, 1 if one does not, 2 if the directory is wrong."""
    try:
        directory = Directory.open(Path(os.environ.get("CIVICLINE_DEPARTMENTS") or DEPARTMENTS), os.environ)
    except BadDirectory as error:
        print(f"civicline: {error}", file=sys.stderr)
        return 2
    if asyncio.run(check(directory)):
        return 0
    print("civicline: a department does not answer as it should", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
