"""Given inputs and right results for a mail's body, file names and direction.

A file holds them, named by an environment variable; without it none are played, and the test run
says so in one line. Its form: a list of objects with `id`, `check` and what that check needs.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import READING_CASES
from webcrm_sync.core.along import TextPart
from webcrm_sync.core.attachments import classify, name_attachments
from webcrm_sync.core.direction import Direction, Internals, direction_of
from webcrm_sync.core.mail_text.body_text import read_body, read_mail_body
from webcrm_sync.core.message import Attachment, AttachmentKind, Message, MessageKind, Party

_MEGABYTE = 1024 * 1024


def _cases(check: str) -> list[Any]:
    found = json.loads(Path(os.environ[READING_CASES]).read_text(encoding="utf-8"))
    return [pytest.param(one, id=one["id"]) for one in found if one["check"] == check]


def _body(case: dict[str, Any]) -> str:
    if "repeat" not in case:
        return str(case["body"])
    pieces = [piece if isinstance(piece, list) else [piece, 1] for piece in case["repeat"]]
    return "".join(
        "".join(text.replace("%d", str(number)) for number in range(times))
        for text, times in pieces
    )


def _peak_mb() -> float:
    """The most memory this process held since it was last forgotten."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def _plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("case", _cases("text"))
def test_the_text_of_a_body(case: dict[str, Any]) -> None:
    body = _body(case)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    held, begun = _peak_mb(), time.process_time()
    part = TextPart.NEW_OR_ALL if case["new_text_only"] else TextPart.WHOLE
    text = read_mail_body(case["subject"], body, is_html=case["is_html"], part=part).text
    spent_ms, taken_mb = (time.process_time() - begun) * 1000, _peak_mb() - held
    same = case.get("same")
    if same is not None and same.startswith("="):
        assert text == same[1:]
    elif same is not None:
        assert _plain(text) == _plain(same)
    assert [x for x in case.get("has", []) if x not in text] == []
    assert [x for x in case.get("hasnt", []) if x in text] == []
    assert len(text) <= case.get("max_chars", len(text))
    assert spent_ms <= case.get("max_ms", spent_ms)
    assert taken_mb <= case.get("max_mb", taken_mb)


@pytest.mark.parametrize("case", _cases("name"))
def test_the_name_of_a_document(case: dict[str, Any]) -> None:
    one = Attachment("a", case["name"], 1, False, "", AttachmentKind(case["kind"]))
    assert name_attachments([one]) == (case["right"],)


@pytest.mark.parametrize("case", _cases("direction"))
def test_the_direction_of_a_mail(case: dict[str, Any]) -> None:
    ours = Internals.of(frozenset({"ann@firma.example"}), frozenset(), frozenset())
    sender = Party(case["address"].strip().casefold())
    message = Message(
        *("graph", "key", "folder", "<id@x.example>", "Offer", sender, (), (), (), None, None),
        *((), False, False, MessageKind.MAIL, "", False),
    )
    assert direction_of(message, ours) is Direction(case["right"])


@pytest.mark.parametrize("case", _cases("documents"))
def test_the_documents_of_a_mail(case: dict[str, Any]) -> None:
    listed = [
        Attachment(
            str(number),
            one["name"],
            one["size"],
            one["isInline"],
            one["contentType"],
            AttachmentKind.FILE,
            one["contentId"],
        )
        for number, one in enumerate(case["attachments"])
    ]
    read = read_body(case["body"], is_html=True)
    found = classify(listed, cids=read.cids, pictures=read.pictures, largest=25 * _MEGABYTE)
    assert [f.name for f in found.files if not f.left_out] == case["documents"]
