"""HTML of mails as a tree: what it shows, what it quotes, and its layout as text."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import nh3
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml.etree import ParserError
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from webcrm_sync.core import history_marks

_LINKS_KEPT = ParserConfig(display_links=True)
#: An element takes as long to be laid out as some characters do.
_ELEMENT = 5
_UNSEEN = {"script", "style", "title"}
#: All that is left of HTML that is nested too deeply to be laid out.
_FLAT = {"a", "br", "p"}
#: Links that lead somewhere for a person who reads them elsewhere.
_SCHEMES = {"http", "https", "ftp", "tel"}
_LONGEST_LINK = 2000
_PLACES_OF_PICTURES = ("src", "background", "style")


def parse(html: str) -> HtmlElement | None:
    """The tree of some HTML, None when there is no element and no word in it."""
    # Without `huge_tree` libxml2 drops everything from 256 levels on, in silence.
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return document_fromstring(html.encode(), parser=parser)
    except ParserError:
        return None


def flat(html: str) -> str:
    """The same words, paragraphs and links, without anything that could be nested."""
    return nh3.clean(html, tags=_FLAT)


def shown_content_ids(tree: HtmlElement) -> Iterator[str]:
    """The content ids of the pictures that the tree shows, as they are written."""
    for element in tree.iter():
        for place in _PLACES_OF_PICTURES:
            _, cid, rest = (element.get(place) or "").partition("cid:")
            while cid:
                found, cid, rest = rest.partition("cid:")
                # Within a style the id is followed by a bracket, perhaps by a quote.
                yield found.partition(")")[0].strip("'\" ") if place == "style" else found
                if not cid:
                    break


def cut_history(tree: HtmlElement) -> None:
    """Take the older mails out of the tree, where Outlook or others have marked them."""
    marked = [element for element in tree.iter() if _is_history(element)]
    for element in marked:
        if element.getparent() is not None:
            element.drop_tree()
    begin = next((element for element in tree.iter() if _begins_history(element)), None)
    if begin is not None:
        begin.text = ""
        _drop_after(begin)


def _is_history(element: HtmlElement) -> bool:
    marks = history_marks.of(element.attrib) if isinstance(element.tag, str) else frozenset()
    held = history_marks.HOLDS | history_marks.LEADS | history_marks.QUOTES
    return not held.isdisjoint(marks)


def _begins_history(element: HtmlElement) -> bool:
    marks = history_marks.of(element.attrib) if isinstance(element.tag, str) else frozenset()
    return not history_marks.BEGINS.isdisjoint(marks)


def shorten(tree: HtmlElement, limit: int) -> bool:
    """Drop what follows the first `limit` characters; True when there was more.

    Links count, and so do elements.
    """
    room = limit
    for element in tree.iter():
        is_shown = isinstance(element.tag, str) and element.tag not in _UNSEEN
        words = (element.text or "") if is_shown else ""
        room -= len(words) + len(element.tail or "") + len(element.get("href") or "") + _ELEMENT
        if room < 0:
            if is_shown:
                element.text = words[:limit]
                element.attrib.pop("href", None)
            _drop_after(element)
            return True
    return False


def _drop_after(element: HtmlElement) -> None:
    """Drop all that follows an element, its own children included."""
    for child in list(element):
        element.remove(child)
    above = element
    while (parent := above.getparent()) is not None:
        for follower in list(above.itersiblings()):
            parent.remove(follower)
        above.tail = None
        above = parent


def lay_out(tree: HtmlElement) -> str:
    """The tree as text, links as `[words](address)`.

    Raises RecursionError for what is nested beyond all reason: lay out its `flat` form.
    """
    for link in tree.iter("a"):
        if not _leads_elsewhere(link):
            link.attrib.pop("href", None)
    text: str = Inscriptis(tree, _LINKS_KEPT).get_text()
    return text


def _leads_elsewhere(link: HtmlElement) -> bool:
    """True for an address that tells a reader more than the link's own words do."""
    address = (link.get("href") or "").strip()
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return False
    if len(address) > _LONGEST_LINK or scheme not in _SCHEMES:
        return False
    return _bare(address) != _bare("".join(link.itertext()))


def _bare(address: str) -> str:
    """An address without what people leave out when they write one."""
    plain = unquote(address).strip().casefold().removeprefix("tel:").rstrip("/")
    return plain.removeprefix("https://").removeprefix("http://").removeprefix("www.")
