"""Lets something happen around a call: a death, a second worker, passing time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from support.scenario import Scenario


class Death(BaseException):
    """The process ends here: nothing after this line runs."""


@dataclass(slots=True)
class InterleavedClient:
    """A client that runs `before` and `after` around the first call of `name`."""

    client: Any
    name: str
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        assert getattr(self.client, self.name), "a name that no call has would never act"

    def __getattr__(self, name: str) -> Any:
        """Pass every other call on unchanged."""
        real = getattr(self.client, name)
        return self._interleaved(real) if name == self.name else real

    def _interleaved(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            before, self.before = self.before, None
            if before:
                before()
            answer = real(*given, **named)
            after, self.after = self.after, None
            if after:
                after()
            return answer

        return call


def die() -> None:
    """Let this worker die."""
    raise Death


def worker(
    scenario: Scenario,
    service: str,
    name: str,
    *,
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
) -> Scenario:
    """Another worker over the same sandbox, which runs something around one of its calls."""
    surrounded: Any = InterleavedClient(getattr(scenario.context, service), name, before, after)
    both: dict[str, Any] = {service: surrounded}
    context = replace(scenario.context, **both)
    return Scenario(scenario.sandbox, context, scenario.organisations)
