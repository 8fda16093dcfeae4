"""The headers of every answer: what a browser may do with it, and who may keep it.

One place for all routes and errors, so that a new route cannot forget (a test walks them all).
No X-Frame-Options: Outlook shows the pages in a frame of its own (GitHub: OfficeDev/office-js
issue 5224), and `frame-ancestors` refuses frames where nobody needs one.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from flask import Flask, Response

from webcrm_sync.settings import Settings

_POLICY = "Content-Security-Policy"
#: For what is no page: nothing is loaded by it, run in it or shown around it.
_NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#: What neither the pane nor MSAL nor office.js asks for. Left alone: the clipboard and what
#: signing in may need (storage-access, publickey-credentials-get).
_UNUSED = (
    *("accelerometer", "autoplay", "bluetooth", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer"),
    *("microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb"),
    *("web-share", "xr-spatial-tracking"),
)
_YEAR_S = 31_536_000

#: office.js loads this in Outlook on the web and fails without it (measured).
_AJAX = "https://ajax.aspnetcdn.com/ajax/3.5/MicrosoftAjax.js"
#: The frame that office.js opens for its telemetry (GitHub: OfficeDev/office-js issue 696).
_TELEMETRY_FRAME = (
    "https://telemetryservice.firstpartyapps.oaspapps.com/telemetryservice/telemetryproxy.html"
)
#: Where Microsoft's web telemetry goes. What it sends elsewhere is refused, which harms nobody.
_TELEMETRY = "https://browser.events.data.microsoft.com/OneCollector/1.0/"


def add_headers(app: Flask, settings: Settings) -> None:
    """Give every answer of `app` its headers. Call it before other hooks: Flask runs it last."""
    always = _always(settings)

    @app.after_request
    def finished(response: Response) -> Response:
        response.headers.update(always)
        response.headers.setdefault(_POLICY, _NO_PAGE)
        # What a view wants kept is its whole answer, not an error in its place.
        if response.status_code >= 400 or "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def server_error_headers(settings: Settings) -> dict[str, str]:
    """The headers of what the server refuses before any route is asked."""
    return {**_always(settings), _POLICY: _NO_PAGE, "Cache-Control": "no-store"}


def _always(settings: Settings) -> dict[str, str]:
    always = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
    }
    if urlsplit(settings.public_url).scheme == "https":
        always["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    return always


def allow_page(response: Response, settings: Settings, nonce: str) -> Response:
    """The answer as a page of the add-in, whose scripts carry `nonce`."""
    response.headers[_POLICY] = page_policy(settings, nonce)
    return response


def page_policy(settings: Settings, nonce: str) -> str:
    """The pages' Content-Security-Policy: no script but ours and office.js, by address.

    office.js loads more scripts from beside itself, without our nonce, and sets one inline style
    that changes with its versions. MSAL asks Entra, in the tenant's own part of it.
    """
    office = urljoin(settings.office_js_url, ".")
    # MSAL writes an authority in lower case, and a policy's paths know the difference.
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
