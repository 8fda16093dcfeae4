"""When two e-mail addresses are the same one, and the addresses in what people paste.

One rule for every comparison: with contacts, colleagues, webCRM users, NEVER_SYNC. Keys and
stamps are made of addresses as Graph gives them (`Party.address`), never of these.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

import idna
import regex

from webcrm_sync.core.storable import normalize_unicode

#: A mailbox's name, `@` and a host's (RFC 5321 4.5.3.1).
LONGEST_ADDRESS = 64 + 1 + 255
#: RFC 1035 2.3.4
_LONGEST_LABEL = 63
#: Nearly every address: nothing in it can be written in another way.
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9._+-]*@[a-z0-9](?:[a-z0-9-]*\.[a-z0-9])+[a-z0-9]*")
#: What separates addresses, and what people and programs put around one.
_BETWEEN = re.compile(r"""[\s\0-\x1f\x7f<>()\[\]{},;:|"]+""")
_DOMAIN = re.compile(r"""\[?[^\s\0-\x1f\x7f<>()\[\]{},;:|"/\\?&=%!#*+'`´‘’]*""")
#: Dashes, bullets, quotes, arrows and other marks of the world, but for those that a name or a
#: domain may hold (RFC 5892, appendix A) and those that stand for a full stop.
_MARKS = regex.compile(r"[[\p{P}\p{Sm}]--[\p{ASCII}´‘’·׳״・。｡]]", regex.V1)
#: The same in a list of domains, in which a colon belongs to a scheme or a port.
_BETWEEN_DOMAINS = re.compile(r"""[\s<>(){},;|"]+""")
#: Characters that nothing shows (Unicode: Default_Ignorable_Code_Point), selectors of emoji too.
_INVISIBLE = regex.compile(r"[\p{Cf}\p{DI}]+")
#: Pictures: one is often put before an address or a telephone number, without a blank.
_PICTURE = regex.compile(r"[\p{So}\p{Emoji_Modifier}]+")
#: `https://`, `mailto:`, `Web:`, also mistyped or twice; not a host before its port.
_SCHEME = re.compile(r"^(?:(?:[a-z-]+:(?:[/\\]+|(?!\d)))+|(?:https?|ftp)//+|[/\\]+)")
_PICTURE_BEFORE = regex.compile(r"^[\p{So}\p{Emoji_Modifier}]+(?=\w)")
_PATH = re.compile(r"[/\\?#]")
_WWW = re.compile(r"^(?:www\.)+")
_DOTTED = re.compile(r"[^\s.]+(?:\.[^\s.]+)+")
_AFTER = "'`´‘’/\\&*.-"
#: The same in front of an address, and a telephone number with a slash behind it.
_BEFORE = re.compile(rf"^(?:[{re.escape(_AFTER)}]|\+?\d[\d./-]*/(?=[^\d/]))++")
#: Every top domain has two letters at least; an address of the network ends in a number.
_MAILABLE = re.compile(r"(?:[^\s.]{1,63}\.)+(?:[^\s.]{2,63}|\d)")
_BEFORE_LEGACY = re.compile(r"""^(?:x500:|ex:|[\s'"<>])+""")
_APOSTROPHES = str.maketrans("’`ʼ", "'''")
#: What keyboards offer instead of an apostrophe, and NFKC takes for an accent or a mark.
_ACCENTS = str.maketrans("´′", "''")
#: What `_cleaned` takes off an international label, although its ASCII form may hold it (RFC 5892).
_OTHERWISE_ENCODED = frozenset("ς\u200c\u200d")
#: The full stops of IDNA (UTS 46, 4 "Processing"), as far as NFKC leaves them.
_STOPS = str.maketrans("。｡", "..")


def fold_address(text: str) -> str:
    """The address as mail systems compare it; what holds none comes back trimmed and in lower case.

    Case, quotes, brackets, schemes, invisible characters and the ways of writing an international
    domain (RFC 5891, UTS 46 without transition: `ß` is not `ss`) make no difference.

    >>> fold_address("'Eva@BÜCHER.example'"), fold_address("SMTP:eva@xn--bcher-kva.example.")
    ('eva@xn--bcher-kva.example', 'eva@xn--bcher-kva.example')
    """
    is_folded = _PLAIN.fullmatch(text) and "xn--" not in text
    return text if is_folded else _folded(text)


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    found = find_addresses(text)
    return found[0] if found else _legacy(text)


def _legacy(text: str) -> str:
    """A legacy Exchange address without its scheme (MS-OXOABK: legacyExchangeDN), or any words."""
    return _BEFORE_LEGACY.sub("", _cleaned(text)).rstrip(" \t\r\n'\"<>")


def is_legacy(address: str) -> bool:
    """True for a legacy Exchange address, which only an Exchange organisation gives out.

    >>> is_legacy("x500:/O=ExchangeLabs/ou=x/cn=eva"), is_legacy("MAILER-DAEMON")
    (True, False)
    """
    return "@" not in address and fold_address(address).startswith("/o=")


def strip_plus_tag(address: str) -> str | None:
    """The folded address without its plus-tag (RFC 5233), None when it has none.

    >>> [strip_plus_tag(a) for a in ("eva+news@x.example", "eva@x.example", "+45@x.example")]
    ['eva@x.example', None, None]
    """
    if "+" not in address or "@" not in address:
        return None
    local, _, domain = address.rpartition("@")
    name, plus, _ = local.partition("+")
    is_whole = name.count('"') % 2 == 0  # else the `+` is within quotes
    return f"{name}@{domain}" if name and plus and is_whole else None


def address_variants(address: str) -> tuple[str, ...]:
    """The folded address itself and, behind it, the one without its plus-tag."""
    bare = strip_plus_tag(address)
    return (address, bare) if bare else (address,)


def domain_of(address: str) -> str:
    """The domain of a folded address, empty for what is none."""
    return address.rpartition("@")[2] if "@" in address else ""


def is_mailable(address: str) -> bool:
    """True for a folded address whose domain may be one of the internet's.

    >>> is_mailable("eva@x.example"), is_mailable("eva@x"), is_mailable("eva@x..example")
    (True, False, False)
    """
    return _MAILABLE.fullmatch(domain_of(address)) is not None


def find_addresses(text: str) -> tuple[str, ...]:
    """Every address in what people paste into one field, folded, each once, in its order.

    >>> find_addresses("Eva <Eva@x.example> / bo@y.example or mailto:eva@x.example")
    ('eva@x.example', 'bo@y.example')
    """
    clean = _cleaned(text)
    # A link may hold the sign as an escape (RFC 6068).
    before, *behind = (clean if "@" in clean else _cleaned(unquote(clean))).split("@")
    found: dict[str, None] = {}
    for number, after in enumerate(behind, start=1):
        is_apart = before[-1:].isspace() or after[:1].isspace()
        host = _host_at(after, is_last=number == len(behind))
        name, domain = _name_at(before.rstrip()), fold_domain(host)
        before = after
        # People write `Eva @ Work`; an address in which blanks slipped ends in a real domain.
        if name and domain and ("." in domain or not is_apart):
            before = after.lstrip()[len(host) :].lstrip("+-")
            found[f"{name}@{domain}"] = None
    return tuple(one for one in found if len(one.encode(errors="replace")) <= LONGEST_ADDRESS)


def _name_at(text: str) -> str:
    """What is before an `@`: the last word of `text`, or what is in quotes at its end."""
    _, quote, name = text[:-1].rpartition('"') if text.endswith('"') else ("", "", "")
    if quote and _BETWEEN.search(name):
        return f'"{name}"'
    word = name if quote else _PICTURE.split(_BETWEEN.split(text.rstrip('"'))[-1])[-1]
    bare = _BEFORE.sub("", word)
    return (bare.rstrip(_AFTER) if bare != word else bare).translate(_APOSTROPHES)


def _host_at(text: str, *, is_last: bool) -> str:
    """What is behind an `@`. Empty where the `@` is itself in quotes, as in `"eva@x"@y`."""
    text = text.lstrip()
    found = _DOMAIN.match(text)
    host = found[0] if found else ""
    if text[len(host) :] == '"' and not is_last:
        return ""
    names, dot, top = host.rpartition(".")
    return names + dot + _PICTURE.split(top, maxsplit=1)[0]


def fold_domain(text: str) -> str:
    """A domain as DNS compares it: every label in its ASCII form.

    >>> fold_domain("www.Bücher.example."), fold_domain("straße.example")
    ('www.xn--bcher-kva.example', 'xn--strae-oqa.example')
    """
    labels = _cleaned(text).translate(_STOPS).strip("[.- ").split(".")
    return ".".join(map(_label, labels))


def find_domains(text: str) -> tuple[str, ...]:
    """Every domain in a list of domains, web sites or addresses, folded, each once, in its order.

    >>> find_domains("https://www.kunde.example/om; info@kunde.example, @other.example")
    ('kunde.example', 'other.example')
    """
    words = _BETWEEN_DOMAINS.split(_cleaned(text))
    found = (fold_domain(_WWW.sub("", _authority(word))) for word in words)
    return tuple(dict.fromkeys(one for one in found if _DOTTED.fullmatch(one)))


def _authority(word: str) -> str:
    """The host of a web site or address (RFC 3986, 3.2), the word itself where it is none."""
    rest = _SCHEME.sub("", _PICTURE_BEFORE.sub("", word))
    authority = _PATH.split(rest, maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0].strip("*.-'`´‘’[]")


def display_address(address: str) -> str:
    """A folded address or domain as people read it.

    >>> display_address("eva@xn--bcher-kva.example"), display_address("x.example")
    ('eva@bücher.example', 'x.example')
    """
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.decode(domain)}" if "xn--" in domain else address
    except UnicodeError:
        return address


def _label(label: str) -> str:
    """One label in its ASCII form; what IDNA does not allow is encoded as it is."""
    if label.isascii():
        return _reencoded(label) if label.startswith("xn--") else label
    try:
        return idna.encode(label, uts46=True, transitional=False).decode()
    except UnicodeError:
        return f"xn--{label.encode('punycode').decode()}"


def _reencoded(label: str) -> str:
    """The ASCII form that the label gets where people paste it in its own letters."""
    if len(label) > _LONGEST_LABEL:
        return label
    try:
        letters = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return label if _OTHERWISE_ENCODED.isdisjoint(letters) else _label(_cleaned(letters))


def _cleaned(text: str) -> str:
    """`text` without invisible characters and differences of width, composition and case."""
    if text.isascii():
        return text.lower()
    seen = _INVISIBLE.sub("", text).translate(_ACCENTS)
    # Not casefold: it takes `ß` for `ss`. The one Greek letter with two small forms is left.
    lower = normalize_unicode(seen, "NFKC").lower().replace("ς", "σ")
    return _MARKS.sub(" ", normalize_unicode(lower, "NFKC"))
