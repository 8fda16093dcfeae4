"""Folds e-mail addresses for comparison, and finds them in pasted text.

Every comparison folds both addresses first: with contacts, colleagues, webCRM users and NEVER_SYNC.
Keys and stamps use the address as Graph returns it (`Party.address`), never the folded one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

import idna
import regex

from webcrm_sync.core.storable import normalize_unicode

#: The longest local part, `@` and the longest domain (RFC 5321 4.5.3.1).
LONGEST_ADDRESS = 64 + 1 + 255
#: The longest DNS label (RFC 1035 2.3.4).
_LONGEST_LABEL = 63
#: Most addresses match, and folding leaves them unchanged.
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9._+-]*@[a-z0-9](?:[a-z0-9-]*\.[a-z0-9])+[a-z0-9]*")
#: Separators between addresses, and the brackets and quotes around them.
_SEPARATORS = re.compile(r"""[\s\0-\x1f\x7f<>()\[\]{},;:|"]+""")
_DOMAIN = re.compile(r"""\[?[^\s\0-\x1f\x7f<>()\[\]{},;:|"/\\?&=%!#*+'`´‘’]*""")
#: Punctuation that separates addresses: dashes, bullets, quotes, arrows. Not those that a name or
#: domain may contain (RFC 5892, appendix A), nor those that mean a full stop.
_PUNCTUATION = regex.compile(r"[[\p{P}\p{Sm}]--[\p{ASCII}´‘’·׳״・。｡]]", regex.V1)
#: Separators in a list of domains, where a colon belongs to a scheme or a port.
_DOMAIN_SEPARATORS = re.compile(r"""[\s<>(){},;|"]+""")
#: Invisible characters (Unicode: Default_Ignorable_Code_Point), emoji selectors included.
_INVISIBLE = regex.compile(r"[\p{Cf}\p{DI}]+")
#: Emoji and symbols: people often put one before an address or telephone number, without a space.
_SYMBOLS = regex.compile(r"[\p{So}\p{Emoji_Modifier}]+")
#: `https://`, `mailto:`, `Web:`, also mistyped or repeated; not a host before its port.
_SCHEME = re.compile(r"^(?:(?:[a-z-]+:(?:[/\\]+|(?!\d)))+|(?:https?|ftp)//+|[/\\]+)")
_LEADING_SYMBOLS = regex.compile(r"^[\p{So}\p{Emoji_Modifier}]+(?=\w)")
_PATH = re.compile(r"[/\\?#]")
_WWW = re.compile(r"^(?:www\.)+")
_DOTTED = re.compile(r"[^\s.]+(?:\.[^\s.]+)+")
_TRAILING = "'`´‘’/\\&*.-"
#: The same characters before an address, or a telephone number that ends in a slash.
_LEADING = re.compile(rf"^(?:[{re.escape(_TRAILING)}]|\+?\d[\d./-]*/(?=[^\d/]))++")
#: A top-level domain has at least two letters; an IP address ends in a number.
_MAILABLE = re.compile(r"(?:[^\s.]{1,63}\.)+(?:[^\s.]{2,63}|\d)")
_LEGACY_PREFIX = re.compile(r"""^(?:x500:|ex:|[\s'"<>])+""")
_APOSTROPHES = str.maketrans("’`ʼ", "'''")
#: Characters typed for an apostrophe that NFKC would turn into an accent.
_ACCENTS = str.maketrans("´′", "''")
#: Characters that `_clean` removes from an international label although its ASCII form may hold
#: them (RFC 5892).
_AMBIGUOUS_LETTERS = frozenset("ς\u200c\u200d")
#: The full stops of IDNA (UTS 46, 4 "Processing") that NFKC keeps.
_STOPS = str.maketrans("。｡", "..")


def fold_address(text: str) -> str:
    """The address as mail systems compare it, or the trimmed lower-case text if there is none.

    Case, quotes, brackets, schemes, invisible characters and the spelling of an international
    domain make no difference (RFC 5891, UTS 46 without transition: `ß` is not `ss`).

    >>> fold_address("'Eva@BÜCHER.example'"), fold_address("SMTP:eva@xn--bcher-kva.example.")
    ('eva@xn--bcher-kva.example', 'eva@xn--bcher-kva.example')
    """
    is_plain = _PLAIN.fullmatch(text) and "xn--" not in text
    return text if is_plain else _fold_cached(text)


@lru_cache(maxsize=4096)
def _fold_cached(text: str) -> str:
    addresses = find_addresses(text)
    return addresses[0] if addresses else _fold_legacy(text)


def _fold_legacy(text: str) -> str:
    """A legacy Exchange address without its scheme (MS-OXOABK: legacyExchangeDN), or other text."""
    return _LEGACY_PREFIX.sub("", _clean(text)).rstrip(" \t\r\n'\"<>")


def is_legacy(address: str) -> bool:
    """True for a legacy Exchange address, which only Exchange itself assigns.

    >>> is_legacy("x500:/O=ExchangeLabs/ou=x/cn=eva"), is_legacy("MAILER-DAEMON")
    (True, False)
    """
    return "@" not in address and fold_address(address).startswith("/o=")


def strip_plus_tag(address: str) -> str | None:
    """The folded address without its plus-tag (RFC 5233), None if it has none.

    >>> [strip_plus_tag(a) for a in ("eva+news@x.example", "eva@x.example", "+45@x.example")]
    ['eva@x.example', None, None]
    """
    local, _, domain = address.rpartition("@")
    name, plus, _ = local.partition("+")
    is_whole = name.count('"') % 2 == 0  # else the `+` is inside quotes
    return f"{name}@{domain}" if name and plus and is_whole else None


def address_variants(address: str) -> tuple[str, ...]:
    """The folded address, followed by the one without its plus-tag if it has a tag."""
    untagged = strip_plus_tag(address)
    return (address, untagged) if untagged else (address,)


def domain_of(address: str) -> str:
    """The domain of a folded address, empty for text without `@`."""
    return address.rpartition("@")[2] if "@" in address else ""


def is_mailable(address: str) -> bool:
    """True if the domain of this folded address is possible on the internet.

    >>> is_mailable("eva@x.example"), is_mailable("eva@x"), is_mailable("eva@x..example")
    (True, False, False)
    """
    return _MAILABLE.fullmatch(domain_of(address)) is not None


def find_addresses(text: str) -> tuple[str, ...]:
    """The addresses in pasted text, folded, without duplicates, in order.

    >>> find_addresses("Eva <Eva@x.example> / bo@y.example or mailto:eva@x.example")
    ('eva@x.example', 'bo@y.example')
    """
    clean = _clean(text)
    # A link may write the `@` as an escape (RFC 6068).
    before, *behind = (clean if "@" in clean else _clean(unquote(clean))).split("@")
    addresses: dict[str, None] = {}
    for number, after in enumerate(behind, start=1):
        is_apart = before[-1:].isspace() or after[:1].isspace()
        host = _host_after(after, is_last=number == len(behind))
        name, domain = _local_part_before(before.rstrip()), fold_domain(host)
        before = after
        # With spaces around the `@` only a dotted domain counts: people write `Eva @ Work`.
        if name and domain and ("." in domain or not is_apart):
            before = after.lstrip()[len(host) :].lstrip("+-")
            addresses[f"{name}@{domain}"] = None
    return tuple(
        address for address in addresses if len(address.encode(errors="replace")) <= LONGEST_ADDRESS
    )


def _local_part_before(text: str) -> str:
    """The local part before an `@`: the last word of `text`, or the quoted text at its end."""
    is_quoted = text.endswith('"') and '"' in text[:-1]
    quoted = text[:-1].rpartition('"')[2]
    if is_quoted and _SEPARATORS.search(quoted):
        return f'"{quoted}"'
    word = quoted if is_quoted else _SYMBOLS.split(_SEPARATORS.split(text.rstrip('"'))[-1])[-1]
    bare = _LEADING.sub("", word)
    return (bare.rstrip(_TRAILING) if bare != word else bare).translate(_APOSTROPHES)


def _host_after(text: str, *, is_last: bool) -> str:
    """The domain after an `@`, empty if the `@` is inside quotes, as in `"eva@x"@y`."""
    text = text.lstrip()
    match = _DOMAIN.match(text)
    assert match  # it also matches no characters
    host = match[0]
    if text[len(host) :] == '"' and not is_last:
        return ""
    names, dot, top = host.rpartition(".")
    return names + dot + _SYMBOLS.split(top, maxsplit=1)[0]


def fold_domain(text: str) -> str:
    """The domain as DNS compares it: every label in its ASCII form.

    >>> fold_domain("www.Bücher.example."), fold_domain("straße.example")
    ('www.xn--bcher-kva.example', 'xn--strae-oqa.example')
    """
    labels = _clean(text).translate(_STOPS).strip("[.- ").split(".")
    return ".".join(map(_fold_label, labels))


def find_domains(text: str) -> tuple[str, ...]:
    """The domains in a list of domains, websites or addresses: folded, in order, no duplicates.

    >>> find_domains("https://www.kunde.example/om; info@kunde.example, @other.example")
    ('kunde.example', 'other.example')
    """
    words = _DOMAIN_SEPARATORS.split(_clean(text))
    domains = (fold_domain(_WWW.sub("", _host_of(word))) for word in words)
    return tuple(dict.fromkeys(domain for domain in domains if _DOTTED.fullmatch(domain)))


def _host_of(word: str) -> str:
    """The host of a website or address (RFC 3986, 3.2), or the word itself."""
    rest = _SCHEME.sub("", _LEADING_SYMBOLS.sub("", word))
    authority = _PATH.split(rest, maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0].strip("*.-'`´‘’[]")


def display_address(address: str) -> str:
    """A folded address or domain with its international letters, for people to read.

    >>> display_address("eva@xn--bcher-kva.example"), display_address("x.example")
    ('eva@bücher.example', 'x.example')
    """
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.decode(domain)}" if "xn--" in domain else address
    except UnicodeError:
        return address


def _fold_label(label: str) -> str:
    """A label in its ASCII form. Punycode encodes what IDNA does not allow."""
    if label.isascii():
        return _fold_ascii_label(label) if label.startswith("xn--") else label
    try:
        return idna.encode(label, uts46=True, transitional=False).decode()
    except UnicodeError:
        return f"xn--{label.encode('punycode').decode()}"


def _fold_ascii_label(label: str) -> str:
    """The ASCII form that this ASCII label gets when people paste it with its own letters."""
    if len(label) > _LONGEST_LABEL:
        return label
    try:
        letters = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return label if _AMBIGUOUS_LETTERS.isdisjoint(letters) else _fold_label(_clean(letters))


def _clean(text: str) -> str:
    """`text` in one form of case, width and composition, without invisible characters."""
    if text.isascii():
        return text.lower()
    visible = _INVISIBLE.sub("", text).translate(_ACCENTS)
    # Not casefold, which turns `ß` into `ss`. Only the Greek sigma has two lower-case forms.
    lower = normalize_unicode(visible, "NFKC").lower().replace("ς", "σ")
    return _PUNCTUATION.sub(" ", normalize_unicode(lower, "NFKC"))
