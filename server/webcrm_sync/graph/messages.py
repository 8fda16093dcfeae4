"""Mails in Graph: read, find, mark, create.

Read as raw JSON, since a page through the SDK's models takes eighty times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from webcrm_sync.core.errors import Conflict, Refused, TryLater
from webcrm_sync.core.message import Attachment, Message
from webcrm_sync.core.outlook import CreatedMail, Location, Marking, MarkingResult, Page, SentMail
from webcrm_sync.graph import batch, wire
from webcrm_sync.graph.batch import BatchAnswer, BatchRequest
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.guards import EntryGuard
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.properties import EXPAND
from webcrm_sync.graph.transport import TOO_LARGE, Transport

_AS_HTML = 'outlook.body-content-type="html"'


def fetch_page(
    transport: Transport,
    user_id: str,
    folder_id: str,
    cursor: str | None,
    *,
    size: int,
    guard: EntryGuard,
) -> Page:
    """The next page of a folder's delta; `cursor` None = from the start.

    A page whose bodies exceed the bounds of an answer is requested again with half the mails.
    """
    url = cursor or transport.build_url(
        *("users", user_id, "mailFolders", folder_id, "messages", "delta"),
        select=wire.MESSAGE_KEYS,
        expand=EXPAND,
    )
    prefer = (f"odata.maxpagesize={size}", _AS_HTML)  # Graph does not remember them between pages
    try:
        raw = transport.request_json("GET", url, Call(user_id), prefer=prefer)
        return wire.read_page(raw, guard=guard)
    except TryLater as error:
        if error.code != TOO_LARGE or size == 1:
            raise
    return fetch_page(transport, user_id, folder_id, cursor, size=size // 2, guard=guard)


def fetch_next_pages(
    transport: Transport, cursors: Sequence[str], *, size: int
) -> list[Page | None]:
    """The page behind each cursor, of any mailboxes, without mails; None = it was not answered.

    `cursors`: at most 20. The requests run in parallel, so that one mailbox in trouble stops no
    other.
    """
    prefer = f"{batch.IMMUTABLE_IDS}, odata.maxpagesize={size}, {_AS_HTML}"
    urls = [transport.relative_url(cursor) for cursor in cursors]
    requests = [BatchRequest("GET", url, headers={"Prefer": prefer}) for url in urls if url]
    answers = iter(batch.send_apart(transport, requests))
    return [_read_next_page(next(answers)) if url else None for url in urls]


def _read_next_page(answer: BatchAnswer) -> Page | None:
    try:
        return None if answer.failure else wire.read_page(answer.body, wire.read_version)
    except Refused:  # the answer is no page
        return None


def fetch_messages(transport: Transport, user_id: str, graph_ids: Sequence[str]) -> list[Message]:
    """These mails with their bodies, without those that do not exist."""
    requests = [
        BatchRequest(
            "GET",
            wire.build_path(
                *("users", user_id, "messages", graph_id),
                select=wire.MESSAGE_KEYS,
                expand=EXPAND,
            ),
            headers={"Prefer": f"{batch.IMMUTABLE_IDS}, {_AS_HTML}"},
        )
        for graph_id in graph_ids
    ]
    answers = batch.send_reads(transport, user_id, requests)
    return [wire.read_message(answer.body) for answer in answers if not answer.is_missing]


def fetch_message(transport: Transport, user_id: str, graph_id: str) -> Message:
    """One mail with its body."""
    url = transport.build_url(
        *("users", user_id, "messages", graph_id),
        select=wire.MESSAGE_KEYS,
        expand=EXPAND,
    )
    return wire.read_message(transport.request_json("GET", url, Call(user_id), prefer=(_AS_HTML,)))


def fetch_locations(
    transport: Transport, user_id: str, graph_ids: Sequence[str]
) -> dict[str, Location | None]:
    """The location of each copy, None = it does not exist, or Graph refuses to say.

    After a refusal it asks for each half alone, so that a refused copy does not hide the others.
    """
    requests = [
        BatchRequest(
            "GET",
            wire.build_path("users", user_id, "messages", graph_id, select=wire.LOCATION_KEYS),
        )
        for graph_id in graph_ids
    ]
    try:
        answers = batch.send_reads(transport, user_id, requests)
    except Refused:
        if len(graph_ids) == 1:
            return {graph_ids[0]: None}
        half = len(graph_ids) // 2
        first = fetch_locations(transport, user_id, graph_ids[:half])
        return first | fetch_locations(transport, user_id, graph_ids[half:])
    return {
        graph_id: None if answer.is_missing else wire.read_location(answer.body)
        for graph_id, answer in zip(graph_ids, answers, strict=True)
    }


def list_folder_mails(transport: Transport, user_id: str, folder_id: str) -> dict[str, Location]:
    """The location of every copy in a folder, by Graph id.

    A page holds up to 1000 (Microsoft Graph: list messages).
    """
    url = transport.build_url(
        *("users", user_id, "mailFolders", folder_id, "messages"),
        select=wire.LOCATION_KEYS,
        top="1000",
    )
    entries = list_entries(transport, Call(user_id), url)
    return {wire.get_id(entry): wire.read_location(entry) for entry in entries}


def mark_mails(
    transport: Transport, user_id: str, markings: Sequence[Marking]
) -> list[MarkingResult]:
    """The result of each of at most 20 markings, in their order: a new version or an error."""
    requests = [
        BatchRequest(
            "PATCH",
            wire.build_path("users", user_id, "messages", marking.graph_id),
            body=wire.marking_body(marking.categories, marking.stamp),
            headers={"If-Match": f'W/"{marking.change_key}"'},
        )
        for marking in markings
    ]
    answers = batch.send_chain(transport, user_id, requests)
    return [
        _read_marking_result(transport, user_id, marking, answer)
        for marking, answer in zip(markings, answers, strict=True)
    ]


def _read_marking_result(
    transport: Transport, user_id: str, marking: Marking, answer: BatchAnswer
) -> MarkingResult:
    if answer.failure:
        error = transport.classify(answer.failure, Call(user_id))
        return MarkingResult(marking.graph_id, trouble=error, is_attempted=not answer.is_skipped)
    saved = {name.casefold() for name in wire.get_texts(answer.body, "categories")}
    if saved and not saved.issuperset(name.casefold() for name in marking.categories):
        return MarkingResult(
            marking.graph_id, trouble=Conflict("Outlook did not save all categories.")
        )
    return MarkingResult(marking.graph_id, wire.get_text(answer.body, "changeKey"))


def list_attachments(transport: Transport, user_id: str, graph_id: str) -> tuple[Attachment, ...]:
    """Every attachment of a mail, without its content."""
    url = transport.build_url(
        *("users", user_id, "messages", graph_id, "attachments"), select=wire.ATTACHMENT_KEYS
    )
    entries = list_entries(transport, Call(user_id), url)
    return tuple(wire.read_attachment(entry) for entry in entries)


def list_attachments_by_mail(
    transport: Transport, user_id: str, graph_ids: Sequence[str]
) -> dict[str, tuple[Attachment, ...]]:
    """The attachments of each mail, without mails that are missing or have several pages."""
    requests = [
        BatchRequest(
            "GET",
            wire.build_path(
                "users", user_id, "messages", graph_id, "attachments", select=wire.ATTACHMENT_KEYS
            ),
        )
        for graph_id in graph_ids
    ]
    answers = batch.send_reads(transport, user_id, requests)
    return {
        graph_id: tuple(map(wire.read_attachment, wire.get_objects(answer.body, "value")))
        for graph_id, answer in zip(graph_ids, answers, strict=True)
        if not answer.is_missing and not wire.get_text(answer.body, "@odata.nextLink")
    }


def save_attachment(
    transport: Transport,
    user_id: str,
    graph_id: str,
    attachment_id: str,
    sink: IO[bytes],
    *,
    at_most: int,
) -> None:
    """Writes an attachment's bytes into `sink`."""
    segments = ("users", user_id, "messages", graph_id, "attachments", attachment_id, "$value")
    url = transport.build_url(*segments)
    transport.download(url, Call(user_id), sink, at_most=at_most)


def read_files(
    transport: Transport, user_id: str, files: Sequence[tuple[str, str]]
) -> list[bytes | None]:
    """The content of each file (Graph ids of mail and attachment), None = not read."""
    paths = [
        wire.build_path("users", user_id, "messages", mail_id, "attachments", attachment_id)
        for mail_id, attachment_id in files
    ]
    answers: list[BatchAnswer] = []
    for start in range(0, len(paths), batch.MAX_REQUESTS):
        some = paths[start : start + batch.MAX_REQUESTS]
        requests = [BatchRequest("GET", path) for path in some]
        answers += batch.send_chain(transport, user_id, requests)
    return [None if answer.failure else wire.read_content(answer.body) for answer in answers]


def create_sent_mail(
    transport: Transport, user_id: str, folder_id: str, mail: SentMail
) -> CreatedMail:
    """A new mail that is not a draft."""
    url = transport.build_url("users", user_id, "mailFolders", folder_id, "messages")
    call = Call(user_id, is_idempotent=False)
    body = wire.sent_mail_body(mail)
    return wire.read_created(transport.request_json("POST", url, call, body=body))


def find_stamped_mails(transport: Transport, user_id: str, stamp: str) -> tuple[CreatedMail, ...]:
    """The mails with this stamp, in any folder."""
    url = transport.build_url(
        *("users", user_id, "messages"),
        filter=wire.stamp_filter(stamp),
        select=wire.CREATED_KEYS,
    )
    entries = list_entries(transport, Call(user_id), url)
    return tuple(wire.read_created(entry) for entry in entries)


def delete_mail(transport: Transport, user_id: str, graph_id: str) -> None:
    """Moves a mail to the owner's deleted items."""
    url = transport.build_url("users", user_id, "messages", graph_id)
    transport.request_json("DELETE", url, Call(user_id))
