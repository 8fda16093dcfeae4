"""Mail folders in Graph. Read as raw JSON, since they are read every few minutes (ADR 3)."""

from __future__ import annotations

from collections.abc import Sequence

from webcrm_sync.core.errors import Refused
from webcrm_sync.core.outlook import Folder, FolderFacts
from webcrm_sync.graph import batch, wire
from webcrm_sync.graph.batch import BatchRequest
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.properties import EXPAND_LEASE, STAMP
from webcrm_sync.graph.transport import Transport

#: Children on one page; few mailboxes have more.
_PAGE = 100
_KEYS = "id,displayName,parentFolderId,totalItemCount"
#: A saved search that looks like a folder (Microsoft Graph: mailSearchFolder).
_SEARCH_FOLDER = "#microsoft.graph.mailsearchfolder"


def fetch_folder(transport: Transport, user_id: str, folder_id: str) -> Folder:
    """The folder with this id or well-known name."""
    url = transport.build_url("users", user_id, "mailFolders", folder_id, select=_KEYS)
    return _to_folder(transport.request_json("GET", url, Call(user_id)))


def find_child_folders(
    transport: Transport, user_id: str, parent_id: str, name: str
) -> tuple[Folder, ...]:
    """The folders with that name directly under the parent, including hidden ones.

    The names are compared here: Exchange ignores their case, and `$filter` may not.
    """
    segments = ("users", user_id, "mailFolders", parent_id, "childFolders")
    url = transport.build_url(*segments, top=f"{_PAGE}", select=_KEYS)
    return tuple(
        _to_folder(entry)
        for entry in list_entries(transport, Call(user_id), f"{url}&includeHiddenFolders=true")
        if wire.get_text(entry, "displayName").casefold() == name.casefold()
        and wire.get_text(entry, "@odata.type").casefold() != _SEARCH_FOLDER
    )


def create_folder(transport: Transport, user_id: str, parent_id: str, name: str) -> Folder:
    """The new folder, or the one that has the name already."""
    url = transport.build_url("users", user_id, "mailFolders", parent_id, "childFolders")
    call = Call(user_id, is_idempotent=False)
    try:
        raw = transport.request_json("POST", url, call, body={"displayName": name})
    except Refused as refused:
        if refused.code.casefold() != "errorfolderexists":
            raise
        existing = find_child_folders(transport, user_id, parent_id, name)
        if not existing:  # a search folder has the name; it cannot hold mail
            raise
        return existing[0]
    return _to_folder(raw)


def delete_folder(transport: Transport, user_id: str, folder_id: str) -> None:
    """Moves a folder to the owner's deleted items (Microsoft Graph: mailFolder: delete)."""
    url = transport.build_url("users", user_id, "mailFolders", folder_id)
    transport.request_json("DELETE", url, Call(user_id))


def fetch_folder_facts(
    transport: Transport, user_id: str, folder_ids: Sequence[str]
) -> dict[str, FolderFacts | None]:
    """The facts of each folder, None = there is no such folder."""
    options = {"select": "id,parentFolderId", "expand": EXPAND_LEASE}
    requests = [
        BatchRequest("GET", wire.build_path("users", user_id, "mailFolders", folder_id, **options))
        for folder_id in folder_ids
    ]
    answers = batch.send_reads(transport, user_id, requests)
    return {
        folder_id: None if answer.is_missing else _to_facts(answer.body)
        for folder_id, answer in zip(folder_ids, answers, strict=True)
    }


def save_lease(transport: Transport, user_id: str, folder_id: str, lease: str) -> None:
    """Writes the lease on a folder. Idempotent."""
    url = transport.build_url("users", user_id, "mailFolders", folder_id)
    body = {"singleValueExtendedProperties": [{"id": STAMP, "value": lease}]}
    transport.request_json("PATCH", url, Call(user_id), body=body)


def _to_facts(raw: wire.Json) -> FolderFacts:
    return FolderFacts(wire.get_text(raw, "parentFolderId"), wire.read_stamp(raw))


def _to_folder(raw: wire.Json) -> Folder:
    return Folder(
        graph_id=wire.get_id(raw),
        name=wire.get_text(raw, "displayName"),
        parent_id=wire.get_text(raw, "parentFolderId"),
        total_items=wire.get_number(raw, "totalItemCount"),
    )
