"""Measures time and peak memory of any converter with hostile bodies.

`python -m bench.reading.hostile [CONVERTER ...] [--bodies NAME,...] [--longest N]`
"""

from __future__ import annotations

import argparse
from itertools import chain

from bench.reading.converters import CONVERTERS, PARSERS
from bench.reading.limits import LONGEST_S, MOST_MB, Outcome, convert_apart
from support.hostile_bodies import BODIES
from webcrm_sync.engine.body_reader.reader import READ_IN_PLACE

#: Bodies above these values are listed by name: seconds, MB.
_SLOW = (1.0, 100)
#: The same for bodies that the worker itself reads, where they delay other mails.
_SLOW_IN_PLACE = (0.05, 40)
_COLUMN = 16


def measure_hostile() -> None:
    """Print the most expensive bodies, full and cut to the length that the worker itself reads."""
    print(f"hostile: {len(BODIES)} bodies, each in a process with {LONGEST_S} s and {MOST_MB} MB")
    _list("as they are", {body: convert_apart("the product", body) for body in BODIES}, *_SLOW)
    cut = {body: convert_apart("the product", body, longest=READ_IN_PLACE) for body in BODIES}
    _list(f"cut to {READ_IN_PLACE} characters, which are read in place", cut, *_SLOW_IN_PLACE)


def _list(what: str, outcomes: dict[str, Outcome], most_s: float, most_mb: float) -> None:
    worst_s = max(outcome.cpu_s for outcome in outcomes.values())
    worst_mb = max(outcome.peak_mb for outcome in outcomes.values())
    over = {
        body: outcome
        for body, outcome in outcomes.items()
        if outcome.fault or outcome.cpu_s > most_s or outcome.peak_mb > most_mb
    }
    print(f"  {what}: worst {worst_s:.2f} s, {worst_mb:.0f} MB", end="")
    print(f"; {len(over)} over {most_s:g} s or {most_mb:g} MB")
    for body, outcome in over.items():
        print(f"    {body:<32} {_cell(outcome)}")


def main() -> None:
    """Print a row per body and a column per converter: seconds / MB, or the fault."""
    known = [*CONVERTERS, *PARSERS]
    parser = argparse.ArgumentParser(prog="bench.reading.hostile", description=__doc__)
    parser.add_argument("converters", nargs="*", metavar="CONVERTER", help=", ".join(known))
    parser.add_argument("--bodies", default=",".join(BODIES), help="names, comma-separated")
    parser.add_argument("--longest", type=int, help="cut the bodies to this number of characters")
    given = parser.parse_args()
    converters = given.converters or known
    names = chain(["seconds / MB", "kB"], (name[-_COLUMN + 1 :] for name in converters))
    print(_row(*names))
    for body in given.bodies.split(","):
        outcomes = (convert_apart(name, body, longest=given.longest) for name in converters)
        print(_row(body, str(len(BODIES[body]()) // 1000), *map(_cell, outcomes)), flush=True)


def _row(body: str, size: str, *cells: str) -> str:
    return f"{body:<26} {size:>6}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells)


def _cell(outcome: Outcome) -> str:
    return outcome.fault or f"{outcome.cpu_s:.2f} / {outcome.peak_mb:.0f}"


if __name__ == "__main__":
    main()
