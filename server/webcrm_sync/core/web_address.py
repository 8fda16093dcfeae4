"""Validates URLs in settings."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

_SCHEMES = {"http", "https"}
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128")
#: The characters of a host label; IDNA decides about those beyond ASCII.
_LABEL = re.compile(r"([a-z0-9_-]|[^\x00-\x7f\s])+")
#: A last label that makes parsers read the host as a number (WHATWG URL: ends in a number).
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PLACEHOLDER = "{id}"
#: The end of the host in a URL.
_HOST_END = re.compile(r"(?<=[^/:])[/?#]")
#: Characters that browsers never write into a link.
_FORBIDDEN_IN_LINKS = set(" \"'<>\\`^|")


def normalize_url(text: str, *, allow_query: bool = False) -> str:
    """The URL with scheme and host in lower case and without a trailing slash.

    `allow_query`: a query may follow. Raises ValueError with a sentence that never quotes the URL,
    since it may contain a secret.
    """
    parts = _parse(text)
    if parts.fragment or "#" in text or (not allow_query and "?" in text):
        raise ValueError("must not contain ? or #")
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{_normalize_netloc(parts)}{parts.path}".rstrip("/") + query


def is_loopback(host: str) -> bool:
    """True for a name or address of this machine itself.

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
    if "%" in name:  # a zone names a link, and this machine's own address is on none
        return False
    return any(address in network for network in _LOOPBACK)


def is_unencrypted(url: str) -> bool:
    """True for a normalized URL whose traffic others can read: http to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(str(parts.hostname))


def check_link_pattern(text: str) -> str:
    """The link pattern with `{id}` in it, "" = none. Raises ValueError with a sentence."""
    if not text:
        return ""
    if _PLACEHOLDER not in text or set(text.replace(_PLACEHOLDER, "")) & set("{}"):
        raise ValueError("must contain {id} in place of the number, and no other { or }")
    if set(text) & _FORBIDDEN_IN_LINKS:
        raise ValueError("contains a character that no link has")
    if _PLACEHOLDER in _HOST_END.split(text, maxsplit=1)[0]:
        raise ValueError("must contain {id} after the host, not in it")
    _parse(text)
    return text


def _parse(text: str) -> SplitResult:
    """The parts of a valid URL."""
    if "\\" in text or any(
        unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text
    ):
        raise ValueError("contains a character that no URL has")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError("has an invalid host or port") from None
    if parts.scheme not in _SCHEMES or not host:
        raise ValueError("must be a URL that starts with https:// (or http://)")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    if port == 0 or not _is_host(host, is_bracketed="[" in parts.netloc):
        raise ValueError("has an invalid host or port")
    return parts


def _is_host(host: str, *, is_bracketed: bool) -> bool:
    """True for a host name, or an IP address in canonical form."""
    labels = host.removesuffix(".").split(".")
    try:
        if is_bracketed:
            return "%" not in host and bool(ipaddress.IPv6Address(host))
        if _NUMBER.fullmatch(labels[-1]):
            return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
    return len(host) <= 253 and all(map(_LABEL.fullmatch, labels))


def _normalize_netloc(parts: SplitResult) -> str:
    return parts.netloc.lower().removesuffix(":")
