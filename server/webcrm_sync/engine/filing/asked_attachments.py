"""Plans the attachments that a person asked for after their mail was filed without them."""

from __future__ import annotations

from collections.abc import Sequence

from webcrm_sync.core.attachments import AttachmentPlan, add_asked_for
from webcrm_sync.core.errors import Gone
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing import attachment_source
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.store import documents
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing


def plan_asked_for(
    context: Context, source: Source, filing: Filing, email: Email
) -> Sequence[Document]:
    """The Documents of a filing, with those that are new. Idempotent. Raises as `from_a_copy`."""
    try:
        plan = source.plan_for(attachment_source.with_text(context, email))
    except Gone:
        plan = AttachmentPlan()  # The attachments were deleted with the mail.
    with context.begin() as tx:
        known = documents.of_filing(tx, filing.id)
        files = {d.position: d.name for d in known if not d.is_placeholder}
        documents.plan(tx, filing.id, add_asked_for(plan.files, files))
        for one in known:
            if one.is_placeholder:
                documents.drop(tx, one.id)
        return documents.of_filing(tx, filing.id)
