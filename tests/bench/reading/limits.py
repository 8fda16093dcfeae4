"""Runs a conversion in a separate process with limits on processor time and peak memory.

Only for Linux, which enforces the limits (setrlimit(2)).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from bench.reading.converters import CONVERTERS, PARSERS
from bench.reading.usage import PeakMemory, memory_mb
from support.hostile_bodies import BODIES

LONGEST_S, MOST_MB = 10, 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """The costs of one conversion. `fault`: why it has no result; "" if it has one."""

    cpu_s: float = 0.0
    peak_mb: float = 0.0
    fault: str = ""


def convert_apart(converter: str, body: str, *, longest: int | None = None) -> Outcome:
    """Convert a hostile body in a child process. Over a limit the child ends with a fault.

    `longest`: the number of characters to convert.
    """
    line = [sys.executable, "-m", "bench.reading.limits", converter, body, str(longest or "")]
    try:
        child = subprocess.run(line, capture_output=True, text=True, timeout=6 * LONGEST_S)
    except subprocess.TimeoutExpired:
        return Outcome(fault=f"waits over {6 * LONGEST_S} s")
    if child.stdout:
        return Outcome(**json.loads(child.stdout))
    return Outcome(fault=_fault(child.returncode))


def _fault(code: int) -> str:
    known = {-9: f"over {LONGEST_S} s", -24: f"over {LONGEST_S} s", -6: "abort", -11: "crash"}
    return known.get(code, f"exit {code}")


def _convert_here(converter: str, body: str, longest: str) -> Outcome:
    convert = (CONVERTERS | PARSERS)[converter]()
    convert("<p>warm</p>")
    html = BODIES[body]()[: int(longest) if longest else None]
    _limit()
    peak = PeakMemory()
    began = time.process_time()
    fault = ""
    try:
        convert(html)
    except MemoryError:
        fault = f"over {MOST_MB} MB"
    except BaseException as error:  # a panic of Rust is not an Exception
        fault = type(error).__name__
    return Outcome(time.process_time() - began, peak.mb() or 0, fault)


def _limit() -> None:
    memory = int(((memory_mb("VmSize") or 0) + MOST_MB) * 1024 * 1024)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    spent = int(time.process_time()) + LONGEST_S
    resource.setrlimit(resource.RLIMIT_CPU, (spent, spent + 1))


def main() -> None:
    """Print the outcome of one body as JSON, and exit without freeing the tree."""
    print(json.dumps(asdict(_convert_here(*sys.argv[1:]))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
