"""Mail folders in Graph. Asked raw: they are looked at every few minutes (ADR 3)."""

from __future__ import annotations

from collections.abc import Sequence

from webcrm_sync.core.errors import Refused
from webcrm_sync.core.outlook import Folder
from webcrm_sync.graph import batch, wire
from webcrm_sync.graph.batch import BatchRequest
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.transport import Transport

#: As many children as one page can hold; a mailbox seldom has more.
_PAGE = 100
_KEYS = "id,displayName,parentFolderId,totalItemCount"
#: A saved search that looks like a folder (Microsoft Graph: mailSearchFolder).
_SEARCH_FOLDER = "#microsoft.graph.mailsearchfolder"


async def folder(transport: Transport, user_id: str, folder_id: str) -> Folder:
    """The folder with that id or well-known name."""
    url = transport.url("users", user_id, "mailFolders", folder_id, select=_KEYS)
    return _read(await transport.json("GET", url, Call(user_id)))


async def children(
    transport: Transport, user_id: str, parent_id: str, name: str
) -> tuple[Folder, ...]:
    """The folders of that name right under the parent, hidden ones too.

    Compared by ourselves: Exchange compares names without case, `$filter` may not.
    """
    place = ("users", user_id, "mailFolders", parent_id, "childFolders")
    url = transport.url(*place, top=f"{_PAGE}", select=_KEYS) + "&includeHiddenFolders=true"
    return tuple(
        _read(one)
        for one in await list_entries(transport, Call(user_id), url)
        if wire.get_text(one, "displayName").casefold() == name.casefold()
        and wire.get_text(one, "@odata.type").casefold() != _SEARCH_FOLDER
    )


async def create_folder(transport: Transport, user_id: str, parent_id: str, name: str) -> Folder:
    """The new folder, or the one that has the name already."""
    url = transport.url("users", user_id, "mailFolders", parent_id, "childFolders")
    call = Call(user_id, is_repeatable=False)
    try:
        made = await transport.json("POST", url, call, body={"displayName": name})
    except Refused as refused:
        if refused.code.casefold() != "errorfolderexists":
            raise
        there = await children(transport, user_id, parent_id, name)
        if not there:  # a search folder has the name: nothing we can put mail into
            raise
        return there[0]
    return _read(made)


async def parents(
    transport: Transport, user_id: str, folder_ids: Sequence[str]
) -> dict[str, str | None]:
    """The parent's id of each folder, None = there is no such folder."""
    keys = "id,parentFolderId"
    lines = [
        BatchRequest("GET", wire.build_path("users", user_id, "mailFolders", one, select=keys))
        for one in folder_ids
    ]
    answers = await batch.send_reads(transport, user_id, lines)
    return {
        folder_id: None if answer.is_missing else wire.get_text(answer.body, "parentFolderId")
        for folder_id, answer in zip(folder_ids, answers, strict=True)
    }


def _read(raw: wire.Json) -> Folder:
    return Folder(
        graph_id=wire.get_id(raw),
        name=wire.get_text(raw, "displayName"),
        parent_id=wire.get_text(raw, "parentFolderId"),
        total_items=wire.get_number(raw, "totalItemCount"),
    )
