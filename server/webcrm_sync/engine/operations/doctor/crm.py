"""The checks of webCRM: address and login, fields and labels, a trial write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from webcrm_sync.core.errors import Gone, LoginRefused, Refused, SyncError, TryLater
from webcrm_sync.core.opportunities import find_won_levels
from webcrm_sync.engine.operations.doctor.check import Check, Verdict, run_part
from webcrm_sync.net.reach import Unreachable, reach
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.errors import is_forbidden
from webcrm_sync.webcrm.field_metadata import FieldMetadata

#: The length of a filing's key (`core/identity.py`).
_KEY_LENGTH = 30
_LOGIN, _FIELDS, _WRITING = "webCRM login", "webCRM fields", "webCRM write permission"
_OPPORTUNITIES = "webCRM Opportunities"


@dataclass(frozen=True, slots=True)
class WebCrmChecks:
    """What the checks of webCRM need."""

    settings: Settings
    webcrm: WebCrm
    metadata: FieldMetadata

    def run(self) -> Iterator[Check]:
        """All checks; none but the first while nobody can log in."""
        login = list(run_part(_LOGIN, self._check_login))
        yield from login
        if all(check.verdict is Verdict.OK for check in login):
            yield from run_part(_FIELDS, self._check_fields)
            yield from run_part(_OPPORTUNITIES, self._check_opportunities)
            yield from run_part(_WRITING, self._check_writing)

    def _check_login(self) -> Iterator[Check]:
        try:
            self.webcrm.check_login()
        except LoginRefused as error:
            yield Check(_LOGIN, Verdict.FAILED, f"{str(error).rstrip('.')}. {self._token_advice()}")
        except TryLater as error:
            yield Check(_LOGIN, Verdict.FAILED, self._explain_absence(error))
        else:
            yield Check(_LOGIN, Verdict.OK, "webCRM accepts the application token")

    def _token_advice(self) -> str:
        return (
            "Make a token in webCRM (Configuration > Integration > API) and set "
            f"{PREFIX}WEBCRM_TOKEN; {PREFIX}WEBCRM_URL must be the address of webCRM's API"
        )

    def _explain_absence(self, error: TryLater) -> str:
        """The reason that the network gives, or else webCRM's own."""
        settings = self.settings
        advice = f"check {PREFIX}WEBCRM_URL, the network and the proxy. Work waits meanwhile"
        try:
            reach(f"{settings.webcrm_url}/Auth", settings.ca_bundle)
        except Unreachable as reason:
            if reason.fault:
                advice = reason.fault.cure
            return f"webCRM cannot be reached: {reason}; {advice}"
        return f"{str(error).rstrip('.')}; {advice}"

    def _check_fields(self) -> Iterator[Check]:
        settings, fields = self.settings, self.metadata.read(is_fresh=True)
        troubles = []
        key_field = fields.get(settings.webcrm_key_field)
        advice = f"in webCRM, or name another one in {PREFIX}WEBCRM_KEY_FIELD"
        if not fields:
            text = (
                f"webCRM does not describe its fields: {settings.webcrm_key_field} is not checked"
            )
            yield Check(_FIELDS, Verdict.WARNING, text)
        elif key_field is None:
            troubles.append(
                f"webCRM does not list the field {settings.webcrm_key_field}; make it a text field "
                f"{advice}"
            )
        elif 0 < key_field.max_length < _KEY_LENGTH:
            troubles.append(
                f"{settings.webcrm_key_field} holds {key_field.max_length} characters; it needs "
                f"{_KEY_LENGTH}. Make it longer {advice}"
            )
        troubles += [
            f"webCRM does not know the label '{label}': add it to the Activity's drop-down or name "
            f"another one in {PREFIX}{variable}"
            for variable, label in (
                ("WEBCRM_ACTION_IN", settings.webcrm_action_in),
                ("WEBCRM_ACTION_OUT", settings.webcrm_action_out),
            )
            if not self.metadata.knows_action(label)
        ]
        for text in troubles:
            yield Check(_FIELDS, Verdict.FAILED, text)
        if fields and not troubles:
            yield Check(_FIELDS, Verdict.OK, "labels and key field exist")

    def _check_opportunities(self) -> Iterator[Check]:
        try:
            self.webcrm.try_opportunities()
            labels = self.webcrm.list_level_labels()
        except SyncError as error:
            if not isinstance(error, Refused | Gone) and not is_forbidden(error):
                raise
            text = (
                "the application token may not read Opportunities, so no mail can be filed under "
                "one. Give it Read for Opportunities in webCRM (Configuration > Integration > API)"
            )
            yield Check(_OPPORTUNITIES, Verdict.WARNING, text)
            return
        yield Check(_OPPORTUNITIES, Verdict.OK, self._explain_won(labels))

    def _explain_won(self, labels: Mapping[int, str]) -> str:
        """Which Opportunities count as won, and how to change that."""
        advice = f"if another level is won too, name all in {PREFIX}WEBCRM_WON_LEVELS"
        if levels := self.settings.webcrm_won_levels:
            advice = f"as {PREFIX}WEBCRM_WON_LEVELS says"
        levels = levels or find_won_levels(labels)
        if not levels:
            return (
                "no level is called won, so webCRM's own flag decides which are; if a level is "
                f"won, name it in {PREFIX}WEBCRM_WON_LEVELS"
            )
        named = ", ".join(f"{n} {labels.get(n, '')}".strip() for n in sorted(levels))
        return f"those of level {named} count as won; {advice}"

    def _check_writing(self) -> Iterator[Check]:
        """Really write, since webCRM tells nobody the rights of a token."""
        trials = {"Activities": self.webcrm.try_activities, "Documents": self.webcrm.try_documents}
        refused = []
        for area, attempt in trials.items():
            try:
                attempt()
            except SyncError as error:
                if not is_forbidden(error):
                    raise
                refused.append(area)
        if refused:
            text = (
                f"the application token may read, but not write {' and '.join(refused)}. Give it "
                "Read/Write for Activities, Documents and Persons in webCRM (Configuration > "
                f"Integration > API), or set another one in {PREFIX}WEBCRM_TOKEN"
            )
            yield Check(_WRITING, Verdict.FAILED, text)
        else:
            text = "a small Document was written and deleted again, and Activities may be written"
            yield Check(_WRITING, Verdict.OK, text)
