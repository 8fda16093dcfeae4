"""Creates an Organisation in webCRM, each claimed name once, one step after the other."""

from __future__ import annotations

from webcrm_sync.core import new_customer as rules
from webcrm_sync.core import phrases, verification
from webcrm_sync.core.addresses import find_domains
from webcrm_sync.core.crm import OrganisationDraft, OrganisationRow
from webcrm_sync.core.errors import Gone, Refused, TooLate, TryLater, Unclear
from webcrm_sync.core.new_customer import AfterSearch, ClaimStep, OrganisationClaim
from webcrm_sync.engine.context import Context
from webcrm_sync.store import directory, new_customers
from webcrm_sync.store import organisation_claims as claims
from webcrm_sync.store.database import Tx


def create_claimed(context: Context, folded_name: str) -> int | None:
    """The id of the Organisation of this claim, None while it is not known yet. Idempotent.

    Raises TryLater if webCRM cannot be asked, Refused or Gone if it does not take the Organisation.
    """
    with context.begin() as tx:
        claim = claims.read_claim(tx, folded_name)
        now = tx.now
    if claim is None:
        raise Refused(phrases.ORGANISATION_REFUSED.english)
    match rules.next_step(claim, now):
        case ClaimStep.DONE:
            return claim.organisation_id
        case ClaimStep.SEND:
            return _send(context, folded_name, claim.draft)
        case ClaimStep.SEARCH:
            return _search(context, folded_name, claim)
        case ClaimStep.WAIT:
            return None


def _send(context: Context, folded_name: str, draft: OrganisationDraft) -> int | None:
    """Commit the intent and send the Organisation, unless another run does so."""
    settle = context.settings.search_lag
    listed = context.webcrm.list_new_organisations(rules.created_since(context.now()))
    earlier = rules.find_created(draft.name, listed)
    with context.begin() as tx:
        new = [i for i in earlier if i not in directory.organisation_names(tx, earlier)]
    if new:  # somebody has just created it in webCRM itself
        return _save(context, folded_name, draft, new[0])
    with context.begin() as tx:
        intent_at = tx.now
        search_at = rules.first_search_at(intent_at, settle=settle)
        if not claims.begin(tx, folded_name, earlier_ids=earlier, search_at=search_at):
            return None
    until = verification.latest_send_at(intent_at, settle=settle)
    try:
        new_id = context.webcrm.create_organisation(draft, until=until)
    except (TryLater, TooLate) as error:
        with context.begin() as tx:
            claims.release(tx, folded_name, intent_at=intent_at)
        if isinstance(error, TryLater):
            raise
        raise TryLater("webCRM is busy at this moment.") from error
    except Unclear:
        return None  # the intent stays until the search can tell
    except (Refused, Gone) as error:
        with context.begin() as tx:
            _end(tx, folded_name, str(error))
        raise
    if new_id is not None:
        return _save(context, folded_name, draft, new_id)
    with context.begin() as tx:
        claims.accept(tx, folded_name, intent_at=intent_at)
        claim = claims.read_claim(tx, folded_name)
    return _search(context, folded_name, claim) if claim and claim.is_accepted else None


def _end(tx: Tx, folded_name: str, refusal: str) -> None:
    """End the claim and every request for it: webCRM did not take the Organisation."""
    claims.drop(tx, folded_name)
    new_customers.refuse(tx, folded_name, refusal)


def _search(context: Context, folded_name: str, claim: OrganisationClaim) -> int | None:
    """The id if webCRM lists the Organisation by now; else decide what that means."""
    assert claim.intent_at is not None
    since = rules.created_since(claim.intent_at)
    listed = context.webcrm.list_new_organisations(since)
    found = rules.find_created(claim.draft.name, listed, earlier_ids=claim.earlier_ids)
    if found:
        return _save(context, folded_name, claim.draft, found[0])
    _go_on(context, folded_name, claim, searches=claim.searches + 1)
    return None


def _go_on(context: Context, folded_name: str, claim: OrganisationClaim, *, searches: int) -> None:
    """Record that all `searches` found nothing, and act on what that means. Raises Refused."""
    intent_at, settle = claim.intent_at, context.settings.search_lag
    assert intent_at is not None
    with context.begin() as tx:
        after = rules.decide_after_search(claim, searches=searches, now=tx.now, settle=settle)
        if after is AfterSearch.SEARCH_AGAIN:
            due_at = rules.next_search_at(searches, tx.now)
            claims.search_again(
                tx, folded_name, intent_at=intent_at, searches=searches, due_at=due_at
            )
        elif after is AfterSearch.SEND_AGAIN:
            claims.release(tx, folded_name, intent_at=intent_at)
        else:
            _end(tx, folded_name, phrases.ORGANISATION_NOT_LISTED.english)
    if after is AfterSearch.GIVE_UP:
        raise Refused(phrases.ORGANISATION_NOT_LISTED.english)


def _save(context: Context, folded_name: str, draft: OrganisationDraft, new_id: int) -> int:
    """Add the Organisation to the directory at once, and wake the mails of its domains."""
    domains = find_domains(f"{draft.domain};{draft.www}")
    row = OrganisationRow(new_id, draft.name, domains, None)
    with context.begin() as tx:
        claims.complete(tx, folded_name, new_id)
        directory.save_organisations(tx, [row])
        directory.rematch_waiting(tx, addresses=(), domains=domains)
    return new_id
