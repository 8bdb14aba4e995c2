"""Slices of providers' published API descriptions, and whether a value keeps to one."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

PYTHON: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


@cache
def spec(name: str) -> dict[str, Any]:
    """Return the slice `name` of this folder, an OpenAPI 3.0 document."""
    document: dict[str, Any] = json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return document


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str = "it") -> list[str]:
    """Say what in `value` breaks `schema`: the part of JSON Schema that the slices use, and names it does not know."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if value is None:
        return [] if schema.get("nullable") else [f"{where} is null"]
    if not isinstance(value, PYTHON[schema["type"]]):
        return [f"{where} is no {schema['type']}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where} is none of {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where} does not look like {schema['pattern']}")
    if isinstance(value, dict) and "properties" in schema:
        found += [f"{where} lacks {name}" for name in schema.get("required", ()) if name not in value]
        found += [f"{where} has an unknown {name}" for name in value if name not in schema["properties"]]
        for name, part in schema["properties"].items():
            if name in value:
                found += problems(document, part, value[name], f"{where}.{name}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            found += problems(document, schema["items"], item, f"{where}[{i}]")
    return found
