"""Addresses of links: unwrapped from what gateways put around them, and fit to be shown."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, unquote, urlsplit

import regex

from webcrm_sync.core.storable import QUOTES

#: Links that lead somewhere for a person who reads them elsewhere.
_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "tel", "mailto", "sms", "sip"})
#: Schemes in which browsers take a backslash for a slash (WHATWG URL: special schemes).
_SLASHED = ("http:", "https:", "ftp:")
_LONGEST = 2000
#: A gateway's address around an address around an address: nobody wraps more often.
_MOST_WRAPPERS = 5
#: Longer than what a gateway makes of the longest address that browsers take.
_LONGEST_WRAPPED = 20_000
_WEB = re.compile(r"https?://[^\s<>\"'\]]++", re.IGNORECASE)
#: What browsers leave out of an address, wherever it is (WHATWG URL: basic parser).
_IGNORED = re.compile(r"^[\x00-\x20]+|[\x00-\x20]+$|[\t\r\n]+")
#: What could end the address or a page's attribute around it, or is not seen as what it is.
_ESCAPED = regex.compile(rf"[\s\p{{Cc}}\p{{Cf}}\p{{Cs}}\p{{Co}}\p{{Zl}}\p{{Zp}}<>{QUOTES}]")
_BARE_HOST = re.compile(r"www\.[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", re.IGNORECASE)


def unwrap_url(address: str) -> str:
    """The address that a gateway's link leads to, the address itself where it is none.

    >>> unwrap_url("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example")
    'https://x.example'
    """
    for _ in range(_MOST_WRAPPERS if len(address) <= _LONGEST_WRAPPED else 0):
        try:
            inner = _inner(address)
        except (ValueError, binascii.Error):
            return address
        if inner is None or not inner.lower().startswith(("http://", "https://", "mailto:")):
            return address
        address = escape_url(inner)
    return address


def escape_url(address: str) -> str:
    r"""The address as browsers send it: in one line, with escapes for quotes and controls.

    >>> escape_url("https://x.example\\a?b='\u2019\n\u202e")
    'https://x.example/a?b=%27%E2%80%99%0A%E2%80%AE'
    """
    if address[:8].lower().startswith(_SLASHED):
        before, mark, behind = address.partition("?")
        address = before.replace("\\", "/") + mark + behind
    return _ESCAPED.sub(lambda found: quote(found[0], safe="", errors="replace"), address)


def unwrap_links(text: str) -> str:
    """The text with every gateway's address in it replaced by the one behind it."""
    if "://" not in text or not any(name in text for name in _TRACES):
        return text
    return _WEB.sub(lambda found: unwrap_url(found[0]), text)


def target_to_show(href: str, words: str) -> str:
    """What a link's address tells a reader beyond the link's words, "" when nothing.

    >>> target_to_show("mailto:eva@x.example?subject=Hi", "Write to us")
    'mailto:eva@x.example'
    """
    address = unwrap_url(_IGNORED.sub("", href))
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    if scheme not in _SCHEMES and not _BARE_HOST.fullmatch(address):
        return ""
    if scheme == "mailto":
        address = scheme + unquote(address.partition("?")[0])[len(scheme) :]
        if "@" not in address:
            return ""
    address = escape_url(address)
    is_known = len(address) > _LONGEST or _bare(address) == _bare(words)
    is_known |= scheme == "mailto" and _bare(address) in _bare(words)
    is_known |= scheme in {"tel", "sms"} and _dialled(address) in _dialled(words)
    return "" if is_known else address


def _dialled(number: str) -> str:
    """A telephone number without what is written to make it readable."""
    return re.sub(r"[^\d+]", "", number)


def _bare(address: str) -> str:
    """An address without what people leave out when they write one."""
    plain = unquote(" ".join(address.split())).casefold()
    for scheme in ("tel:", "mailto:", "https://", "http://"):
        plain = plain.removeprefix(scheme)
    return plain.removeprefix("www.").rstrip("/")


def _inner(address: str) -> str | None:
    host = (urlsplit(address).hostname or "").lower()
    if not host.endswith(_HOSTS):
        return None
    unwrap = next((f for name, f in _WRAPPERS.items() if _is_at(host, name)), None)
    return unwrap(address) if unwrap else None


def _is_at(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _from_query(*names: str) -> Callable[[str], str | None]:
    """Wrappers that carry the address in a query parameter."""

    def unwrap(address: str) -> str | None:
        query = parse_qs(urlsplit(address).query)
        return next((query[name][0] for name in names if name in query), None)

    return unwrap


def _proofpoint(address: str) -> str | None:
    """Proofpoint's URL Defense, versions 1 to 3 (Proofpoint: URL decoder)."""
    _, _, version_3 = address.partition("/v3/__")
    inner, _, rest = version_3.partition("__;")
    encoded, is_version_3, _ = rest.partition("!")
    if inner and is_version_3:
        return _proofpoint_3(inner, encoded)
    query = parse_qs(urlsplit(address).query)
    if "u" not in query:
        return None
    inner = query["u"][0]
    if "/v2/" in address:
        return unquote(inner.replace("-", "%").replace("_", "/"))
    return unquote(inner)


def _proofpoint_3(inner: str, encoded: str) -> str:
    """Version 3: `*` for a character, `**` and a letter for a run, taken from the base64 part."""
    # The vendor writes a web address with one slash where the mail program dropped the other.
    inner = re.sub(r"^(https?:)/(?=[^/])", r"\1//", inner)
    padded = encoded + "=" * (-len(encoded) % 4)
    taken = iter(base64.urlsafe_b64decode(padded).decode(errors="replace"))

    def given(found: re.Match[str]) -> str:
        count = _RUNS.index(found[1]) + 2 if found[1] else 1
        return "".join(next(taken, "") for _ in range(count))

    return re.sub(r"\*(?:\*([A-Za-z0-9_-]))?", given, inner)


_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _cisco(address: str) -> str | None:
    """Cisco Secure Email puts the address behind its own path, quoted."""
    found = re.search(r"/(?=https?%3a)", address, re.IGNORECASE)
    return unquote(address[found.end() :]) if found else None


def _sophos(address: str) -> str | None:
    """Sophos Email writes the address in base64."""
    inner = parse_qs(urlsplit(address).query).get("u", [""])[0]
    padded = inner + "=" * (-len(inner) % 4)
    return base64.urlsafe_b64decode(padded).decode(errors="replace") if inner else None


def _google(address: str) -> str | None:
    """Google's mail and documents lead through a page of its search."""
    return _from_query("q", "url")(address) if urlsplit(address).path == "/url" else None


_WRAPPERS: dict[str, Callable[[str], str | None]] = {
    "safelinks.protection.outlook.com": _from_query("url"),
    "safelinks.protection.office365.us": _from_query("url"),
    "statics.teams.cdn.office.net": _from_query("url"),
    "urldefense.proofpoint.com": _proofpoint,
    "urldefense.com": _proofpoint,
    "urldefense.us": _proofpoint,
    "linkprotect.cudasvc.com": _from_query("a"),
    "secure-web.cisco.com": _cisco,
    "protection.sophos.com": _sophos,
    "protect.trendmicro.com": _from_query("url"),
    "protect2.fireeye.com": _from_query("u"),
    "www.google.com": _google,
}
_HOSTS = tuple(_WRAPPERS)
_TRACES = tuple(name for name in _WRAPPERS if name != "www.google.com")
