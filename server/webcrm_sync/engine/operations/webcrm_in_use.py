"""Refuses another webCRM system or key field than the one that the filings are in (ADR 31)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from webcrm_sync.core.errors import Gone, LoginRefused, TryLater
from webcrm_sync.core.webcrm_in_use import Decision, Sample, WebCrmInUse, decide, is_same_system
from webcrm_sync.engine.context import Context
from webcrm_sync.store import webcrm_in_use as store
from webcrm_sync.store.webcrm_in_use import AnotherWebCrm, FiledSample, PersonSample
from webcrm_sync.webcrm.errors import UNAUTHORIZED


def refuse_another(context: Context) -> None:
    """Remember the webCRM in use. Raises AnotherWebCrm before anything is written into another one.

    webCRM is asked only when its address or the token has changed. Raises TryLater if it does not
    answer then, and LoginRefused if it refuses the token.
    """
    used = configured(context)
    if find_decision(context) is Decision.GO_ON:
        return
    compare(context)
    context.transact(lambda tx: store.remember(tx, used))


def find_decision(context: Context) -> Decision:
    """What the tables alone say about the configured webCRM."""
    with context.begin() as tx:
        return decide(store.read(tx), configured(context), has_filings=store.has_filings(tx))


def compare(context: Context) -> None:
    """Raises what `refuse_another` raises, and remembers nothing."""
    decision = find_decision(context)
    if decision is Decision.REFUSE_FIELD:
        with context.begin() as tx:
            stored = store.read(tx).key_field or ""
        raise AnotherWebCrm.field(stored=stored, configured=context.settings.webcrm_key_field)
    if decision is Decision.COMPARE and not is_same_system(_compare_samples(context)):
        raise AnotherWebCrm.system()


def configured(context: Context) -> WebCrmInUse:
    """What the settings name."""
    settings = context.settings
    token = settings.webcrm_token.get_secret_value()
    text = f"{context.tenant_id} {settings.webcrm_url} {token}"
    return WebCrmInUse(settings.webcrm_key_field, sha256(text.encode()).hexdigest())


def _compare_samples(context: Context) -> list[Sample]:
    """The samples; none after the first one that has our key."""
    with context.begin() as tx:
        filings, persons = store.filed_samples(tx), store.person_samples(tx)
    found = []
    for filed in filings:
        found.append(_ask(partial(_compare_activity, context, filed)))
        if found[-1] is Sample.OUR_KEY:
            return found
    return found + [_ask(partial(_compare_person, context, person)) for person in persons]


def _compare_activity(context: Context, filed: FiledSample) -> Sample:
    key = context.webcrm.fetch_activity(filed.activity_id).key
    return Sample.OUR_KEY if key == filed.key else Sample.OTHER_KEY


def _compare_person(context: Context, known: PersonSample) -> Sample:
    contacts = context.webcrm.fetch_person(known.person_id).contacts
    is_same = known.address in {contact.address for contact in contacts}
    return Sample.SAME_PERSON if is_same else Sample.MISSING


def _ask(question: Callable[[], Sample]) -> Sample:
    try:
        return question()
    except Gone:
        return Sample.MISSING
    except TryLater as error:
        if isinstance(error, LoginRefused) or error.code == UNAUTHORIZED:
            raise  # it names the setting
        raise TryLater(
            "webCRM must be asked once whether it is the same system as that of the filed mails: "
            f"{error}",
            retry_at=error.retry_at,
            code=error.code,
        ) from error
