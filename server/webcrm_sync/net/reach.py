"""Calls an address once, without a login, to learn who answers there, or why nobody does."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.certificate_faults import CertificateFault, find_certificate_fault
from webcrm_sync.net.transports import BoundedTransport, sync_transport

#: A call that only asks who is there.
_BOUNDS = Bounds(seconds=10, size=64 * 1024)


@dataclass(frozen=True, slots=True)
class Reached:
    """An answer. `date`: the server's clock, None = it sends none or another form.

    `certificate_ends_at`: None for http.
    """

    status: int
    content: bytes
    date: datetime | None
    certificate_ends_at: datetime | None


class Unreachable(Exception):
    """Nobody answers. The message is the reason, to follow the address.

    `fault`: what is wrong with the certificate, None = another reason.
    """

    def __init__(self, reason: str, fault: CertificateFault | None = None) -> None:
        super().__init__(reason)
        self.fault = fault


def reach(url: str, ca_bundle: Path | None) -> Reached:
    """The answer to a GET of `url`, redirects not followed. Raises Unreachable."""
    try:
        inner = sync_transport(url, ca_bundle)
        with closing(BoundedTransport(inner, _BOUNDS)) as transport:
            timeout = httpx.Timeout(_BOUNDS.seconds).as_dict()
            request = httpx.Request("GET", url, extensions={"timeout": timeout})
            response = transport.handle_request(request)
            with closing(response):
                return _read(response)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _explain(url, error) from None


def _read(response: httpx.Response) -> Reached:
    return Reached(
        response.status_code,
        response.read(),
        _parse_date(response.headers.get("Date", "")),
        _certificate_end(response),
    )


def _parse_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _certificate_end(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream else None
    certificate = connection.getpeercert() if connection else None
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _explain(url: str, error: Exception) -> Unreachable:
    parts = urlsplit(url)
    place = parts.netloc
    if fault := find_certificate_fault(error):
        return Unreachable(f"the certificate of {place} {fault.words}", fault)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return Unreachable(f"{place} does not speak TLS (https)")
        if isinstance(cause, socket.gaierror):
            return Unreachable(f"the name {parts.hostname} is unknown")
        if isinstance(cause, ConnectionRefusedError):
            return Unreachable(f"nothing listens on {place}")
        if isinstance(cause, TimeoutError | httpx.TimeoutException):
            return Unreachable(f"{place} does not answer within {_BOUNDS.seconds:.0f} s")
    return Unreachable(f"{place} breaks the connection off ({type(error).__name__})")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that led to it: httpcore raises its own `from None`."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
