"""The screen over HTTP: its page, its present contents, and the actions of a person on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, redirect, render_template, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.store import Item
from webcrm_sync_sandbox.screen.outages import Outage, Outages
from webcrm_sync_sandbox.screen.sample_mails import READY, again
from webcrm_sync_sandbox.screen.snapshot import document_of, file_of, letter, now, text_of

if TYPE_CHECKING:
    from webcrm_sync_sandbox.environment import Sandbox
    from webcrm_sync_sandbox.screen.fixtures import DemoCompany
    from webcrm_sync_sandbox.screen.toggle_proxy import ToggleProxy

Json = dict[str, Any]
_SCOPE = "access_as_user"
#: A mail is shown without scripts.
_LETTER_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'self' 'unsafe-inline'"


class Screen:
    """Serves the screen as a WSGI application. `pane_url`: the address of the pane."""

    def __init__(
        self, sandbox: Sandbox, company: DemoCompany, proxy: ToggleProxy, *, pane_url: str
    ) -> None:
        self._sandbox = sandbox
        self._company = company
        self._proxy = proxy
        self._outages = Outages(sandbox.faults)
        self._pane_url = pane_url
        self.app = Flask(__name__, static_url_path="/screen/static")
        self._route()

    def _route(self) -> None:
        def rule(method: str, path: str, view: Callable[..., Any]) -> None:
            self.app.add_url_rule(path, f"{method} {path}", view, methods=[method])

        mail = "/screen/mails/<address>/<item_id>"
        rule("GET", "/", self.page)
        rule("GET", "/office.js", self.office)
        rule("GET", "/favicon.ico", self.favicon)
        rule("GET", "/screen/now", self.now)
        rule("GET", f"{mail}/letter", self.letter)
        rule("GET", f"{mail}/text", self.text)
        rule("GET", f"{mail}/files/<int:number>", self.file)
        rule("GET", "/screen/documents/<int:document_id>", self.document)
        rule("POST", f"{mail}/move", self.move)
        rule("POST", f"{mail}/read", self.read)
        rule("POST", "/screen/mailboxes/<address>/deliver", self.deliver)
        rule("POST", "/screen/crm/organisations", self.add_organisation)
        rule("POST", "/screen/crm/persons", self.add_person)
        rule("POST", "/screen/crm/mails", self.send_mail)
        rule("POST", "/screen/token", self.token)
        rule("POST", "/screen/line", self.network)
        rule("POST", "/screen/moods", self.outage)
        self.app.register_error_handler(404, self.page_not_found)

    # -- contents

    def page(self) -> str:
        """The page itself."""
        people = [
            {"address": p.address, "name": p.name, "note": p.note, "signsInAs": p.signs_in_as}
            for p in self._company.people
        ]
        ready = [{"key": r.key, "title": r.title} for r in READY]
        config = {"paneUrl": self._pane_url, "people": people, "ready": ready}
        return render_template("screen.html", config=config)

    def office(self) -> Response:
        """The stub of office.js, at the address of OFFICE_JS_URL."""
        return self.app.send_static_file("office.js")

    def favicon(self) -> Response:
        """The icon of the browser's tab."""
        return self.app.send_static_file("favicon.svg")

    def page_not_found(self, error: NotFound) -> BaseResponse | NotFound:
        """The page for a mistyped address; scripts get 404."""
        is_person = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        is_part = request.path.startswith("/screen/")
        return redirect("/") if is_person and not is_part else error

    def now(self) -> Json:
        """Everything on the screen that may have changed."""
        seen = now(self._sandbox.outlook, self._sandbox.crm)
        return seen | {"isDown": self._proxy.is_down, "moods": self._outages.now}

    def letter(self, address: str, item_id: str) -> Response:
        """A mail's text as a page for a frame without scripts."""
        scheme = "dark" if request.args.get("scheme") == "dark" else "light"
        response = Response(letter(self._item(address, item_id), scheme=scheme))
        response.headers["Content-Security-Policy"] = _LETTER_POLICY
        return response

    def text(self, address: str, item_id: str) -> Response:
        """A mail's text, as Outlook gives it to an add-in."""
        return Response(text_of(self._item(address, item_id)), mimetype="text/plain")

    def file(self, address: str, item_id: str, number: int) -> Response:
        """An attachment, as a download."""
        found = file_of(self._item(address, item_id), number)
        return _download(found.name, found.content) if found else abort(404)

    def document(self, document_id: int) -> Response:
        """A Document of webCRM, as a download."""
        found = (d for d in self._sandbox.crm.documents if d["DocumentId"] == document_id)
        record = next(found, None)
        return _download(*document_of(record)) if record else abort(404)

    # -- actions in Outlook

    def move(self, address: str, item_id: str) -> Json:
        """Drag a mail to a folder."""
        self._box(address).move(item_id, _json_body()["folder"])
        return {}

    def read(self, address: str, item_id: str) -> Json:
        """Open a mail."""
        self._box(address).mark_read(item_id)
        return {}

    def deliver(self, address: str) -> Json:
        """Deliver a ready-made mail, or another mail of an open mail's sender."""
        box, body = self._box(address), _json_body()
        ready = next((r.mail for r in READY if r.key == body.get("key")), None)
        mail = ready or again(self._item(address, body["like"]))
        return {"id": box.deliver(replace(mail, to=(f"{box.name} <{box.address}>",)))}

    # -- actions in webCRM

    def add_organisation(self) -> Json:
        """Create an Organisation."""
        return {"id": self._sandbox.crm.add_organisation(_json_body()["name"])}

    def add_person(self) -> Json:
        """Create a contact."""
        body = _json_body()
        crm = self._sandbox.crm
        made = crm.add_person(int(body["organisation"]), body["address"], name=body["name"])
        return {"id": made}

    def send_mail(self) -> Json:
        """Send a mail from webCRM, as one of its users."""
        body = _json_body()
        user_id = self._company.member(body["sender"]).user_id
        crm = self._sandbox.crm
        made = crm.send_mail(user_id, int(body["person"]), body["subject"], body["text"])
        return {"id": made}

    # -- Outlook itself, and outages

    def token(self) -> Json:
        """A token of the signed-in person for an application, as Entra issues it."""
        body = _json_body()
        box = self._box(body["address"])
        token = self._sandbox.entra.issue_user_token(
            box.user_id, body["clientId"], (_SCOPE,), name=box.address
        )
        lifetime_s = int(self._sandbox.entra.lifetime.total_seconds())
        return {"token": token, "expiresIn": lifetime_s, "tenantId": self._sandbox.entra.tenant_id}

    def network(self) -> Json:
        """Interrupt or restore the connection between Outlook and the service."""
        self._proxy.is_down = bool(_json_body()["isDown"])
        return {}

    def outage(self) -> Json:
        """Begin or end an outage of webCRM."""
        body = _json_body()
        self._outages.turn(Outage(body["mood"]), is_on=bool(body["isOn"]))
        return {}

    def _box(self, address: str) -> SimMailbox:
        return self._sandbox.outlook.find(address) or abort(404)

    def _item(self, address: str, item_id: str) -> Item:
        return self._box(address).item(item_id) or abort(404)


def _json_body() -> Json:
    """The JSON body of an action. Only JSON: a foreign page needs a CORS preflight for it."""
    body: Json = request.get_json()
    return body


def _download(name: str, content: bytes) -> Response:
    return send_file(BytesIO(content), as_attachment=True, download_name=name)
