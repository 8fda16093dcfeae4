"""Measures how well and how fast each converter reads the 150 bodies, in separate processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from statistics import median, quantiles

from bench.reading.bodies import bodies
from bench.reading.converters import CONVERTERS, Converter
from bench.reading.score import Score, score, truth
from bench.reading.usage import PeakMemory

_REPEATS = 7
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One converter's row. `lost`: a summary of lost and wrongly shown words, by body."""

    share: float
    whole: int
    broken: int
    shown: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    peak_mb: float | None
    lost: dict[str, str]


def measure_bodies() -> None:
    """Print the table, and the bodies that the product reads wrongly."""
    sizes = [len(html.encode()) / 1000 for html in bodies().values()]
    print(
        f"reading: {len(sizes)} bodies of {min(sizes):.1f} to {max(sizes):.1f} kB, median "
        f"{median(sizes):.1f} kB; the words that are visible by lexbor's tree"
    )
    print(f"  {'':<20}{'words':>9}{'whole':>7}{'broken':>8}{'hidden':>8}", end="")
    print(f"{'median':>9}{'p95':>8}{'worst':>8} ms {'peak':>6} MB")
    rows = {name: _row_in_child(name) for name in CONVERTERS}
    for name, row in rows.items():
        _print(name, row)
    lost = rows["the product"].lost
    print(f"  the product reads {len(lost)} bodies wrongly" + (":" if lost else ""))
    for name, what in list(lost.items())[:_LISTED]:
        print(f"    {name:<36} {what}")


def _row_in_child(name: str) -> Row:
    line = [sys.executable, "-m", "bench.reading.table", name]
    child = subprocess.run(line, stdout=subprocess.PIPE, check=True, text=True)
    return Row(**json.loads(child.stdout))


def _print(name: str, row: Row) -> None:
    print(f"  {name:<20}{row.share:>9.4f}{row.whole:>7}{row.broken:>8}{row.shown:>8}", end="")
    peak = "-" if row.peak_mb is None else f"{row.peak_mb:.1f}"
    print(f"{row.median_ms:>9.2f}{row.p95_ms:>8.2f}{row.worst_ms:>8.2f}    {peak:>6}")


def _row_here(name: str) -> Row:
    convert = CONVERTERS[name]()
    read = bodies()
    convert("<p>warm</p>")
    peak = PeakMemory()
    texts = {body: str(convert(html)) for body, html in read.items()}
    peak_mb = peak.mb()
    took_ms = [_took_ms(convert, html) for html in read.values()]
    scores = {body: score(truth(read[body]), text) for body, text in texts.items()}
    every, lost = (sum(s.words for s in scores.values()), _total(scores, "lost"))
    return Row(
        share=1 - lost / every,
        whole=sum(not s.lost for s in scores.values()),
        broken=_total(scores, "broken"),
        shown=_total(scores, "shown"),
        median_ms=median(took_ms),
        p95_ms=quantiles(took_ms, n=20)[-1],
        worst_ms=max(took_ms),
        peak_mb=peak_mb,
        lost={body: _summary(s) for body, s in scores.items() if s.lost or s.shown},
    )


def _took_ms(convert: Converter, html: str) -> float:
    """The shortest of several runs, which other work on the machine disturbs least."""
    took = []
    for _ in range(_REPEATS):
        began = time.process_time()
        convert(html)
        took.append(time.process_time() - began)
    return min(took) * 1000


def _total(scores: dict[str, Score], name: str) -> int:
    counters: list[Counter[str]] = [getattr(result, name) for result in scores.values()]
    return sum(counter.total() for counter in counters)


def _summary(result: Score) -> str:
    parts = []
    if result.lost:
        parts.append(f"{result.lost.total()} of {result.words} lost ({_first_words(result.lost)})")
    if result.shown:
        parts.append(f"{result.shown.total()} hidden shown ({_first_words(result.shown)})")
    return "; ".join(parts)


def _first_words(counter: Counter[str]) -> str:
    return " ".join(list(counter)[:6])


if __name__ == "__main__":
    print(json.dumps(asdict(_row_here(sys.argv[1]))))
