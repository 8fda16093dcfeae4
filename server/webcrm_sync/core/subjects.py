"""Compares subjects of copies, since gateways add tags to subjects."""

from __future__ import annotations

import re

#: Words that gateways and mail systems mark mails with: origin, trust, secrecy.
# fmt: off
_MARKS = frozenset(
    {
        "external", "extern", "externe", "externer", "externes", "externt", "externo", "externa",
        "esterno", "esterna", "ekstern", "eksternt", "ext", "internal", "intern", "outside",
        "untrusted", "unverified", "spam", "junk", "bulk", "virus", "phish", "phishing",
        "suspicious", "suspect", "suspected", "caution", "warning", "disarmed", "sec", "official",
        "unclassified", "protected", "sensitive", "confidential", "restricted", "encrypted",
        "encrypt", "secure", "secured", "dlm",
    }
)
# fmt: on
_TAG = re.compile(
    r"\[[^\[\]]*\]|\{[^{}]*\}|\*+[^*]*\*+|#+[^#]*#+|\([^()]*\)|<[^<>]*>"
    r"|【[^【】]*】|［[^［］]*］|〔[^〔〕]*〕"  # brackets used in China and Japan
)
_PART = re.compile(r":|(?<!\S)[-\u2013|](?!\S)")
_WORD = re.compile(r"[^\W_]+")
#: Words that may accompany a mark without brackets: `EXTERNAL E-MAIL: ...`.
_WORDS_NEAR_MARKS = _MARKS | {"e", "mail", "email", "post", "message", "sender", "possible", "from"}


def subjects_agree(subject: str, other: str) -> bool:
    """True if two folded subjects are the same apart from tags.

    Any prefix is a tag. Elsewhere a tag is in brackets or a known mark, and bracketed tags on both
    sides must not contradict each other.

    >>> subjects_agree("re: [external] offer", "re: offer")
    True
    >>> subjects_agree("page [1]", "page [2]")
    False
    """
    if subject == other or _ends_with(subject, other) or _ends_with(other, subject):
        return True
    (words, tags), (other_words, other_tags) = _split_tags(subject), _split_tags(other)
    return words == other_words and (tags <= other_tags or other_tags <= tags)


def _split_tags(subject: str) -> tuple[list[str], set[str]]:
    """The subject's own words, and the tags that must not contradict the other subject's."""
    tags: set[str] = set()

    def replacement(match: re.Match[str]) -> str:
        words = _WORD.findall(match[0])
        if _MARKS.isdisjoint(words):
            if match[0][0] in "(<":
                return match[0]
            tags.add(" ".join(words))
        return " "

    own_words: list[str] = []
    for part in _PART.split(_TAG.sub(replacement, subject)):
        words = _WORD.findall(part)
        if _WORDS_NEAR_MARKS.issuperset(words) and not _MARKS.isdisjoint(words):
            tags.add(" ".join(words))
        else:
            own_words += [word for word in words if word not in _MARKS]
            tags |= _MARKS.intersection(words)
    return own_words, tags


def _ends_with(long: str, short: str) -> bool:
    """True if `long` has another word before `short`, which it ends with."""
    before = long.removesuffix(short)
    return bool(short) and before != long and not before[-1:].isalnum()
