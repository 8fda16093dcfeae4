"""Subjects of copies of one mail: gateways put tags into them."""

from __future__ import annotations

import re

#: Words by which gateways and mail systems mark mails: where from, how trusted, how secret.
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
    r"|【[^【】]*】|［[^［］]*］|〔[^〔〕]*〕"  # brackets of China and Japan
)
_PART = re.compile(r":|(?<!\S)[-\u2013|](?!\S)")
_WORD = re.compile(r"[^\W_]+")
#: Without brackets a mark has no other words with it: `EXTERNAL E-MAIL: ...`.
_BESIDE_MARKS = _MARKS | {"e", "mail", "email", "post", "message", "sender", "possible", "from"}


def subjects_agree(one: str, other: str) -> bool:
    """True when two folded subjects are one subject, but for the tags in them.

    Whatever is put in front is a tag. Elsewhere it is in brackets or is a known mark, and what
    both have in brackets must not contradict.

    >>> subjects_agree("re: [external] offer", "re: offer")
    True
    >>> subjects_agree("page [1]", "page [2]")
    False
    """
    if one == other or _ends_with(one, other) or _ends_with(other, one):
        return True
    (bare, tags), (other_bare, other_tags) = _parts(one), _parts(other)
    return bare == other_bare and (tags <= other_tags or other_tags <= tags)


def _parts(subject: str) -> tuple[list[str], set[str]]:
    """The words that are the subject's own, and the tags that two copies may not both have."""
    tags: set[str] = set()

    def replacement(found: re.Match[str]) -> str:
        words = _WORD.findall(found[0])
        if _MARKS.isdisjoint(words):
            if found[0][0] in "(<":
                return found[0]
            tags.add(" ".join(words))
        return " "

    own: list[str] = []
    for part in _PART.split(_TAG.sub(replacement, subject)):
        words = _WORD.findall(part)
        if _BESIDE_MARKS.issuperset(words) and not _MARKS.isdisjoint(words):
            tags.add(" ".join(words))
        else:
            own += [word for word in words if word not in _MARKS]
            tags |= _MARKS.intersection(words)
    return own, tags


def _ends_with(long: str, short: str) -> bool:
    begin = len(long) - len(short)
    return bool(short) and begin > 0 and long.endswith(short) and not long[begin - 1].isalnum()
