"""Decides which Organisations have nearly the same name as a new one."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from webcrm_sync.core.storable import normalize_unicode, to_one_line

#: Names of companies' legal forms, as they look once dots and slashes are gone.
# fmt: off
_LEGAL_FORMS = frozenset(
    {
        "as", "aps", "ivs", "is", "ks", "ps", "amba", "fmba", "smba", "amb",  # Denmark
        "asa", "ans", "da", "nuf", "enk",  # Norway
        "ab", "hb", "kb", "publ", "oy", "oyj", "ky", "tmi", "ay",  # Sweden, Finland
        "gmbh", "mbh", "ag", "kg", "kgaa", "ohg", "gbr", "ug", "ek", "ev", "eg", "se",  # Germany
        "bv", "nv", "vof", "cv",  # Netherlands, Belgium
        "ltd", "limited", "plc", "llp", "llc", "inc", "incorporated", "corp", "corporation", "co",
        "sa", "sarl", "sas", "srl", "spa", "sl", "sro", "kft", "ou", "uab", "sia",
    }
)
# fmt: on
_AND = frozenset({"og", "och", "und", "and"})
#: Letters that no accent makes out of a plain one.
_PLAIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
#: Two letters that people also write as one with a ring or two dots: Aarhus and Århus.
_PAIRS = re.compile("a[ae]|oe|ue")
#: A dot or slash between two single letters, as in `A/S` and `B.V.`
_JOINT = re.compile(r"(?<=\b\w)[./](?=\w\b)")
_WORD = re.compile(r"[^\W_]+")
#: The length of the shorter name, and how many letters may differ from that length on.
_LETTERS_APART = ((9, 2), (5, 1), (0, 0))


@dataclass(frozen=True, slots=True)
class KnownName:
    """An Organisation of webCRM. `key`: the `name_key` of its name."""

    organisation_id: int
    name: str
    key: str


def fold_name(name: str) -> str:
    """The name in one form of case, width and spaces: two equal ones are one Organisation.

    >>> fold_name("  Havnebyg   A/S ")
    'havnebyg a/s'
    """
    return to_one_line(normalize_unicode(name, "NFKC")).casefold()


def name_key(name: str) -> str:
    """The letters and digits of a name without accents and without its legal form.

    >>> name_key("Aarhus Skov & Have, A/S"), name_key("århus skov og have ApS")
    ('arhusskovhave', 'arhusskovhave')
    """
    words = _WORD.findall(_JOINT.sub("", _PAIRS.sub(_first_letter, _without_accents(name))))
    return "".join(_without_legal_forms(words) or words)


def _without_accents(name: str) -> str:
    folded = fold_name(name).translate(_PLAIN)
    if folded.isascii():
        return folded
    parts = unicodedata.normalize("NFKD", folded)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _first_letter(pair: re.Match[str]) -> str:
    return pair[0][0]


def _without_legal_forms(words: list[str]) -> list[str]:
    """The words that distinguish the name. `a s` at the end, written with a space, is a form."""
    left = [word for word in words if word not in _AND]
    if len(left) > 2 and "".join(left[-2:]) in _LEGAL_FORMS and len(left[-1]) == len(left[-2]) == 1:
        left = left[:-2]
    while len(left) > 1 and left[-1] in _LEGAL_FORMS:
        left = left[:-1]
    while len(left) > 1 and left[0] in _LEGAL_FORMS:
        left = left[1:]
    return left


def possible_lengths(key: str) -> tuple[int, int]:
    """The shortest and the longest key that can be similar to this one."""
    apart = max(allowed for _, allowed in _LETTERS_APART)
    return max(1, len(key) - apart), len(key) + apart


def find_similar(
    name: str,
    known: Iterable[KnownName],
    *,
    related: Collection[int] = (),
    limit: int,
) -> tuple[KnownName, ...]:
    """The known Organisations that may be the new one, the likeliest first, at most `limit`.

    Alike are equal keys, and longer keys that are one or two letters apart; two letters in the
    wrong order count as one. `related`: the ids of those with its domain or its contact. First come
    equal keys, then related ones, then similar keys.
    """
    by_id = {one.organisation_id: one for one in known}
    apart = _letters_apart(name_key(name), by_id)
    likely = by_id.keys() & related

    def rank(one: int) -> tuple[bool, bool, float, str, int]:
        letters = apart.get(one, math.inf)
        return letters > 0, one not in likely, letters, by_id[one].name.casefold(), one

    ranked = sorted(apart.keys() | likely, key=rank)
    return tuple(by_id[one] for one in ranked[:limit])


def _letters_apart(key: str, known: dict[int, KnownName]) -> dict[int, int]:
    """In how many letters the similar ones differ, by id."""
    if not key:
        return {}
    keys = {i: one.key for i, one in known.items() if one.key}
    most = max(allowed for _, allowed in _LETTERS_APART)
    found = process.extract(
        key, keys, scorer=OSA.distance, processor=None, score_cutoff=most, limit=None
    )
    return {i: int(apart) for other, apart, i in found if apart <= _allowed(key, other)}


def _allowed(key: str, other: str) -> int:
    shorter = min(len(key), len(other))
    return next(allowed for length, allowed in _LETTERS_APART if shorter >= length)
