"""The body of a mail, read once: its text for webCRM and the pictures that it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webcrm_sync.core import history, markup
from webcrm_sync.core.cutting import cut
from webcrm_sync.core.enclosures import content_id
from webcrm_sync.core.message import Message
from webcrm_sync.core.text import storable

#: More than anybody reads in a CRM: a hundred printed pages. The rest is not even laid out.
LONGEST_TEXT = 250_000
_BLANK_LINES = re.compile(r"\n{3,}")
#: Begins only where the blanks begin: a long run of them is looked at once, not once per blank.
_TRAILING_SPACE = re.compile(r"(?<![ \t\u00a0])[ \t\u00a0]++(?=\n|$)")
#: Neither text nor something that an XML of webCRM's could carry.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `cids`: content ids in the form of `core.enclosures.content_id`."""

    text: str
    cids: tuple[str, ...] = ()


def read_mail(message: Message, *, is_new_text_only: bool) -> Reading:
    """A mail's body, see `read_body`. What a forward passes on is what it is about: it stays."""
    return read_kept(
        message.subject,
        message.body,
        is_html=message.body_is_html,
        is_new_text_only=is_new_text_only,
    )


def read_kept(subject: str, body: str, *, is_html: bool, is_new_text_only: bool) -> Reading:
    """The same of a body that is kept as it came."""
    is_cut = is_new_text_only and not history.is_forward(subject)
    return read_body(body, is_html=is_html, is_new_text_only=is_cut)


def read_body(body: str, *, is_html: bool, is_new_text_only: bool = False) -> Reading:
    r"""A mail body as plain text of at most LONGEST_TEXT characters, never with a control one.

    Links are kept as `[words](address)`, at most one empty line in a row. `is_new_text_only`:
    without quoted mails, unless nothing would be left.

    >>> read_body("<p>Dear <b>all</b>,</p><p>see <a href='https://x.example'>this</a></p>",
    ...           is_html=True).text
    'Dear all,\n\nsee [this](https://x.example)'
    """
    if not is_html:
        return Reading(_chosen(_tidy(body[: 2 * LONGEST_TEXT]), is_cut=is_new_text_only))
    html = storable(body)
    tree = markup.parse(html)
    cids = markup.shown_content_ids(tree) if tree is not None else ()
    shown = tuple(sorted({content_id(cid) for cid in cids} - {""}))
    new = _chosen(_laid_out(html, is_cut=True), is_cut=True) if is_new_text_only else ""
    return Reading(new or _chosen(_laid_out(html), is_cut=is_new_text_only), shown)


def _laid_out(html: str, *, is_cut: bool = False) -> str:
    """The text of some HTML. `is_cut`: without the quoted mails that are marked in it."""
    try:
        return _tidy(_text_of(html, is_cut=is_cut))
    except RecursionError:
        return _tidy(_text_of(markup.flat(html), is_cut=is_cut))


def _text_of(html: str, *, is_cut: bool) -> str:
    tree = markup.parse(html)
    if tree is None:
        return ""
    if is_cut:
        markup.cut_history(tree)
    is_shortened = markup.shorten(tree, LONGEST_TEXT)
    return markup.lay_out(tree) + (" …" if is_shortened else "")


def _tidy(text: str) -> str:
    lines = storable(text).replace("\r\n", "\n").replace("\r", "\n")
    clean = _TRAILING_SPACE.sub("", _CONTROLS.sub("", lines))
    return _BLANK_LINES.sub("\n\n", clean).strip()


def _chosen(text: str, *, is_cut: bool) -> str:
    return cut(history.without_history(text) if is_cut else text, LONGEST_TEXT)
