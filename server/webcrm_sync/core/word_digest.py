"""What a mail says, as a digest that tells it from another mail with its Message-ID.

Digests are kept, and keys that are written to webCRM are made of them. So the rule that finds the
words is its own: it is not the one by which the Activity's text is made, which may improve.
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

#: The rule's version, the first byte of a digest. Another rule gets another one.
_VERSION = 1
#: So many characters are searched for words: of the body as it came, and of its text.
_LONGEST_BODY, _LONGEST_TEXT = 300_000, 100_000
#: So many words are kept, those with the smallest hashes: of two digests the same ones.
_SAMPLE = 256
#: So many numbers are kept, in their order; a gateway's notice brings at most `_OF_A_NOTICE`.
_NUMBERS, _OF_A_NOTICE = 64, 16

_HIDDEN = re.compile(r"<!--|<(style|script|title)\b")
#: Tags within a word. All others end it.
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|del|em|font|i|ins|label|mark|o:p|s|small|span|strong|sub|sup|u|wbr)"
    r"(?:[\s/][^<>]*)?>"
)
_TAG = re.compile(r"<[^<>]*>")
_CJK = "\u3040-\u30ff\u3400-\u9fff"
#: What is no word of the writer's: gateways rewrite addresses, mail programs name pictures.
_UNREAD = re.compile(r"cid:\S+|(?<![\w.-])(?:www\.\S+|(?:[\w-]++\.)++[a-z]{2,}+/\S*)")
#: A character reference with this many digits names no character, and Python refuses to read it.
_ENDLESS = re.compile(r"&#x?[0-9a-f]{9,}+")
_FILLER = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_BROKEN_LINE = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")
#: Punctuation and symbols beyond ASCII.
_MARK = re.compile(
    "[\u00a1-\u00ac\u00ae-\u00b8\u00bb-\u00bf\u00d7\u00f7\u2010-\u205f\u2190-\u2bff"
    "\u3001-\u303f\ufe00-\ufe0f\ufffd\U0001f000-\U0001faff]"
)
#: UTF-8 with a blank for what is neither letter nor digit.
_FOLDED = bytes(c if c > 127 or chr(c).isalnum() else 32 for c in range(256))
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LENGTHS = struct.Struct("<HIIIII")


@dataclass(frozen=True, slots=True)
class WordDigest:
    """The words of one copy. Words with a digit in them count as numbers.

    `length`: of the text in words, 0 = more than were read. `count`: of the distinct words;
    `check`: over all of them; `sample`: hashes of some of them, ascending. `numbers`: hashes of
    the first ones in their order.
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
        """The digest of a body as it came. Linear; a long body is not read to its end."""
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
            numbers=tuple(map(crc32, numbers[:_NUMBERS])),
        )

    def to_bytes(self) -> bytes:
        """The form that is stored."""
        return bytes([_VERSION, self.is_html]) + self.content

    @property
    def content(self) -> bytes:
        """The words and numbers alone: the same for HTML as for text."""
        counts = self.length, self.count, self.check, self.number_count, self.number_check
        hashes = self.sample + self.numbers
        packed = struct.pack(f"<{len(hashes)}I", *hashes)
        return _LENGTHS.pack(len(self.sample), *counts) + packed

    @classmethod
    def from_bytes(cls, stored: bytes | None) -> WordDigest | None:
        """The digest in its stored form; None when there is none, or one of another rule."""
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
        """True when nearly all that one copy says is in the other: they are copies of one mail.

        What happens to a copy on its way adds to it: a notice, a footer, a signature. What makes
        another mail of it replaces: a name, a number. So next to nothing of the poorer copy may
        be missing in the richer one, and its numbers are all there, in their order.
        """
        poor, rich = sorted((self, other), key=WordDigest._wealth)
        missing, added, looked_at = _differences(poor, rich)
        is_converted = poor.is_html != rich.is_html
        if not (is_converted or _is_longer(rich, poor, by=added)):
            return False
        tolerated = looked_at // 20 if is_converted or added >= 4 * missing else looked_at // 100
        return missing <= tolerated and _numbers_agree(poor, rich, is_added_to=added > 0)

    def _wealth(self) -> tuple[int, ...]:
        distinct = self.count + self.number_count
        return distinct, self.length, self.count, self.check, self.number_check


def _differences(poor: WordDigest, rich: WordDigest) -> tuple[int, int, int]:
    """How many words `rich` lacks, how many it adds, and how many of `poor` were looked at.

    Samples are compared as far as both reach: below that hash each holds every word.
    """
    reach = min(_reach(poor), _reach(rich))
    ours = {h for h in poor.sample if h <= reach}
    theirs = {h for h in rich.sample if h <= reach}
    return len(ours - theirs), len(theirs - ours), len(ours)


def _is_longer(rich: WordDigest, poor: WordDigest, *, by: int) -> bool:
    """False when what `rich` adds is there instead of something."""
    return not (rich.length and poor.length) or rich.length >= poor.length + by


def _reach(digest: WordDigest) -> int:
    return digest.sample[-1] if digest.count > len(digest.sample) else 0xFFFFFFFF


def _numbers_agree(poor: WordDigest, rich: WordDigest, *, is_added_to: bool) -> bool:
    """True when no number was replaced. A notice brings its numbers with words around them.

    Text that was made of HTML numbers the lines of its lists.
    """
    if poor.number_count == rich.number_count:
        return poor.number_check == rich.number_check
    if poor.is_html == rich.is_html and (poor.number_count > rich.number_count or not is_added_to):
        return False
    few, many = sorted((poor, rich), key=lambda digest: digest.number_count)
    following = iter(many.numbers)
    met = sum(1 for _ in takewhile(lambda number: number in following, few.numbers))
    is_cut = many.number_count > _NUMBERS and met >= _NUMBERS - _OF_A_NOTICE
    return met == len(few.numbers) or is_cut


def _text(body: str, *, is_html: bool) -> str:
    """The text of a body, folded, with something between its words."""
    text = body[:_LONGEST_BODY].lower()
    if not is_html:
        return text
    text = _TAG.sub(" ", _INLINE.sub("", "".join(_shown(text)))).replace("&nbsp;", " ")
    return unescape(_ENDLESS.sub(" ", text)).lower() if "&" in text else text


def _words(text: str) -> list[bytes]:
    """The words of a text in their order."""
    text = "".join(_without_links(text))
    if not text.isascii():
        text = _MARK.sub(" ", normalize_unicode(text, "NFKC"))
        if "\u00ad" in text or not _is_latin(text):
            text = _BROKEN_LINE.sub("", _FILLER.sub("", text))
    if "cid:" in text or "www." in text or "/" in text:
        text = _UNREAD.sub("", text)
    return text.encode("utf-8", "surrogatepass").translate(_FOLDED).split()


def _is_latin(text: str) -> bool:
    """True for a text without a character from beyond Latin-1: most are, and this costs little."""
    return len(text.encode("latin-1", "ignore")) == len(text)


def _has_digit(word: bytes) -> bool:
    return len(word.translate(None, b"0123456789")) < len(word)


def _shown(html: str) -> Iterator[str]:
    """HTML without its comments, styles, scripts and title."""
    place = 0
    unclosed: set[str] = set()
    for begin in _HIDDEN.finditer(html):
        if begin.start() < place:
            continue
        end = f"</{begin[1]}" if begin[1] else "-->"
        found = -1 if end in unclosed else html.find(end, begin.start() + 2)
        if found < 0:
            unclosed.add(end)
            continue
        yield html[place : begin.start()]
        place = found + len(end)
    yield html[place:]


def _without_links(text: str) -> Iterator[str]:
    """A text without its web addresses."""
    first, *others = text.split("://")
    last = first
    for other in others:
        yield last.rstrip(_LETTERS)
        last = " " + "".join(other.split(None, 1)[1:])
    yield last
