"""Writes figures into the README beside this file, between their markers."""

import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.measuring import Result
from benchmarks.requests import Scenario

README = Path(__file__).with_name("README.md")
# From here on the worker's core has no time left.
SATURATED = 0.9


def table(measured: list[tuple[Scenario, dict[str, Result]]]) -> list[str]:
    """Return the lines of a Markdown table of requests a second, processor time and ratios."""
    lines = [
        "| one worker on one core | requests/s: ours | plain | floor | worker ms: ours | plain | floor | ours : plain "
        "| ours : floor | what bounds ours |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for scenario, results in measured:
        ours = results["ours"]
        rates = [_cell(results, name, lambda r: f"{r.requests_per_second:,.0f}") for name in ("ours", "plain", "floor")]
        costs = [_cell(results, name, lambda r: f"{r.server_ms:.2f}") for name in ("ours", "plain", "floor")]
        ratios = [_ratio(scenario, results, name) for name in ("plain", "floor")]
        lines.append("| " + " | ".join([scenario.title, *rates, *costs, *ratios, _bound(ours)]) + " |")
    return lines


def depth(measured: list[tuple[Scenario, dict[str, Result]]]) -> list[str]:
    """Return a line about how much more a deep page costs than the first, when both were measured."""
    rates = {scenario.name: results["ours"].requests_per_second for scenario, results in measured}
    if not {"first", "deep"} <= rates.keys():
        return []
    return [f"The deep page takes {rates['first'] / rates['deep']:.2f} times page 1 (aim: 1.3 at most).", ""]


def write(name: str, lines: list[str]) -> None:
    """Put the lines between the markers of this name."""
    between = re.compile(rf"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    README.write_text(between.sub(lambda match: match[1] + "\n".join(lines) + "\n" + match[2], README.read_text()))


def _cell(results: dict[str, Result], name: str, show: Callable[[Result], str]) -> str:
    return show(results[name]) if name in results else "–"


def _ratio(scenario: Scenario, results: dict[str, Result], other: str) -> str:
    """Return the ratio of the rates, in brackets that of the worker's time, and the aim when there is one."""
    if other not in results or "ours" not in results:
        return "–"
    ours, theirs = results["ours"], results[other]
    rate = ours.requests_per_second / theirs.requests_per_second
    text = f"{rate:.2f} ({theirs.server_ms / ours.server_ms:.2f})"
    aim = scenario.aims.get(other)
    return text if aim is None else f"{text}, aim {aim:g}"


def _bound(result: Result) -> str:
    """Say where the time goes: a core without time left, or waiting for the answers of PostgreSQL."""
    what = "the worker's core" if result.busy >= SATURATED else "PostgreSQL's and the client's core, and waiting"
    return f"{what} (worker {result.busy:.0%} busy, PostgreSQL {result.database_ms:.2f} ms)"
