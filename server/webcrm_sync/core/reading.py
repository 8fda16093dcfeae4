"""The body of a mail, read once: its text for webCRM and the pictures that it shows."""

from __future__ import annotations

from dataclasses import dataclass

from webcrm_sync.core import history
from webcrm_sync.core.cutting import cut
from webcrm_sync.core.enclosures import content_id
from webcrm_sync.core.history_marks import HISTORY_LINE
from webcrm_sync.core.mail_text.blanks import tidy, without_fillers
from webcrm_sync.core.mail_text.html import html_to_text
from webcrm_sync.core.mail_text.links import with_links_unwrapped
from webcrm_sync.core.message import Message

#: More than anybody reads in a CRM: a hundred printed pages. The rest is not even laid out.
LONGEST_TEXT = 250_000


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
        text = without_fillers(body[: 2 * LONGEST_TEXT].replace(HISTORY_LINE, ""))
        return Reading(_chosen(tidy(with_links_unwrapped(text)), is_new_text_only))
    found = html_to_text(body, limit=LONGEST_TEXT, marks_history=is_new_text_only)
    shown = tuple(sorted({content_id(cid) for cid in found.cids} - {""}))
    text = tidy(found.text + (" …" if found.is_cut else ""))
    return Reading(_chosen(text, is_new_text_only), shown)


def _chosen(text: str, is_new_text_only: bool) -> str:
    if is_new_text_only:
        text = history.without_history(_without_marked(text))
    return cut(text, LONGEST_TEXT)


def _without_marked(text: str) -> str:
    """The text without what mail programs have marked as older, but an answer below it."""
    above, _, marked = text.partition(HISTORY_LINE)
    lines = marked.split("\n")
    quoted = [number for number, line in enumerate(lines) if line.startswith(">")]
    below = "\n".join(lines[quoted[-1] + 1 :]) if quoted else ""
    new = f"{above.rstrip()}\n\n{below.strip()}".strip().replace(HISTORY_LINE, "")
    return new or text.replace(HISTORY_LINE, "").strip()
