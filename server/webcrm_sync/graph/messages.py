"""Mails in Graph: read, found, marked, made.

Raw JSON, since a page through the SDK's models takes eighty times as long.
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
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.properties import EXPAND
from webcrm_sync.graph.transport import TOO_LARGE, Transport

_KEYS = wire.ATTACHMENT_KEYS
_AS_HTML = 'outlook.body-content-type="html"'


async def page(
    transport: Transport, user_id: str, folder_id: str, cursor: str | None, *, size: int
) -> Page:
    """The next page of a folder's delta; `cursor` None = from the start.

    A page whose bodies are more than an answer may hold is asked for again with half the mails.
    """
    url = cursor or transport.url(
        *("users", user_id, "mailFolders", folder_id, "messages", "delta"),
        select=wire.MESSAGE_KEYS,
        expand=EXPAND,
    )
    prefer = (f"odata.maxpagesize={size}", _AS_HTML)  # not sticky: said again on each page
    try:
        return wire.read_page(await transport.json("GET", url, Call(user_id), prefer=prefer))
    except TryLater as error:
        if error.code != TOO_LARGE or size == 1:
            raise
    return await page(transport, user_id, folder_id, cursor, size=size // 2)


async def message(transport: Transport, user_id: str, graph_id: str) -> Message:
    """One mail, whole."""
    url = transport.url(
        *("users", user_id, "messages", graph_id),
        select=wire.MESSAGE_KEYS,
        expand=EXPAND,
    )
    return wire.read_message(await transport.json("GET", url, Call(user_id), prefer=(_AS_HTML,)))


async def locations(
    transport: Transport, user_id: str, graph_ids: Sequence[str]
) -> dict[str, Location | None]:
    """Where each copy lies, None = nowhere, or Graph refuses to say.

    One that is refused is found by halving: it must not hide the others.
    """
    lines = [
        BatchRequest(
            "GET", wire.build_path("users", user_id, "messages", one, select=wire.LOCATION_KEYS)
        )
        for one in graph_ids
    ]
    try:
        answers = await batch.send_reads(transport, user_id, lines)
    except Refused:
        if len(graph_ids) == 1:
            return {graph_ids[0]: None}
        half = len(graph_ids) // 2
        first = await locations(transport, user_id, graph_ids[:half])
        return first | await locations(transport, user_id, graph_ids[half:])
    return {
        graph_id: None if answer.is_missing else wire.read_location(answer.body)
        for graph_id, answer in zip(graph_ids, answers, strict=True)
    }


async def listing(transport: Transport, user_id: str, folder_id: str) -> dict[str, Location]:
    """Every copy in the folder with where it lies and what it carries, no content.

    A page holds up to 1000 (Microsoft Graph: list messages).
    """
    url = transport.url(
        *("users", user_id, "mailFolders", folder_id, "messages"),
        select=wire.LOCATION_KEYS,
        top="1000",
    )
    found = await list_entries(transport, Call(user_id), url)
    return {wire.get_id(line): wire.read_location(line) for line in found}


async def mark(
    transport: Transport, user_id: str, markings: Sequence[Marking]
) -> list[MarkingResult]:
    """The new version of each copy or its trouble, in the order of `markings` (at most 20)."""
    lines = [
        BatchRequest(
            "PATCH",
            wire.build_path("users", user_id, "messages", one.graph_id),
            body=wire.marking_body(one.categories, one.stamp),
            headers={"If-Match": f'W/"{one.change_key}"'},
        )
        for one in markings
    ]
    answers = await batch.send_chain(transport, user_id, lines)
    return [
        _marked(transport, user_id, one, answer)
        for one, answer in zip(markings, answers, strict=True)
    ]


def _marked(
    transport: Transport, user_id: str, marking: Marking, answer: BatchAnswer
) -> MarkingResult:
    if answer.failure:
        trouble = transport.trouble(answer.failure, Call(user_id))
        return MarkingResult(marking.graph_id, trouble=trouble, is_attempted=not answer.is_cut_off)
    there = {name.casefold() for name in wire.get_texts(answer.body, "categories")}
    if there and not there.issuperset(name.casefold() for name in marking.categories):
        return MarkingResult(
            marking.graph_id, trouble=Conflict("The categories were not all taken.")
        )
    return MarkingResult(marking.graph_id, wire.get_text(answer.body, "changeKey"))


async def attachments(transport: Transport, user_id: str, graph_id: str) -> tuple[Attachment, ...]:
    """Every attachment of a mail, without its content."""
    url = transport.url(*("users", user_id, "messages", graph_id, "attachments"), select=_KEYS)
    return tuple(
        wire.read_attachment(line) for line in await list_entries(transport, Call(user_id), url)
    )


async def attachment_lists(
    transport: Transport, user_id: str, graph_ids: Sequence[str]
) -> dict[str, tuple[Attachment, ...]]:
    """Every attachment of each mail that is there."""
    lines = [
        BatchRequest(
            "GET", wire.build_path("users", user_id, "messages", one, "attachments", select=_KEYS)
        )
        for one in graph_ids
    ]
    answers = await batch.send_reads(transport, user_id, lines)
    return {
        graph_id: tuple(
            wire.read_attachment(line) for line in wire.get_objects(answer.body, "value")
        )
        for graph_id, answer in zip(graph_ids, answers, strict=True)
        if not answer.is_missing and not wire.get_text(answer.body, "@odata.nextLink")
    }


async def save_attachment(
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
    await transport.save(transport.url(*segments), Call(user_id), sink, at_most=at_most)


async def create_sent(
    transport: Transport, user_id: str, folder_id: str, mail: SentMail
) -> CreatedMail:
    """A new mail that is no draft."""
    url = transport.url("users", user_id, "mailFolders", folder_id, "messages")
    call = Call(user_id, is_repeatable=False)
    return wire.read_created(
        await transport.json("POST", url, call, body=wire.sent_mail_body(mail))
    )


async def find_stamped(transport: Transport, user_id: str, stamp: str) -> tuple[CreatedMail, ...]:
    """The mails with our stamp, in any folder."""
    url = transport.url(
        *("users", user_id, "messages"),
        filter=wire.stamp_filter(stamp),
        select=wire.CREATED_KEYS,
    )
    return tuple(
        wire.read_created(line) for line in await list_entries(transport, Call(user_id), url)
    )


async def delete(transport: Transport, user_id: str, graph_id: str) -> None:
    """Moves a mail where the owner's deleted things go."""
    url = transport.url("users", user_id, "messages", graph_id)
    await transport.json("DELETE", url, Call(user_id))
