"""A check of `doctor`: what it found and, unless all is well, what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.errors import SyncError

logger = logging.getLogger(__name__)

#: What grants the application its rights in mailboxes.
RBAC = "Exchange: RBAC for Applications, see docs/deploy.md"
#: How many subjects a line names that is about several.
_NAMED = 5


class Verdict(StrEnum):
    """The result of a check. The values are part of `doctor --json`."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it found and, unless it is OK, what to do."""

    name: str
    verdict: Verdict
    text: str


#: Yields what one part of the checks found.
Part = Callable[[], Iterable[Check]]


def run_part(name: str, part: Part) -> Iterator[Check]:
    """The checks of `part`. An error ends it and is a failed check of this name."""
    try:
        yield from part()
    except SyncError as error:
        yield Check(name, Verdict.FAILED, str(error))
    except Exception as error:
        logger.exception("check_failed", extra={"check": name})
        kind = type(error).__name__
        text = (
            f"this check broke off ({kind}). The log line `check_failed` has the trace: report it."
        )
        yield Check(name, Verdict.FAILED, text)


def group(
    name: str, verdict: Verdict, noun: str, found: Iterable[tuple[str, str]]
) -> Iterator[Check]:
    """One check for each sentence, which names those that it is about: 300 equal ones are one line.

    `found`: a subject and the sentence about it. `noun`: of the subjects, in the plural.
    """
    subjects: dict[str, list[str]] = {}
    for subject, sentence in found:
        subjects.setdefault(sentence, []).append(subject)
    for sentence, named in sorted(subjects.items(), key=lambda pair: -len(pair[1])):
        if len(named) == 1:
            yield Check(name, verdict, f"{named[0]}: {sentence}")
            continue
        listed, rest = ", ".join(named[:_NAMED]), len(named) - _NAMED
        more = f" and {rest} more" if rest > 0 else ""
        yield Check(name, verdict, f"{len(named)} {noun} ({listed}{more}): {sentence}")
