"""A machine of its own within this one: booted by systemd, without network, gone after the test.

It has this machine's programs. Its files are an overlay in memory; processes, network and users of
the block are its own. Needs root on Linux, and `systemd`, `nginx`, `postgresql` of Debian.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from support.distributions import ROOT

_PATIENCE_S = 90
#: A fresh shell's variables, and none of this process.
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = ("env", "-i", _PATH, "HOME=/tmp", "LANG=C.UTF-8", "TERM=dumb")
_NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
#: A machine ends with the process that booted it, even if that is killed.
_END_TOGETHER = ("setpriv", "--pdeathsig=KILL")
_UNSHARE = ("unshare", *_NAMESPACES, "--fork", "--kill-child", "--propagation=private")
#: Lays a root over this machine's, and starts its first process there. systemd mounts the rest.
_BOOT = """
set -eu
place=$1; others=$2; shift 2
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay "$place/root" \
    -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work"
cd "$place/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch dev/$device; mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mkdir -p etc/tmpfiles.d; : >etc/tmpfiles.d/tmp.conf  # /tmp stays as it is
: >etc/machine-id
rm -rf etc/postgresql/* var/lib/postgresql/*
ip link set lo up
for folder in $others; do
    mkdir -p "$place/root$folder"; mount --bind "$folder" "$place/root$folder"
done
pivot_root . mnt
umount --lazy mnt
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null >/dev/null 2>&1
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine. `first`: the process id, seen from here, of its first process."""

    first: int

    def command(self, *line: str) -> list[str]:
        """The command line that runs `line` on the machine, as root in its root folder."""
        return ["nsenter", f"--target={self.first}", "--all", "--wdns=/", *_ENVIRONMENT, *line]

    def run(self, *line: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on the machine to its end. `given`: its standard input."""
        return subprocess.run(
            self.command(*line),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def check(self, *line: str, given: str = "") -> str:
        """What a command says that must succeed."""
        done = self.run(*line, given=given)
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file on the machine, with its folder."""
        content = text.encode() if isinstance(text, str) else text
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        line = self.command("sh", "-c", script, "sh", path)
        subprocess.run(line, input=content, check=True)

    def read(self, path: str) -> str:
        """The text of a file of the machine."""
        return self.check("cat", path)

    def await_started(self) -> None:
        """Wait until systemd has started all it starts; what a machine like this lacks may fail."""
        state = ("systemctl", "is-system-running")
        end = time.monotonic() + _PATIENCE_S
        while self.run(*state).stdout.strip() not in {"running", "degraded"}:
            assert time.monotonic() < end, "the machine does not finish its start"
            time.sleep(0.1)


@contextmanager
def boot(place: Path, *first: str) -> Iterator[Machine]:
    """Run a machine during the block. `first`: its first process; systemd by default."""
    line = first or ("/lib/systemd/systemd", "--system", "systemd.unit=multi-user.target")
    holder = subprocess.Popen(
        [*_END_TOGETHER, *_UNSHARE, "bash", "-c", _BOOT, "boot", str(place), _other_disks(), *line],
    )
    try:
        machine = Machine(_await_child(holder))
        if not first:
            machine.await_started()
        yield machine
    finally:
        with suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGKILL)
        holder.wait()


def _other_disks() -> str:
    """The folders that the tests need and that the overlay lacks, since they are on other disks."""
    needed = (ROOT, Path(sys.prefix), Path(sys.base_prefix), Path(tempfile.gettempdir()))
    return " ".join(str(one) for one in needed if one.stat().st_dev != Path("/").stat().st_dev)


def _await_child(holder: subprocess.Popen[bytes]) -> int:
    """The machine's first process, once it runs what it is to run."""
    children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end and holder.poll() is None:
        for child in children.read_text().split():
            with suppress(OSError):
                if b"boot" not in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    return int(child)
        time.sleep(0.05)
    raise AssertionError("The machine does not boot: is this root on Linux with systemd installed?")
