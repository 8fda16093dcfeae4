"""Converts the body of a mail to the text for webCRM, and collects facts about its pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from webcrm_sync.core.attachments import normalize_content_id
from webcrm_sync.core.mail_text.html import HtmlText, html_to_text
from webcrm_sync.core.mail_text.links import unwrap_links
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK
from webcrm_sync.core.mail_text.quoted_reply import new_text
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.mail_text.whitespace import clean_text, strip_fillers
from webcrm_sync.core.pictures import NO_PICTURES, PictureFacts

#: About a hundred printed pages, more than anybody reads in a CRM. The rest is not converted.
LONGEST_TEXT = 250_000


@dataclass(frozen=True, slots=True)
class BodyText:
    """The text of a body. `cids`: content ids, normalized by `normalize_content_id`.

    `pictures`: further facts about the pictures that the text shows.
    """

    text: str
    cids: tuple[str, ...] = ()
    pictures: PictureFacts = NO_PICTURES


def read_mail_body(subject: str, body: str, *, is_html: bool, is_new_text_only: bool) -> BodyText:
    """The text of a mail's body, see `read_body`.

    `is_new_text_only`: leaves out quoted mails, see `quoted_reply.new_text`.
    """
    read = _to_text(body, is_html=is_html, marks_quotes=is_new_text_only)
    text = new_text(subject, read.text) if is_new_text_only else read.text
    return replace(read, text=truncate(text, LONGEST_TEXT))


def read_body(body: str, *, is_html: bool) -> BodyText:
    r"""A body as plain text of at most LONGEST_TEXT characters, without control characters.

    Links appear as `[words](address)`; there are never two empty lines in a row.

    >>> read_body("<p>Dear <b>all</b>,</p><p>see <a href='https://x.example'>this</a></p>",
    ...           is_html=True).text
    'Dear all,\n\nsee [this](https://x.example)'
    """
    return read_mail_body("", body, is_html=is_html, is_new_text_only=False)


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
