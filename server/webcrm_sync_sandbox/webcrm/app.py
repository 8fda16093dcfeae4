"""The simulated webCRM's REST API, as strict as the public sources are certain.

Shapes: webCRM's Swagger document of 2019. Calls that it does not describe get 404 and are marked
as unknown for the journal.
"""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, cast

from flask import Flask, Response, request
from werkzeug.routing import Map, Rule

from webcrm_sync_sandbox.webcrm.access import AccessControl, NotAllowed
from webcrm_sync_sandbox.webcrm.fields import Entity, Kind, Record, show
from webcrm_sync_sandbox.webcrm.http import Bad, answer_errors, body, json_answer, paging
from webcrm_sync_sandbox.webcrm.query_parser import ScriptError, parse
from webcrm_sync_sandbox.webcrm.search import search
from webcrm_sync_sandbox.webcrm.system import WebCrmSystem
from webcrm_sync_sandbox.webcrm.table import Table

#: Path of the collection -> its records.
_PLURALS = {
    "Activities": "Activity",
    "Persons": "Person",
    "Organisations": "Organisation",
    "Documents": "Document",
    "Opportunities": "Opportunity",
    "Users": "User",
}
#: The tables that Queries are known to read.
_SEARCHED = frozenset({"Activity", "Person", "Organisation", "Opportunity"})
_View = Callable[..., Response]


def webcrm_app(system: WebCrmSystem) -> Flask:
    """The WSGI application of one webCRM system."""
    app = Flask("webcrm_sync_sandbox.webcrm", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True  # the server closes a dropped connection
    api = _Api(system)
    app.url_map = _addresses()
    app.view_functions = {
        name: getattr(api, name) if name == "login" else api.inside(getattr(api, name))
        for name in {rule.endpoint for rule in app.url_map.iter_rules()}
    }
    answer_errors(app, system)
    return app


@cache
def _addresses() -> Map:
    """The URL map of the views: built once, since that takes longer than the rest of the app."""

    def rule(method: str, path: str, view: str, **defaults: str) -> Rule:
        return Rule(path, endpoint=view, methods=[method], defaults=defaults)

    rules = [
        rule("POST", "/Auth/ApiLogin", "login"),
        rule("GET", "/Auth", "whoami"),
        rule("GET", "/Queries", "query"),
        rule("GET", "/FieldsMetadata/<kinds>", "metadata"),
        rule("GET", "/Users/AllActive", "active_users"),
        rule("POST", "/Activities/<int:record_id>/Move", "move"),
        rule("GET", "/Documents/<int:record_id>/Download", "download"),
        rule("DELETE", "/Documents/<int:record_id>", "delete_document"),
    ]
    for plural, name in _PLURALS.items():
        rules += [
            rule("GET", f"/{plural}", "page", name=name),
            rule("POST", f"/{plural}", "create", name=name),
            rule("PATCH", f"/{plural}", "upsert", name=name),
            rule("GET", f"/{plural}/<int:record_id>", "one", name=name),
            rule("PUT", f"/{plural}/<int:record_id>", "update", name=name),
        ]
    return Map(rules)


class _Api:
    """The views. Each runs alone, under the system's lock."""

    def __init__(self, system: WebCrmSystem) -> None:
        self._world = system
        self._door = AccessControl(system)

    def inside(self, view: _View) -> _View:
        """The view behind access control: logged in, within the quota, one call at a time."""

        @wraps(view)
        def guarded(**parts: Any) -> Response:
            is_write = request.method != "GET"
            with self._door.visit(request.headers.get("Authorization", ""), is_write=is_write):
                time.sleep(self._world.answer_time.total_seconds())
                if (request.content_length or 0) > self._world.largest_request:
                    raise Bad(413, "The request is too large")
                with self._world.lock:
                    return view(**parts)

        return guarded

    def login(self) -> Response:
        """POST /Auth/ApiLogin, the token as form field `authCode` in any case."""
        form = {name.casefold(): value for name, value in request.form.items()}
        bearer = self._door.login(form.get("authcode", ""))
        if bearer:
            return json_answer(
                {
                    "AccessToken": bearer,
                    "RefreshToken": "",
                    "ExpiresIn": 3600,
                    "TokenType": "bearer",
                    "Error": None,
                    "ErrorDescription": None,
                    "IsError": False,
                }
            )
        said = {"Error": "invalid_grant", "ErrorDescription": "Invalid token", "IsError": True}
        return json_answer({"AccessToken": None, **said}, self._world.login_refusal)

    def whoami(self) -> Response:
        """GET /Auth."""
        return json_answer({"UserName": "api"})

    def query(self) -> Response:
        """GET /Queries."""
        page, size = paging()
        try:
            script = parse(request.args.get("script", ""))
            table = self._world.table(script.table)
            if table is None or table.entity.name not in _SEARCHED:
                raise ScriptError(f"Invalid object name '{script.table}'")
            if table.entity.name in self._world.unreadable:
                raise NotAllowed
            rows = search(script, table, zone=self._world.time_zone, page=page, size=size)
            return json_answer([self._told(row, f"{table.entity.name}Id") for row in rows])
        except ScriptError as error:
            raise Bad(400, str(error)) from error

    def _told(self, row: Record, id_name: str) -> Record:
        odd = self._world.odd.get(row.get(id_name, 0), {})
        return row | {name: value for name, value in odd.items() if name in row}

    def metadata(self, kinds: str) -> Response:
        """GET /FieldsMetadata/{entityTypes}."""
        table = self._world.table(kinds)
        if table is None:
            raise Bad(400, f"'{kinds}' is no entity type")
        return json_answer(
            [
                _metadata(self._world, table.entity, name, number)
                for number, name in enumerate(table.entity.columns, start=1)
                if name not in self._world.missing
            ]
        )

    def active_users(self) -> Response:
        """GET /Users/AllActive."""
        page, size = paging()
        table, gone = self._world.tables["User"], self._world.resigned_users
        active = [record for record in table if record["UserId"] not in gone]
        return json_answer([self._show(table, r) for r in active[(page - 1) * size : page * size]])

    def page(self, name: str) -> Response:
        """GET a list. Unknown query parameters are ignored, as webCRM does."""
        table = self._world.tables[name]
        return json_answer([self._show(table, record) for record in table.page(*paging())])

    def one(self, name: str, record_id: int) -> Response:
        """GET one record."""
        if name in self._world.unreadable:
            raise NotAllowed
        table = self._world.tables[name]
        return json_answer(self._show(table, self._stored(table, record_id)))

    def create(self, name: str) -> Response:
        """POST one record. Users answer without a body, Organisations as the system says."""
        entity = self._world.tables[name].entity
        try:
            record_id = self._world.create(entity, self._world.read(entity, body()))
        except ValueError as error:
            raise Bad(400, str(error)) from error
        if name == "User":
            return Response(status=200)
        return (
            self._new_organisation(record_id) if name == "Organisation" else json_answer(record_id)
        )

    def _new_organisation(self, record_id: int) -> Response:
        table = self._world.tables["Organisation"]
        match self._world.organisation_answer:
            case "empty":
                return Response(status=200)
            case "id":
                return json_answer(record_id)
            case "record":
                return json_answer(self._show(table, table[record_id]))

    def update(self, name: str, record_id: int) -> Response:
        """PUT one record; fields left out are kept."""
        table = self._world.tables[name]
        self._stored(table, record_id)
        try:
            self._world.change(table, record_id, self._world.read(table.entity, body()))
        except ValueError as error:
            raise Bad(400, str(error)) from error
        return Response(status=200)

    def upsert(self, name: str) -> Response:
        """PATCH a list: 200, and for each line its id or its error."""
        given = body()
        if not isinstance(given, list):
            raise Bad(400, "A list of records is required")
        table = self._world.tables[name]
        for line in given:
            if status := self._world.poison.get(_subject(line)):
                raise Bad(status, "Object reference not set to an instance of an object")
        return json_answer([self._upsert(table, line) for line in given])

    def _upsert(self, table: Table, line: object) -> str:
        try:
            record = self._world.read(table.entity, line)
            record_id = cast("int", record[table.entity.id_name])
            if _subject(line) in self._world.refused:
                raise ValueError("The memo holds what cannot be stored")
            if record_id == 0:
                return str(self._world.create(table.entity, record))
            self._world.change(table, record_id, record)
        except ValueError as error:
            return str(error)
        except KeyError:
            return f"{table.entity.name} {record_id} was not found"
        return str(record_id)

    def move(self, record_id: int) -> Response:
        """POST /Activities/{id}/Move."""
        given, table = body(), self._world.tables["Activity"]
        self._stored(table, record_id)
        target = given.get("NewOrganisationId") if isinstance(given, dict) else None
        if target not in self._world.tables["Organisation"]:
            raise Bad(400, "NewOrganisationId: there is no such Organisation")
        self._world.change(table, record_id, {"ActivityOrganisationId": target})
        return Response(status=204)

    def download(self, record_id: int) -> Response:
        """GET /Documents/{id}/Download."""
        record = self._stored(self._world.tables["Document"], record_id)
        content = b64decode(record.get("DocumentFile", ""))
        return Response(content, mimetype="application/octet-stream")

    def delete_document(self, record_id: int) -> Response:
        """DELETE /Documents/{id}."""
        table = self._world.tables["Document"]
        self._stored(table, record_id)
        table.delete(record_id)
        return Response(status=200)

    def _stored(self, table: Table, record_id: int) -> Record:
        if record_id not in table:
            raise Bad(404, f"{table.entity.name} {record_id} was not found")
        return table[record_id]

    def _show(self, table: Table, record: Record) -> Record:
        shown = show(table.entity, record, self._world.time_zone)
        if table.entity.name == "Document":
            shown["DocumentFile"] = None  # only Download returns the content
        return shown


def _subject(line: object) -> str:
    return str(line.get("ActivityDescription", "")) if isinstance(line, dict) else ""


def _metadata(system: WebCrmSystem, entity: Entity, name: str, number: int) -> Record:
    labels = {text: text for text in system.labels.get(name, ())}
    if name == "OpportunityLevel":
        labels = {text: str(level) for level, text in system.levels.items()}
    longest = system.max_length(entity, name)
    column, short = entity.columns[name], name.removeprefix(entity.name)
    return {
        "FieldMetadataId": number,
        "FieldMetadataDbFieldName": f"{entity.letter}_{short.lower()}",
        "FieldMetadataFriendlyFieldName": name,
        "FieldMetadataLabel": short,
        "FieldMetadataSortOrder": number,
        "FieldMetadataDisplayType": "M" if short == "Memo" else column.kind.value,
        "FieldMetadataTextFieldMaxLength": longest if column.kind is Kind.TEXT else None,
        "FieldMetadataDropdownListData": [{"Text": t, "Value": v} for t, v in labels.items()],
    }
