"""file(company): found mails become Activities, their attachments Documents."""

from __future__ import annotations

from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.engine.line import Line
from webcrm_sync.engine.parts import Parts, hold_webcrm, release_webcrm
from webcrm_sync.store import companies, rebuilding


def file(parts: Parts) -> None:
    """Take every found mail and every open filing one step further. Idempotent.

    When webCRM is in trouble its gate closes for a while and nothing is lost.
    """
    with parts.begin() as tx:
        company = companies.read_company(tx)
        if company.is_webcrm_shut(tx.now):
            return
        if company.directory_full_at is None:
            return  # whose mails they are cannot be told before webCRM's addresses were read
        if rebuilding.begun_at(tx):
            return  # what stands in webCRM already is still being read
    try:
        with Line(parts) as line:
            is_more = line.work(is_troubled=company.webcrm_attempts > 0)
    except (TryLater, Unclear, Refused) as error:
        hold_webcrm(parts, error)
        return
    if company.webcrm_attempts:
        release_webcrm(parts)
    if is_more:
        with parts.begin() as tx:
            tx.defer("file", parts.company_id)
