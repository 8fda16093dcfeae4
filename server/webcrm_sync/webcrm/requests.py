"""Bodies of requests that carry Documents: as long as they are, never held in memory whole."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from webcrm_sync.core.crm import DocumentDraft
from webcrm_sync.webcrm.records import dump, record

#: Read at a time; a multiple of three, so that the pieces of base64 fit together.
_PIECE = 3 * 16 * 1024


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """A request's body. Its length is known before it is read; it may be read again."""

    parts: tuple[bytes | DocumentDraft, ...]

    @property
    def length(self) -> int:
        """In bytes."""
        return sum(len(p) if isinstance(p, bytes) else -(-p.size // 3) * 4 for p in self.parts)

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in pieces."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                part.content.seek(0)
                while piece := part.content.read(_PIECE):
                    yield base64.b64encode(piece)


def documents_body(drafts: Sequence[DocumentDraft]) -> StreamedBody:
    """The body of PATCH /Documents."""
    parts: list[bytes | DocumentDraft] = [b"["]
    for number, draft in enumerate(drafts):
        parts += [b"," if number else b"", *document_body(draft).parts]
    return StreamedBody((*parts, b"]"))


def document_body(draft: DocumentDraft) -> StreamedBody:
    """The body of POST /Documents: the content in DocumentFile, in standard base64 (inferred)."""
    fields: dict[str, str | int | None] = {
        "DocumentId": 0,
        "DocumentFileName": draft.name,
        "DocumentFileExtension": PurePosixPath(draft.name).suffix.removeprefix(".") or None,
        "DocumentFileSize": draft.size,
        "DocumentLinkedEntityType": "Activity",
        "DocumentLinkedEntityId": draft.activity_id,
        "DocumentOrganisationId": draft.organisation_id,
    }
    head = dump(record(fields))
    return StreamedBody((head[:-1] + b',"DocumentFile":"', draft, b'"}'))
