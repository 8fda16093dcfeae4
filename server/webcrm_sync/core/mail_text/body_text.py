"""Converts the body of a mail to the text for webCRM, and collects facts about its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from webcrm_sync.core.along import TextPart
from webcrm_sync.core.attachments import normalize_content_id
from webcrm_sync.core.mail_text.html import HtmlText, html_to_text
from webcrm_sync.core.mail_text.links import unwrap_links
from webcrm_sync.core.mail_text.picture_marks import marked_pictures
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK
from webcrm_sync.core.mail_text.quoted_reply import new_text, own_text, whole_text
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.mail_text.whitespace import clean_text, strip_fillers
from webcrm_sync.core.pictures import NO_PICTURES, PictureFacts

#: About a hundred printed pages, more than anybody reads in a CRM. The rest is not converted.
LONGEST_TEXT = 250_000
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class BodyText:
    """The text of a body. `cids`: content ids, normalized by `normalize_content_id`.

    `pictures`: further facts about the pictures that the text shows. `left_out_cids`: those of
    pictures in the parts of the text that are left out, None = unknown. `is_text_cut`: earlier
    mails were left out.
    """

    text: str
    cids: tuple[str, ...] = ()
    pictures: PictureFacts = NO_PICTURES
    left_out_cids: tuple[str, ...] | None = ()
    is_text_cut: bool = False


def read_mail_body(
    subject: str, body: str, *, is_html: bool, part: TextPart = TextPart.WHOLE
) -> BodyText:
    """The text of a mail's body, see `read_body`. `part`: how much of it."""
    if part is TextPart.WHOLE:
        read = _to_text(body, is_html=is_html, marks_quotes=False)
        return replace(read, text=truncate(read.text, LONGEST_TEXT))
    read = _to_text(body, is_html=is_html, marks_quotes=True)
    kept = _kept(subject, read.text, part)
    shown = _shown_in(subject, body, part) if is_html and read.cids else frozenset()
    return BodyText(
        truncate(kept, LONGEST_TEXT),
        tuple(cid for cid in read.cids if cid in shown),
        _facts_of_part(read.pictures, kept, has_shown=bool(shown)),
        tuple(cid for cid in read.cids if cid not in shown),
        is_text_cut=kept != whole_text(read.text),
    )


def read_body(body: str, *, is_html: bool) -> BodyText:
    r"""A body as plain text of at most LONGEST_TEXT characters, without control characters.

    Links appear as `[words](address)`; there are never two empty lines in a row.

    >>> read_body("<p>Dear <b>all</b>,</p><p>see <a href='https://x.example'>this</a></p>",
    ...           is_html=True).text
    'Dear all,\n\nsee [this](https://x.example)'
    """
    return read_mail_body("", body, is_html=is_html)


def _kept(subject: str, text: str, part: TextPart) -> str:
    if part is TextPart.NONE:
        return ""
    return own_text(text) if part is TextPart.NEW else new_text(subject, text)


def _shown_in(subject: str, body: str, part: TextPart) -> frozenset[str]:
    """The content ids of the pictures that this part of the text shows."""
    marked = html_to_text(body, limit=LONGEST_TEXT, marks_quotes=True, marks_pictures=True)
    kept = _kept(subject, clean_text(marked.text), part)
    shown = marked.collected.in_order
    return frozenset(_content_ids(shown[number] for number in marked_pictures(kept)))


def _facts_of_part(pictures: PictureFacts, kept: str, *, has_shown: bool) -> PictureFacts:
    """The facts about the pictures of a part; those without content belong to no part."""
    if not kept and not has_shown:
        return NO_PICTURES
    return replace(pictures, decoration=(), are_alone=has_shown and not _LETTER.search(kept))


def _to_text(body: str, *, is_html: bool, marks_quotes: bool) -> BodyText:
    if not is_html:
        text = strip_fillers(body[: 2 * LONGEST_TEXT].replace(QUOTE_MARK, ""))
        return BodyText(clean_text(unwrap_links(text)))
    converted = html_to_text(body, limit=LONGEST_TEXT, marks_quotes=marks_quotes)
    return BodyText(
        clean_text(converted.text + (" …" if converted.is_cut else "")),
        _content_ids(converted.collected.cids),
        _picture_facts(converted),
    )


def _picture_facts(converted: HtmlText) -> PictureFacts:
    collected = converted.collected
    shown = frozenset(_content_ids(collected.shown))
    return PictureFacts(
        decoration=tuple(cid for cid in _content_ids(collected.cids) if cid not in shown),
        are_alone=not converted.has_words,
        has_unattached=collected.has_unattached,
        has_pasted=collected.has_pasted,
    )


def _content_ids(written: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({normalize_content_id(cid) for cid in written} - {""}))
