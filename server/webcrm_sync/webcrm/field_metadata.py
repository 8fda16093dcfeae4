"""What webCRM says about the fields of an Activity, asked for once in a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcrm_sync.core.crm import Field
from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.filing import FieldLimits

_FRESH = timedelta(minutes=30)
ACTION, SUBJECT, MEMO = "ActivityAction", "ActivityDescription", "ActivityMemo"


@dataclass(slots=True)
class Metadata:
    """The fields of an Activity, remembered for half an hour."""

    ask: Callable[[], tuple[Field, ...]]
    now: Callable[[], datetime]
    fields: dict[str, Field] | None = None
    asked_at: datetime | None = None

    def read(self, *, is_fresh: bool = False) -> dict[str, Field]:
        """The fields by name. `is_fresh`: ask again whatever is remembered."""
        now = self.now()
        if self.fields is None or self.asked_at is None or is_fresh or now - self.asked_at > _FRESH:
            self.fields = {field.name: field for field in self._asked()}
            self.asked_at = now
        return self.fields

    def _asked(self) -> tuple[Field, ...]:
        """A webCRM that does not tell its fields takes what it takes: no limit is known then."""
        try:
            return self.ask()
        except (Gone, Refused):
            return ()

    def limits(self) -> FieldLimits:
        """How long a subject and a body may be."""
        fields = self.read()
        lengths = {name: f.max_length for name, f in fields.items()}
        return FieldLimits(subject=lengths.get(SUBJECT, 0), memo=lengths.get(MEMO, 0))

    def knows_action(self, action: str) -> bool:
        """True when webCRM's drop-down has this label, or is no drop-down.

        A label that is missing is looked for afresh: somebody may just have added it.
        """
        for is_fresh in (False, True):
            field = self.read(is_fresh=is_fresh).get(ACTION)
            if field is None or not field.choices or action in field.choices:
                return True
        return False
