"""Finds the target of a link behind a gateway's rewritten URL, and makes it fit to show."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, unquote, urlsplit

import regex

from webcrm_sync.core.storable import QUOTES

#: Schemes that work for people who read the link elsewhere.
_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "tel", "mailto", "sms", "sip"})
#: Schemes in which browsers read a backslash as a slash (WHATWG URL: special schemes).
_SLASHED = ("http:", "https:", "ftp:")
_LONGEST = 2000
#: How many gateways may have rewritten a link, each the result of the other.
_MAX_GATEWAYS = 5
#: Longer than any gateway's version of the longest URL that browsers accept.
_LONGEST_WRAPPED = 20_000
_WEB = re.compile(r"https?://[^\s<>\"'\]]++", re.IGNORECASE)
#: Characters that browsers ignore in a URL (WHATWG URL: basic parser).
_IGNORED = re.compile(r"^[\x00-\x20]+|[\x00-\x20]+$|[\t\r\n]+")
#: Characters that could end the URL or an HTML attribute around it, or that are invisible.
_ESCAPED = regex.compile(rf"[\s\p{{Cc}}\p{{Cf}}\p{{Cs}}\p{{Co}}\p{{Zl}}\p{{Zp}}<>{QUOTES}]")
#: Matches ASCII without any of these.
_UNESCAPED = re.compile(r"[!#-&(-;=?-_a-~]*+")
#: A URL whose scheme is clear, and which `urlsplit` certainly accepts.
_PLAIN_URL = re.compile(r"(https?)://[\w.-]+(?:[/?#].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_BARE_HOST = re.compile(r"www\.[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", re.IGNORECASE)


def unwrap_url(address: str) -> str:
    """The target of a gateway's link, or the URL itself if it is not one.

    >>> unwrap_url("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example")
    'https://x.example'
    """
    for _ in range(_MAX_GATEWAYS if len(address) <= _LONGEST_WRAPPED else 0):
        try:
            inner = _wrapped_target(address)
        except (ValueError, binascii.Error):
            return address
        if inner is None or not inner.lower().startswith(("http://", "https://", "mailto:")):
            return address
        address = escape_url(inner)
    return address


def escape_url(address: str) -> str:
    r"""The URL in one line as browsers send it, with quotes and control characters escaped.

    >>> escape_url("https://x.example\\a?b='\u2019\n\u202e")
    'https://x.example/a?b=%27%E2%80%99%0A%E2%80%AE'
    """
    if address[:8].lower().startswith(_SLASHED):
        before, mark, behind = address.partition("?")
        address = before.replace("\\", "/") + mark + behind
    if _UNESCAPED.fullmatch(address):
        return address
    return _ESCAPED.sub(lambda match: quote(match[0], safe="", errors="replace"), address)


def unwrap_links(text: str) -> str:
    """The text with every gateway's link in it replaced by its target."""
    if "://" not in text or not any(name in text for name in _GATEWAY_NAMES):
        return text
    return _WEB.sub(lambda match: unwrap_url(match[0]), text)


def target_to_show(href: str, words: str) -> str:
    """The target of a link, "" if the link's words already show it or it is useless.

    >>> target_to_show("mailto:eva@x.example?subject=Hi", "Write to us")
    'mailto:eva@x.example'
    """
    address = unwrap_url(_IGNORED.sub("", href))
    try:
        scheme = _scheme_of(address)
    except ValueError:
        return ""
    if scheme not in _SCHEMES and not _BARE_HOST.fullmatch(address):
        return ""
    if scheme == "mailto":
        address = scheme + unquote(address.partition("?")[0])[len(scheme) :]
        if "@" not in address:
            return ""
    address = escape_url(address)
    is_known = len(address) > _LONGEST or _simplify(address) == _simplify(words)
    is_known |= scheme == "mailto" and _simplify(address) in _simplify(words)
    is_known |= scheme in {"tel", "sms"} and _digits_of(address) in _digits_of(words)
    return "" if is_known else address


def _scheme_of(address: str) -> str:
    """The scheme in lower case, "" = none. Raises ValueError for what is no URL."""
    plain = _PLAIN_URL.fullmatch(address)
    return (plain[1] if plain else urlsplit(address).scheme).lower()


def _digits_of(number: str) -> str:
    """A telephone number without separators."""
    return re.sub(r"[^\d+]", "", number)


def _simplify(address: str) -> str:
    """A URL without the parts that people omit in writing."""
    simple = unquote(" ".join(address.split())).casefold()
    for scheme in ("tel:", "mailto:", "https://", "http://"):
        simple = simple.removeprefix(scheme)
    return simple.removeprefix("www.").rstrip("/")


def _wrapped_target(address: str) -> str | None:
    if not any(map(address.lower().__contains__, _GATEWAY_HOSTS)):
        return None  # Most links are no gateway's, and parsing the URL takes much longer.
    host = (urlsplit(address).hostname or "").lower()
    unwrap = next((f for name, f in _GATEWAYS.items() if _is_host_under(host, name)), None)
    return unwrap(address) if unwrap else None


def _is_host_under(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _from_query(*names: str) -> Callable[[str], str | None]:
    """Unwraps gateways that put the target into a query parameter."""

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
    """Version 3: `*` replaces a character, `**` and a letter a run; a base64 part holds them."""
    # Proofpoint writes one slash after the scheme if the mail program dropped the other one.
    inner = re.sub(r"^(https?:)/(?=[^/])", r"\1//", inner)
    padded = encoded + "=" * (-len(encoded) % 4)
    removed = iter(base64.urlsafe_b64decode(padded).decode(errors="replace"))

    def restore(match: re.Match[str]) -> str:
        count = _RUN_LENGTHS.index(match[1]) + 2 if match[1] else 1
        return "".join(next(removed, "") for _ in range(count))

    return re.sub(r"\*(?:\*([A-Za-z0-9_-]))?", restore, inner)


_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _cisco(address: str) -> str | None:
    """Cisco Secure Email appends the escaped target to its own path."""
    match = re.search(r"/(?=https?%3a)", address, re.IGNORECASE)
    return unquote(address[match.end() :]) if match else None


def _sophos(address: str) -> str | None:
    """Sophos Email encodes the target in base64."""
    inner = parse_qs(urlsplit(address).query).get("u", [""])[0]
    padded = inner + "=" * (-len(inner) % 4)
    return base64.urlsafe_b64decode(padded).decode(errors="replace") if inner else None


def _google(address: str) -> str | None:
    """Google's mail and documents link through a page of its search."""
    return _from_query("q", "url")(address) if urlsplit(address).path == "/url" else None


_GATEWAYS: dict[str, Callable[[str], str | None]] = {
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
_GATEWAY_HOSTS = tuple(_GATEWAYS)
_GATEWAY_NAMES = tuple(name for name in _GATEWAYS if name != "www.google.com")
