"""The memory of this process, as Linux gives it (proc(5)); None where it does not."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc/self")


def memory_mb(name: str) -> float | None:
    """A figure of the process: `VmRSS` held now, `VmHWM` its peak, `VmSize` reserved."""
    if not _PROC.exists():
        return None
    lines = (_PROC / "status").read_text().splitlines()
    return int(next(x for x in lines if x.startswith(name)).split()[1]) / 1024


def forget_peak() -> None:
    """Let the peak begin anew from what is held now."""
    if _PROC.exists():
        (_PROC / "clear_refs").write_text("5")


class PeakMemory:
    """The peak since this was made, beyond what was held then."""

    def __init__(self) -> None:
        forget_peak()
        self._before = memory_mb("VmRSS")

    def mb(self) -> float | None:
        """The peak so far."""
        peak = memory_mb("VmHWM")
        return None if peak is None or self._before is None else peak - self._before
