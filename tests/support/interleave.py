"""Lets something happen around a call: a worker dies, a second one works, or time passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from support.scenario import Scenario


class Death(BaseException):
    """Ends a worker's work where it is raised: no code of the engine catches it."""


@dataclass(slots=True)
class ClientWrapper:
    """A client of which subclasses replace some calls; the others pass through unchanged."""

    client: Any

    def __getattr__(self, name: str) -> Any:
        """The client's own call."""
        return getattr(self.client, name)


@dataclass(slots=True)
class InterleavedClient(ClientWrapper):
    """A client that runs `before` and `after` around the first call of `name`."""

    name: str
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        assert getattr(self.client, self.name), "no call has this name, so nothing would happen"

    def __getattr__(self, name: str) -> Any:
        """The call with `name` interleaved, any other one unchanged."""
        real = getattr(self.client, name)
        return self._interleaved(real) if name == self.name else real

    def _interleaved(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            before, self.before = self.before, None
            if before:
                before()
            answer = real(*arguments, **named)
            after, self.after = self.after, None
            if after:
                after()
            return answer

        return call


def die() -> None:
    """Let the worker that calls it die."""
    raise Death


def worker(
    scenario: Scenario,
    service: str,
    name: str,
    *,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
) -> Scenario:
    """A second worker over the same sandbox that runs `before` and `after` around one call."""
    client: Any = InterleavedClient(getattr(scenario.context, service), name, before, after)
    changed: dict[str, Any] = {service: client}
    context = replace(scenario.context, **changed)
    return Scenario(scenario.sandbox, context, scenario.organisations)
