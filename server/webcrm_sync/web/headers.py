"""The security and cache headers of every response.

All routes and errors get them here, so that no new route can miss them (a test checks each one).
There is no X-Frame-Options: Outlook shows the pages in a frame of its own (GitHub:
OfficeDev/office-js issue 5224), and `frame-ancestors` refuses all other frames.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from urllib.parse import urljoin, urlsplit

from flask import Flask, Response

from webcrm_sync.settings import Settings

_POLICY = "Content-Security-Policy"
#: The policy of a response that is no page: it loads nothing, runs nothing, and no frame shows it.
_NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#: The browser features that neither the pane nor MSAL nor office.js uses. Not listed: the
#: clipboard, and what sign-in may need (storage-access, publickey-credentials-get).
_UNUSED = (
    *("accelerometer", "autoplay", "bluetooth", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer"),
    *("microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb"),
    *("web-share", "xr-spatial-tracking"),
)
_YEAR_S = 31_536_000

#: office.js loads this script in Outlook on the web and fails without it (measured).
_AJAX = "https://ajax.aspnetcdn.com/ajax/3.5/MicrosoftAjax.js"
#: The frame that office.js opens for its telemetry (GitHub: OfficeDev/office-js issue 696).
_TELEMETRY_FRAME = (
    "https://telemetryservice.firstpartyapps.oaspapps.com/telemetryservice/telemetryproxy.html"
)
#: Where Microsoft's web telemetry goes. The policy blocks its other addresses, which harms nobody.
_TELEMETRY = "https://browser.events.data.microsoft.com/OneCollector/1.0/"


def add_headers(app: Flask, settings: Settings) -> None:
    """Give every response of `app` its headers. Call it first: Flask runs the first hook last."""
    common = _common_headers(settings)

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(common)
        response.headers.setdefault(_POLICY, _NO_PAGE)
        # A view lets its own response be cached, not an error that replaces it.
        if response.status_code >= 400 or "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def server_error_headers(settings: Settings) -> dict[str, str]:
    """The headers of errors that the HTTP server answers without the application."""
    return {**_common_headers(settings), _POLICY: _NO_PAGE, "Cache-Control": "no-store"}


def _common_headers(settings: Settings) -> dict[str, str]:
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
    }
    if urlsplit(settings.public_url).scheme == "https":
        headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    return headers


def allow_page(response: Response, settings: Settings, nonce: str) -> Response:
    """The response with the policy of a page of the add-in. `nonce`: of its own scripts."""
    response.headers[_POLICY] = page_policy(settings, nonce)
    return response


def allow_text_page(response: Response, style: str) -> Response:
    """The response with the policy of a page of words and our own pictures, without any script.

    `style`: the text of its one style element.
    """
    digest = b64encode(sha256(style.encode()).digest()).decode()
    response.headers[_POLICY] = f"{_NO_PAGE}; style-src 'sha256-{digest}'; img-src 'self'"
    return response


def page_policy(settings: Settings, nonce: str) -> str:
    """The Content-Security-Policy of the pages: only their own scripts and those of office.js.

    office.js loads more scripts from its own folder, without the nonce, and sets one inline style
    that differs between its versions. MSAL calls Entra under the tenant's path.
    """
    office = urljoin(settings.office_js_url, ".")
    # MSAL lower-cases the authority, and paths in a policy are case-sensitive.
    entra = f"{settings.entra_authority}/{settings.entra_tenant_id}/".lower()
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}' {office} {_AJAX}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {entra} {_TELEMETRY}",
        "frame-src": f"{entra} {_TELEMETRY_FRAME}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "object-src": "'none'",
        "frame-ancestors": " ".join(["'self'", *sorted(settings.frame_ancestors)]),
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
