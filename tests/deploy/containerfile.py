"""Plays the steps of a Containerfile on a machine of the tests: no container engine is needed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.machine import Machine

_STEP = re.compile(r"^([A-Z]+) (.*)$", re.MULTILINE)


@dataclass(slots=True)
class Image:
    """What the steps of a Containerfile leave: files on `machine`, and how to run a command."""

    machine: Machine
    context: Path
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    user: str = "0:0"
    entry_point: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Play each step in its order. Raises KeyError for a step of another kind."""
        steps: dict[str, Callable[[str], object]] = {
            "FROM": str,  # the machine itself stands for the base
            "EXPOSE": str,
            "RUN": self._run,
            "COPY": self._copy,
            "ENV": self._set,
            "WORKDIR": self._enter,
            "USER": self._become,
            "HEALTHCHECK": lambda text: self.health.extend(json.loads(text.partition(" CMD ")[2])),
            "ENTRYPOINT": lambda text: self.entry_point.extend(json.loads(text)),
            "CMD": lambda text: self.command.extend(json.loads(text)),
        }
        for kind, text in _STEP.findall((self.context / "Containerfile").read_text("utf-8")):
            steps[kind](text)

    def line(self, *arguments: str, settings: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs the image with these arguments and settings, as its user."""
        return self._line([*self.entry_point, *arguments], settings or {})

    def health_line(self) -> list[str]:
        """The command line of the image's health check."""
        return self._line(self.health, {})

    def _line(self, command: list[str], settings: Mapping[str, str]) -> list[str]:
        user, _, group = self.user.partition(":")
        become = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
        limits = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
        given = [f"{name}={value}" for name, value in {**self.environment, **settings}.items()]
        script = f"cd {self.directory} && exec {shlex.join(command)}"
        return [*become, *limits, "env", "-i", *given, "sh", "-c", script]

    def _run(self, text: str) -> None:
        self.machine.check("sh", "-ec", f"cd {self.directory}\n{text}")

    def _copy(self, text: str) -> None:
        *patterns, target = text.split()
        for pattern in patterns:
            found = list(self.context.glob(pattern))
            assert found, f"COPY {pattern}: there is no such file"
            for file in found:
                self.machine.write(f"{target}{file.name}", file.read_bytes())

    def _set(self, text: str) -> None:
        name, _, value = text.partition("=")
        self.environment[name] = value

    def _become(self, text: str) -> None:
        self.user = text

    def _enter(self, text: str) -> None:
        self.directory = text
        self.machine.check("mkdir", "-p", text)
