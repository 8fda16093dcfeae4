"""Creates a customer from a mail in one step: Organisation, contact, and the mail filed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from webcrm_sync.core import phrases
from webcrm_sync.core.addresses import fold_address
from webcrm_sync.core.along import Along
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.customer_digest import CustomerDigest, is_overruled
from webcrm_sync.core.errors import Refused, TryLater
from webcrm_sync.core.new_customer import SHARED, ContactDraft
from webcrm_sync.core.organisation_names import fold_name
from webcrm_sync.core.places import MOST_PLACES, NO_CHOICE, ChosenPlaces
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.actions import check_chosen, with_removed
from webcrm_sync.engine.pane.along_actions import decide_along_in, refuse_private
from webcrm_sync.engine.pane.customer_fields import check_fields
from webcrm_sync.engine.pane.customer_mail import file_mail, move_in
from webcrm_sync.engine.pane.customer_steps import create_in_webcrm, postpone
from webcrm_sync.engine.pane.mail_lookup import (
    CurrentUser,
    LocatedMail,
    MailRef,
    locate_one,
    refuse_elsewhere,
)
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus, MailStatus
from webcrm_sync.engine.pane.organisations import Organisation
from webcrm_sync.engine.pane.similar_organisations import find_similar_organisations
from webcrm_sync.net.deadline import answer_within
from webcrm_sync.store import directory, mailboxes, new_customers, sync_requests
from webcrm_sync.store import organisation_claims as claims
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.store.new_customers import CustomerKey, NewCustomer

#: How long a person waits for webCRM. Then the job goes on, and the mail is on its way.
_PATIENCE_S = 8
#: When the job takes over from a request that ended without a word.
_TAKE_OVER = timedelta(seconds=20)
#: A mail with one of these statuses is never synced, so no customer comes of it.
_UNFIT = frozenset({DisplayStatus.DRAFT, DisplayStatus.MIRRORED, DisplayStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class CustomerForm:
    """What a person entered. `is_even_if_similar`: the similar Organisations are others.

    `places`: where else the person wants a mail that is not synced yet. `replaces`: the place that
    the new Organisation takes over, None = no place. `along`: the parts of the mail that the person
    chose. `is_even_if_private`: the person was asked about a private mail.
    """

    organisation: OrganisationDraft
    contact: ContactDraft | None = None
    is_even_if_similar: bool = False
    places: ChosenPlaces = NO_CHOICE
    replaces: int | None = None
    along: Along | None = None
    is_even_if_private: bool = False


@dataclass(frozen=True, slots=True)
class CreatedCustomer:
    """What became of a form. With `similar` Organisations nothing was created.

    An id of None: it is not known yet, or no contact was wanted. `is_first_kept`: an earlier form
    said something else, and the customer is as that one said.
    """

    similar: tuple[Organisation, ...] = ()
    mail: MailStatus | None = None
    organisation_id: int | None = None
    person_id: int | None = None
    is_first_kept: bool = False


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the tables say of a form before webCRM is asked, see `CreatedCustomer`."""

    similar: tuple[Organisation, ...] = ()
    is_first_kept: bool = False


def create_customer(
    context: Context, user: CurrentUser, ref: MailRef, form: CustomerForm
) -> CreatedCustomer:
    """Create the customer and sync the mail there, or go on in a job if webCRM is slow.

    Idempotent: a second press returns the same ids, whatever its form says. Raises InvalidField,
    Refused, TryLater, Gone.
    """
    refuse_elsewhere(user)
    check_chosen(context, form.places)
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    if shown.status in _UNFIT:
        raise Refused(phrases.NOT_SYNCED.english, code="NotSynced")
    refuse_private(mail, shown, even_if_private=form.is_even_if_private)
    key = CustomerKey(user.box.id, mail.graph_id, fold_name(form.organisation.name))
    is_new = shown.status is DisplayStatus.NEW
    _refuse_too_many_places(shown, key, form)
    form = replace(form, places=with_removed(form.places, shown))
    begun = _begin(context, user, ref, key, form, mail, shown)
    if begun.similar:
        return CreatedCustomer(similar=begun.similar)
    is_created = _try_now(context, key, is_new=is_new)
    mail = move_in(context, user, key, mail)
    if is_created:
        file_mail(context, user, key, mail, item_id=ref.item_id)
    created = _read_result(context, user, key, mail)
    return replace(created, is_first_kept=begun.is_first_kept)


def _refuse_too_many_places(shown: MailStatus, key: CustomerKey, form: CustomerForm) -> None:
    """Raise Refused before anything is created if the mail could not be filed there."""
    names = {target.organisation_id: target.organisation for target in shown.targets}
    places = form.places.organisations or tuple(names)
    is_there = key.folded_name in map(fold_name, names.values())
    if len(places) >= MOST_PLACES and form.replaces is None and not is_there:
        raise Refused(phrases.TOO_MANY_PLACES.fill(most=MOST_PLACES), code="TooManyPlaces")


def _begin(
    context: Context,
    user: CurrentUser,
    ref: MailRef,
    key: CustomerKey,
    form: CustomerForm,
    mail: LocatedMail,
    shown: MailStatus,
) -> _Begun:
    """Record what is to be created and what goes along, unless there are similar Organisations."""
    is_new = shown.status is DisplayStatus.NEW
    with context.begin() as tx:
        lock_company(tx)  # two colleagues may press at the same moment
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        draft = check_fields(form.organisation, form.contact, internals)
        digest = CustomerDigest.of(draft, form.contact)
        known = new_customers.read(tx, key)
        has_begun = known and (known.is_open or (known.completed_at and not is_new))
        if not (has_begun or form.is_even_if_similar):
            similar = find_similar_organisations(tx, draft, form.contact)
            if similar:
                return _Begun(similar)
        decide_along_in(context, tx, user, ref, mail, shown, form.along)
        if known and has_begun:
            return _Begun(is_first_kept=known.digest not in {None, digest})
        form = replace(form, organisation=draft)
        earlier = _record(tx, user, ref, key, form, digest, is_new=is_new)
    return _Begun(is_first_kept=is_overruled(digest, earlier))


def _record(
    tx: Tx,
    user: CurrentUser,
    ref: MailRef,
    key: CustomerKey,
    form: CustomerForm,
    digest: CustomerDigest,
    *,
    is_new: bool,
) -> Sequence[CustomerDigest]:
    """Claim the Organisation and save the form; what earlier forms for it said."""
    draft = replace(form.organisation, owner_id=_webcrm_user_id(tx, user))
    claimed_at = claims.claim(tx, key.folded_name, draft, void_before=tx.now - SHARED)
    earlier = new_customers.digests_since(tx, key.folded_name, claimed_at)
    new_customers.save(
        tx,
        key,
        by=user.name,
        contact=form.contact,
        replaces_id=form.replaces,
        digest=digest,
        due_at=tx.now + _TAKE_OVER,
    )
    if is_new:  # records this person and where else the mail belongs, also for the job
        sync_requests.save_request(
            tx,
            key.mailbox_id,
            key.graph_id,
            item_id=ref.item_id,
            by=user.name,
            chosen=form.places,
        )
    return earlier


def _webcrm_user_id(tx: Tx, user: CurrentUser) -> int | None:
    """The person's own user in webCRM, who becomes responsible for the Organisation."""
    own = fold_address(user.box.address)
    return next((u.user_id for u in directory.users(tx).values() if u.address == own), None)


def _try_now(context: Context, key: CustomerKey, *, is_new: bool) -> bool:
    """True if the customer is in webCRM now. Raises Refused after taking everything back."""
    try:
        with answer_within(_PATIENCE_S):
            return create_in_webcrm(context, key)
    except TryLater as error:
        postpone(context, key, error)
    except Refused:
        _take_back(context, key, is_new=is_new)
        raise
    return False


def _take_back(context: Context, key: CustomerKey, *, is_new: bool) -> None:
    """Forget the request: the person corrects the form, and the mail is where it was."""
    with context.begin() as tx:
        new_customers.drop(tx, key)
        if is_new:
            sync_requests.forget_requests(tx, key.mailbox_id, key.graph_id)


def _read_result(
    context: Context, user: CurrentUser, key: CustomerKey, mail: LocatedMail
) -> CreatedCustomer:
    with context.begin() as tx:
        request: NewCustomer | None = new_customers.read(tx, key)
    (shown,) = read_statuses(context, user, [mail])
    if request is None:
        return CreatedCustomer(mail=shown)
    return CreatedCustomer(
        mail=shown, organisation_id=request.organisation_id, person_id=request.person_id
    )
