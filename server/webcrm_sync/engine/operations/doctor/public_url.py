"""The check of PUBLIC_URL: whether this installation answers there, for Graph and Outlook."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from webcrm_sync.core.web_address import is_loopback
from webcrm_sync.engine.operations.doctor.certificates import describe_end
from webcrm_sync.engine.operations.doctor.check import Check, Verdict
from webcrm_sync.engine.operations.installation import SERVICE
from webcrm_sync.net.certificate_faults import CertificateFault
from webcrm_sync.net.reach import Reached, Unreachable, reach
from webcrm_sync.settings import PREFIX, Settings

_NAME = "reachability"
#: What to do about the certificate of our own address.
_CERTIFICATE_CURES = {
    CertificateFault.EXPIRED: "Renew it, and restart the server that sends it",
    CertificateFault.OTHER_NAME: "Microsoft must trust it: use a certificate for this name",
    CertificateFault.UNKNOWN_ROOT: (
        "Microsoft must trust it: use a certificate of a public authority and let the server send "
        "the whole chain"
    ),
}


def check_public_url(
    settings: Settings, installation_ids: Collection[str], now: datetime
) -> Iterator[Check]:
    """What answers at PUBLIC_URL. `installation_ids`: of this installation, empty = not known."""
    url = settings.public_url
    if not settings.is_push_enabled:
        text = f"push is off: {PREFIX}PUBLIC_URL is not https; folders are polled"
        yield Check(_NAME, Verdict.WARNING, text)
        return
    try:
        reached = reach(f"{url}/healthz", settings.ca_bundle)
    except Unreachable as error:
        yield Check(_NAME, Verdict.FAILED, _describe_absence(url, error))
        return
    if trouble := _find_stranger(url, reached, installation_ids):
        yield Check(_NAME, Verdict.FAILED, trouble)
        return
    yield Check(_NAME, Verdict.OK, f"{url} answers")
    if reached.certificate_ends_at and (
        end := describe_end(f"the certificate of {url}", reached.certificate_ends_at, now)
    ):
        yield end
    yield from _check_trust(settings)


def _describe_absence(url: str, error: Unreachable) -> str:
    cure = f"Is `serve` running? Check {PREFIX}PUBLIC_URL, the proxy and the name's address"
    if error.fault:
        cure = _CERTIFICATE_CURES[error.fault]
    return f"{url} does not answer: {error}. {cure}"


def _find_stranger(url: str, reached: Reached, installation_ids: Collection[str]) -> str | None:
    """What is wrong with the answer, None = this installation gave it."""
    advice = f"Check {PREFIX}PUBLIC_URL, its address in the DNS and the proxy"
    if reached.status != 200:
        return f"{url}/healthz answers {reached.status}: that is not this service. {advice}"
    answer = _parse(reached.content)
    if answer == {"status": "ok"}:
        return f"an earlier version of this service answers at {url}: restart it"
    if answer.get("service") != SERVICE:
        return f"another server answers at {url}. {advice}"
    if installation_ids and answer.get("installation") not in installation_ids:
        return (
            f"another installation of this product answers at {url}, or one with another "
            f"{PREFIX}SECRET_KEY: Graph's notifications go there. {advice}"
        )
    return None


def _parse(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _check_trust(settings: Settings) -> Iterator[Check]:
    """Graph and Outlook do not know CA_BUNDLE."""
    host = str(urlsplit(settings.public_url).hostname)
    if settings.ca_bundle is None or is_loopback(host):
        return
    try:
        reach(f"{settings.public_url}/healthz", None)
    except Unreachable as error:
        if error.fault:
            text = (
                f"{settings.public_url} is trusted because of {PREFIX}CA_BUNDLE alone: Graph and "
                "Outlook do not trust it. Use a certificate of a public authority"
            )
            yield Check(_NAME, Verdict.WARNING, text)
