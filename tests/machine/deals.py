"""People file mails under Opportunities: one for each Organisation."""

from __future__ import annotations

from machine.history import History
from machine.invariants import MailActivities, organisation_of
from machine.model import MailCopy, MailModel
from support.opportunities import choose_opportunity
from webcrm_sync.core.errors import Refused
from webcrm_sync.store import filings, mailboxes
from webcrm_sync.store.items import lookup


class Deals:
    """Lets people choose Opportunities in one history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._setup = history.setup

    def choose(self, copy: MailCopy, organisation: int, *, is_none: bool) -> None:
        """Let the owner of a copy choose the Organisation's Opportunity, or none."""
        scenario, mail = self._setup.second_worker, copy.mail
        deal = None if is_none else self._setup.opportunities[organisation]
        with scenario.context.begin() as tx:
            box = mailboxes.find_mailbox(tx, self._history.box(copy.box).address)
            known = lookup.known_items(tx, box.id, [copy.id]) if box else {}
            email_ids = [item.email_id for item in known.values()]
            sent = {
                filing.organisation_id
                for some in filings.of_emails(tx, email_ids).values()
                for filing in some
                if filing.activity_id is not None
            }
        for email_id in email_ids:
            mail.deal = None
            mail.deals.add(deal or 0)
            try:
                choose_opportunity(scenario.context, email_id, organisation, deal)
            except Refused:  # the mail is not filed there
                continue
            # What was not sent yet is forgotten with the mail when it leaves the folder.
            mail.deal = (organisation, deal or 0) if organisation in sent else None


def check_deals(history: History) -> None:
    """Check that each mail is under the Opportunity that a person chose, and no row differs."""
    for mail in history.mails:
        activities = MailActivities.of(history, mail).filed
        chosen = {int(a.get("ActivityOpportunityId") or 0) for a in activities}
        assert chosen <= mail.deals | {0}, f"nobody put {mail.subject} under {chosen}"
        _check_last(mail, {organisation_of(a): a for a in activities})
    crm = {a["ActivityId"]: a for a in history.setup.sandbox.crm.activities}
    query = "SELECT activity_id, opportunity_id FROM filing WHERE NOT is_withdrawn"
    for activity_id, opportunity_id in history.setup.rows(query):
        if activity_id in crm:
            own = int(crm[activity_id].get("ActivityOpportunityId") or 0)
            assert own == (opportunity_id or 0), f"Activity {activity_id} is under {own}"


def _check_last(mail: MailModel, at: dict[int, object]) -> None:
    if mail.deal is not None and mail.deal[0] in at:
        activity = at[mail.deal[0]]
        assert isinstance(activity, dict)
        own = int(activity.get("ActivityOpportunityId") or 0)
        assert own == mail.deal[1], f"{mail.subject} is under {own}, not {mail.deal[1]}"
