"""Addresses that somebody types into a setting: what is one, and which lead nowhere else. Pure."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

_SCHEMES = {"http", "https"}
_THIS_MACHINE = ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128")
#: What a host's name may hold; beyond ASCII it is for IDNA to say.
_LABEL = re.compile(r"([a-z0-9_-]|[^\x00-\x7f\s])+")
#: A last label by which a reader may take the whole for a number (WHATWG URL: ends in a number).
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PLACE = "{id}"
#: What ends the host of an address.
_BEFORE_PATH = re.compile(r"(?<=[^/:])[/?#]")
#: None of these is in a link as browsers write it.
_NOT_IN_A_LINK = set(" \"'<>\\`^|")


def normalize_url(text: str, *, may_ask: bool = False) -> str:
    """The address in its plain form: scheme and host in lower case, no slash at the end.

    `may_ask`: it may have a query. Raises ValueError with a sentence that quotes nothing of it,
    since it may hold a secret.
    """
    parts = _parts(text)
    if parts.fragment or "#" in text or (not may_ask and "?" in text):
        raise ValueError("must hold no ? and no #")
    asked = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{_netloc(parts)}{parts.path}".rstrip("/") + asked


def is_loopback(host: str) -> bool:
    """True for a name or address by which this machine reaches itself.

    >>> is_loopback("127.1.2.3"), is_loopback("127.0.0.1.evil.example")
    (True, False)
    """
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    if "%" in name:  # a zone says which link is meant; this machine is on none
        return False
    return any(address in network for network in _THIS_MACHINE)


def is_unencrypted(url: str) -> bool:
    """True for a checked address whose calls anybody on the way can read: http to elsewhere."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(str(parts.hostname))


def check_link_pattern(text: str) -> str:
    """A link with `{id}` in it, "" = none. Raises ValueError with a sentence."""
    if not text:
        return ""
    if _PLACE not in text or set(text.replace(_PLACE, "")) & set("{}"):
        raise ValueError("must hold {id} where the number goes, and no other { or }")
    if set(text) & _NOT_IN_A_LINK:
        raise ValueError("holds a character that no link has")
    if _PLACE in _BEFORE_PATH.split(text, maxsplit=1)[0]:
        raise ValueError("must hold {id} behind the host, not in it")
    _parts(text)
    return text


def _parts(text: str) -> SplitResult:
    """Scheme, host and the rest of an address that is one."""
    if "\\" in text or any(unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"} for one in text):
        raise ValueError("holds a character that no address has")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError("has a host or a port that is none") from None
    if parts.scheme not in _SCHEMES or not host:
        raise ValueError("must be an address that starts with https:// (or http://)")
    if "@" in parts.netloc:
        raise ValueError("must hold no user name and no password")
    if port == 0 or not _is_host(host, is_bracketed="[" in parts.netloc):
        raise ValueError("has a host or a port that is none")
    return parts


def _is_host(host: str, *, is_bracketed: bool) -> bool:
    """True for a name, or an IP address in its one usual form."""
    labels = host.removesuffix(".").split(".")
    try:
        if is_bracketed:
            return "%" not in host and bool(ipaddress.IPv6Address(host))
        if _NUMBER.fullmatch(labels[-1]):
            return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
    return len(host) <= 253 and all(map(_LABEL.fullmatch, labels))


def _netloc(parts: SplitResult) -> str:
    return parts.netloc.lower().removesuffix(":")
