"""The header columns of a new mail."""

from __future__ import annotations

import pytest

from support.builders import mail
from webcrm_sync.core.message import Message, Party
from webcrm_sync.engine.discovery.arrivals import header_columns

HALF = "\ud83d"
FAR = f"{'x' * 400}@far.example"
PLAIN: dict[str, object] = {
    "reply_to": [],
    "sent_by": None,
    "conversation_id": None,
    "in_reply_to": None,
    "referenced_ids": [],
    "sensitivity": 0,
}


@pytest.mark.parametrize(
    ("copy", "columns"),
    [
        (mail(), {}),
        (
            mail(reply_to=(Party("a\0@x", "A"),), sent_by=Party("b@x", f"B{HALF}")),
            {"reply_to": [["a@x", "A"]], "sent_by": ["b@x", "B\ufffd"]},
        ),
        (mail(reply_to=(Party(f"a{HALF}@x"),)), {"reply_to": [["a\ufffd@x", ""]]}),
        (mail(reply_to=(Party(FAR), Party("a@x"))), {"reply_to": [["a@x", ""]]}),
        (mail(sent_by=Party(FAR, "Far")), {}),
        (
            mail(reply_to=tuple(Party(f"{n}@x") for n in range(500))),
            {"reply_to": [[f"{n}@x", ""] for n in range(20)]},
        ),
        (mail(conversation_id=f"A\0{HALF}"), {"conversation_id": "A\ufffd"}),
        (mail(conversation_id="A" * 5000), {}),
        (mail(in_reply_to="<a\0@x>"), {"in_reply_to": "<a@x>"}),
        (mail(in_reply_to="\0"), {}),
        (mail(in_reply_to=f"<{'ü' * 900}@x>"), {}),
        (
            mail(references=("<a@x>", f"<{HALF}@x>", "\0", f"<{'ü' * 900}@x>")),
            {"referenced_ids": ["<a@x>", "<\ufffd@x>"]},
        ),
        (mail(sensitivity=2), {"sensitivity": 2}),
    ],
)
def test_headers_are_storable_and_short(copy: Message, columns: dict[str, object]) -> None:
    assert dict(header_columns(copy)) == PLAIN | columns
