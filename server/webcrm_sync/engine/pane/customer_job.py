"""create customers(company): goes on with the customers that a person's request left half done."""

from __future__ import annotations

from functools import partial

from webcrm_sync.core.errors import Gone, SyncError
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.pane.customer_mail import file_mail, move_in
from webcrm_sync.engine.pane.customer_steps import create_in_webcrm, postpone
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, LocatedMail
from webcrm_sync.net.deadline import answer_within
from webcrm_sync.store import mailboxes, new_customers
from webcrm_sync.store.new_customers import CustomerKey, NewCustomer

#: The customers that one run goes on with.
_BATCH = 10
#: The time for one customer: the search for what was sent begins after it (`core.new_customer`).
_SECONDS = 30


def create_customers(context: Context) -> None:
    """Go on with every customer that is due. Idempotent."""
    with context.begin() as tx:
        requests = new_customers.due(tx, limit=_BATCH)
    act = partial(_go_on, context)
    _, faults = isolate.try_each(context, Job.CREATE_CUSTOMERS, requests, act, _name)
    for request, fault in faults:
        postpone(context, request.key, fault)
        incidents.record_once(context, Job.CREATE_CUSTOMERS, _name(request), fault)


def _name(request: NewCustomer) -> str:
    return f"mailbox {request.key.mailbox_id}"


def _go_on(context: Context, request: NewCustomer) -> None:
    key = request.key
    try:
        with answer_within(_SECONDS):
            is_created = create_in_webcrm(context, key)
        _move_and_file(context, request, is_created=is_created)
    except SyncError as error:
        postpone(context, key, error)  # without effect if webCRM refused, which ends the request


def _move_and_file(context: Context, request: NewCustomer, *, is_created: bool) -> None:
    key = request.key
    with context.begin() as tx:
        box = mailboxes.read_mailbox(tx, key.mailbox_id)
    if box is None:
        return
    user = CurrentUser(box, request.by)
    head = context.graph.fetch_heads(box.user_id, [key.graph_id])[key.graph_id]
    if head is None:
        _end(context, key, is_created=is_created)
        return
    mail = LocatedMail(key.graph_id, head)
    try:
        mail = move_in(context, user, key, mail)
    except Gone:
        _end(context, key, is_created=is_created)
        return
    if is_created:
        file_mail(context, user, key, mail)


def _end(context: Context, key: CustomerKey, *, is_created: bool) -> None:
    """The mail is deleted in Outlook: the customer stands alone."""
    if is_created:
        with context.begin() as tx:
            new_customers.complete(tx, key)
