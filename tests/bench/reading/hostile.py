"""Time and peak memory of hostile bodies: `python -m bench.reading.hostile [--only NAME,...]`."""

from __future__ import annotations

import argparse

from bench.reading.converters import CONVERTERS, PARSERS
from bench.reading.limits import LONGEST_S, MOST_MB, Outcome, convert_apart
from hostile_bodies import BODIES

_COLUMN = 15


def main() -> None:
    """Print a row per body, a column per converter: seconds / MB, or what went wrong."""
    parser = argparse.ArgumentParser(prog="bench.reading.hostile", description=__doc__)
    known = [*CONVERTERS, *PARSERS]
    parser.add_argument("--only", default=",".join(known), help="converters, separated by ;")
    parser.add_argument("--bodies", default=",".join(BODIES), help="bodies, comma-separated")
    given = parser.parse_args()
    converters = given.only.split(";") if ";" in given.only or given.only in known else known
    print(
        f"{'seconds / MB':<32} kB" + "".join(f"{c[-_COLUMN:]:>{_COLUMN + 1}}" for c in converters)
    )
    for body in given.bodies.split(","):
        size = len(BODIES[body]()) // 1000
        cells = (f"{_cell(convert_apart(c, body)):>{_COLUMN + 1}}" for c in converters)
        print(f"{body:<28} {size:>6}" + "".join(cells), flush=True)


def _cell(outcome: Outcome) -> str:
    return outcome.fault or f"{outcome.cpu_s:.2f} / {outcome.peak_mb:.0f}"


if __name__ == "__main__":
    print(f"limits: {LONGEST_S} s, {MOST_MB} MB")
    main()
