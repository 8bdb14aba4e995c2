"""`civicline bench turns`: its figures and their two shapes, without running it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from bot.bench.turns import Long, Round, _machine, _number, _print_json, _print_table, _quantile
from bot.cli import main

FOUND: dict[str, Any] = {
    "machine": _machine(),
    "rounds": [asdict(Round(1, 120, 41.5, 20.1, 30.9)), asdict(Round(32, 800, 78.0, 402.5, 617.3))],
    "long_conversation": asdict(Long(400, 20, 21.5, 23.1, 1.07, 900, 11_800)),
}


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "turns", "--help"])
    assert ended.value.code == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("times", "share", "expected"),
    [
        ([5.0], 0.5, 5.0),
        ([5.0], 0.95, 5.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(n) for n in range(100)], 0.95, 95.0),
        ([1.26], 1, 1.3),
    ],
)
def test_quantiles(times: list[float], share: float, expected: float) -> None:
    assert _quantile(times, share) == expected


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    _print_json(FOUND)
    out, err = capsys.readouterr()
    assert json.loads(out) == FOUND
    assert (out.count("\n"), err) == (1, "")
    assert set(FOUND["machine"]) == {"cores", "python", "system"}


def test_the_table_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    _print_table(FOUND)
    machine, head, one, many, long = capsys.readouterr().out.splitlines()
    assert f"Python {FOUND['machine']['python']}" in machine
    assert head.split() == ["citizens", "messages", "a", "second", "p50", "ms", "p95", "ms"]
    assert one.split() == ["1", "120", "41.5", "20.1", "30.9"]
    assert many.split() == ["32", "800", "78.0", "402.5", "617.3"]
    assert all(figure in long for figure in ("21.5", "23.1", "1.07", "900 → 11800", "message 400"))


def test_only_invented_numbers_are_texted_and_no_two_citizens_share_one() -> None:
    numbers = [_number(100 * citizens + citizen) for citizens in (1, 8, 32) for citizen in range(citizens)] + [
        _number(1),
        _number(999),
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("+1555") and len(number) == 12 for number in numbers)
