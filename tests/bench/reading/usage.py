"""The memory of this process from Linux (proc(5)); None on other systems."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc/self")


def memory_mb(name: str) -> float | None:
    """A figure of the process: `VmRSS` held now, `VmHWM` its peak, `VmSize` reserved."""
    if not _PROC.exists():
        return None
    lines = (_PROC / "status").read_text().splitlines()
    return int(next(x for x in lines if x.startswith(name)).split()[1]) / 1024


def reset_peak() -> None:
    """Reset the peak to the present memory."""
    if _PROC.exists():
        (_PROC / "clear_refs").write_text("5")


class PeakMemory:
    """Measures the peak memory since its creation, above the memory at that time."""

    def __init__(self) -> None:
        reset_peak()
        self._before = memory_mb("VmRSS")

    def mb(self) -> float | None:
        """The peak so far."""
        peak = memory_mb("VmHWM")
        return None if peak is None or self._before is None else peak - self._before
