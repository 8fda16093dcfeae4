"""A digest of a mail's words, which distinguishes it from mails with the same Message-ID.

Digests are stored, and keys in webCRM depend on them. So this module finds words by its own rule:
the conversion of HTML to text for Activities may improve without changing a digest.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import takewhile
from zlib import crc32

from webcrm_sync.core.storable import normalize_unicode

#: The version of the rule and first byte of a digest. Another rule needs another version.
_VERSION = 1
#: How many characters are read, of the body as it arrived and of its text.
_LONGEST_BODY, _LONGEST_TEXT = 300_000, 100_000
#: How many words a digest keeps: those with the smallest hashes, so that two digests keep the same.
_SAMPLE = 256
#: How many numbers a digest keeps, in order, and how many of these a gateway's notice may add.
_MAX_NUMBERS, _MAX_NOTICE_NUMBERS = 64, 16

_HIDDEN = re.compile(r"<!--|<(style|script|title)\b")
#: Tags that may be inside a word. All others end it.
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|del|em|font|i|ins|label|mark|o:p|s|small|span|strong|sub|sup|u|wbr)"
    r"(?:[\s/][^<>]*)?>"
)
_TAG = re.compile(r"<[^<>]*>")
_CJK = "\u3040-\u30ff\u3400-\u9fff"
#: Text that the writer did not write: gateways rewrite addresses, mail programs name pictures.
_GENERATED = re.compile(r"cid:\S+|(?<![\w.-])(?:www\.\S+|(?:[\w-]++\.)++[a-z]{2,}+/\S*)")
#: A character reference with this many digits is invalid, and Python refuses to read it.
_ENDLESS = re.compile(r"&#x?[0-9a-f]{9,}+")
_FILLER = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_BROKEN_LINE = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")
#: Punctuation and symbols beyond ASCII.
_MARK = re.compile(
    "[\u00a1-\u00ac\u00ae-\u00b8\u00bb-\u00bf\u00d7\u00f7\u2010-\u205f\u2190-\u2bff"
    "\u3001-\u303f\ufe00-\ufe0f\ufffd\U0001f000-\U0001faff]"
)
#: Maps each ASCII byte of UTF-8 that is no letter or digit to a space.
_FOLDED = bytes(c if c > 127 or chr(c).isalnum() else 32 for c in range(256))
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LENGTHS = struct.Struct("<HIIIII")


@dataclass(frozen=True, slots=True)
class WordDigest:
    """The words of one copy. Words with a digit in them count as numbers.

    `length`: words in the text, 0 = more than were read. `count`: distinct words; `check`: a
    checksum over them; `sample`: the smallest of their hashes, ascending. `numbers`: hashes of the
    first numbers, in order.
    """

    is_html: bool
    length: int
    count: int
    check: int
    number_count: int
    number_check: int
    sample: tuple[int, ...]
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, body: str, *, is_html: bool) -> WordDigest:
        """The digest of a body as it arrived. Linear; reads only the beginning of a long body."""
        text = _text(body, is_html=is_html)
        words = _words(text[:_LONGEST_TEXT])
        numbers = [word for word in words if not word.isalpha() and _has_digit(word)]
        hashes = sorted(set(map(crc32, set(words).difference(numbers))))
        return cls(
            is_html=is_html,
            length=len(words) if len(text) <= _LONGEST_TEXT else 0,
            count=len(hashes),
            check=sum(hashes) & 0xFFFFFFFF,
            number_count=len(numbers),
            number_check=crc32(b" ".join(numbers)),
            sample=tuple(hashes[:_SAMPLE]),
            numbers=tuple(map(crc32, numbers[:_MAX_NUMBERS])),
        )

    def to_bytes(self) -> bytes:
        """The digest in its stored form."""
        return bytes([_VERSION, self.is_html]) + self.content

    @property
    def content(self) -> bytes:
        """The words and numbers alone, in bytes: equal for HTML and text with the same words."""
        counts = self.length, self.count, self.check, self.number_count, self.number_check
        hashes = self.sample + self.numbers
        packed = struct.pack(f"<{len(hashes)}I", *hashes)
        return _LENGTHS.pack(len(self.sample), *counts) + packed

    @classmethod
    def from_bytes(cls, stored: bytes | None) -> WordDigest | None:
        """The digest from its stored form; None for no digest or one of another version."""
        if not stored or stored[0] != _VERSION:
            return None
        in_sample, length, *counts = _LENGTHS.unpack_from(stored, 2)
        count, check, number_count, number_check = counts
        begin = 2 + _LENGTHS.size
        hashes = struct.unpack_from(f"<{(len(stored) - begin) // 4}I", stored, begin)
        return cls(
            is_html=bool(stored[1]),
            length=length,
            count=count,
            check=check,
            number_count=number_count,
            number_check=number_check,
            sample=hashes[:in_sample],
            numbers=hashes[in_sample:],
        )

    def agrees_with(self, other: WordDigest) -> bool:
        """True if nearly every word of one copy is in the other: both are copies of one mail.

        Gateways add to a copy: a notice, a footer, a signature. Another mail replaces something: a
        name, a number. So almost no word of the poorer copy may be missing in the richer one, which
        must also have all of its numbers in the same order.
        """
        poor, rich = sorted((self, other), key=WordDigest._richness)
        missing, added, compared = _differences(poor, rich)
        is_converted = poor.is_html != rich.is_html
        if not (is_converted or _is_longer(rich, poor, by=added)):
            return False
        tolerated = compared // 20 if is_converted or added >= 4 * missing else compared // 100
        return missing <= tolerated and _numbers_agree(poor, rich, is_added_to=added > 0)

    def _richness(self) -> tuple[int, ...]:
        distinct = self.count + self.number_count
        return distinct, self.length, self.count, self.check, self.number_check


def _differences(poor: WordDigest, rich: WordDigest) -> tuple[int, int, int]:
    """How many words `rich` lacks, how many it adds, and how many of `poor` were compared.

    Below the smaller of both largest sampled hashes, each sample holds every word.
    """
    reach = min(_reach(poor), _reach(rich))
    poor_words = {h for h in poor.sample if h <= reach}
    rich_words = {h for h in rich.sample if h <= reach}
    return len(poor_words - rich_words), len(rich_words - poor_words), len(poor_words)


def _is_longer(rich: WordDigest, poor: WordDigest, *, by: int) -> bool:
    """False if the added words of `rich` replace others."""
    return not (rich.length and poor.length) or rich.length >= poor.length + by


def _reach(digest: WordDigest) -> int:
    return digest.sample[-1] if digest.count > len(digest.sample) else 0xFFFFFFFF


def _numbers_agree(poor: WordDigest, rich: WordDigest, *, is_added_to: bool) -> bool:
    """True if no number was replaced. A notice adds numbers only together with words.

    Text converted from HTML also numbers the lines of its lists.
    """
    if poor.number_count == rich.number_count:
        return poor.number_check == rich.number_check
    if poor.is_html == rich.is_html and (poor.number_count > rich.number_count or not is_added_to):
        return False
    few, many = sorted((poor, rich), key=lambda digest: digest.number_count)
    following = iter(many.numbers)
    matched = sum(1 for _ in takewhile(lambda number: number in following, few.numbers))
    is_cut = many.number_count > _MAX_NUMBERS and matched >= _MAX_NUMBERS - _MAX_NOTICE_NUMBERS
    return matched == len(few.numbers) or is_cut


def _text(body: str, *, is_html: bool) -> str:
    """The text of a body in lower case, with its words separated."""
    text = body[:_LONGEST_BODY].lower()
    if not is_html:
        return text
    text = _TAG.sub(" ", _INLINE.sub("", "".join(_visible_parts(text)))).replace("&nbsp;", " ")
    return unescape(_ENDLESS.sub(" ", text)).lower() if "&" in text else text


def _words(text: str) -> list[bytes]:
    """The words of a text, in order."""
    text = "".join(_without_links(text))
    if not text.isascii():
        text = _MARK.sub(" ", normalize_unicode(text, "NFKC"))
        if "\u00ad" in text or not _is_latin(text):
            text = _BROKEN_LINE.sub("", _FILLER.sub("", text))
    if "cid:" in text or "www." in text or "/" in text:
        text = _GENERATED.sub("", text)
    return text.encode("utf-8", "surrogatepass").translate(_FOLDED).split()


def _is_latin(text: str) -> bool:
    """True for text without characters beyond Latin-1, which is most text and cheap to handle."""
    return len(text.encode("latin-1", "ignore")) == len(text)


def _has_digit(word: bytes) -> bool:
    return len(word.translate(None, b"0123456789")) < len(word)


def _visible_parts(html: str) -> Iterator[str]:
    """The HTML without comments, styles, scripts and title."""
    place = 0
    unclosed: set[str] = set()
    for begin in _HIDDEN.finditer(html):
        if begin.start() < place:
            continue
        end = f"</{begin[1]}" if begin[1] else "-->"
        end_at = -1 if end in unclosed else html.find(end, begin.start() + 2)
        if end_at < 0:
            unclosed.add(end)
            continue
        yield html[place : begin.start()]
        place = end_at + len(end)
    yield html[place:]


def _without_links(text: str) -> Iterator[str]:
    """The text without its web addresses."""
    first, *others = text.split("://")
    last = first
    for other in others:
        yield last.rstrip(_LETTERS)
        last = " " + "".join(other.split(None, 1)[1:])
    yield last
