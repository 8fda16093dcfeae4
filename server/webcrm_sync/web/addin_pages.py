"""Serves the add-in's pages, its built assets and its icons. Sets no cookie."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, send_from_directory

from webcrm_sync.settings import Settings
from webcrm_sync.web import headers
from webcrm_sync.web.access import Guard, guarded
from webcrm_sync.web.api import endpoints
from webcrm_sync.web.tokens import SCOPE

#: The folder that Vite builds into (`make`), with a manifest of the hashed file names.
BUILT_FOLDER = Path(__file__).parent / "static" / "addin"
_ASSETS = "/addin/assets/"
_NOT_BUILT = "The add-in is not built on this server. Install the wheel that `make dist` builds."
_ENTRY_POINTS = {"taskpane": "taskpane/main.ts", "commands": "commands/main.ts"}
#: How long a sync usually takes, from the click to the category.
_USUAL_SECONDS = 3
_YEAR_S, _DAY_S = 31_536_000, 86_400


def create_blueprint(settings: Settings, built: Path = BUILT_FOLDER) -> Blueprint:
    """`/addin/taskpane.html`, `/addin/commands.html`, the assets and the icons."""
    routes = Blueprint("pane", __name__, template_folder="templates")

    @routes.get("/addin/<any(taskpane, commands):name>.html")
    @guarded(Guard.OPEN)
    def page(name: str) -> Response:
        return _page(settings, built, name)

    @routes.get(f"{_ASSETS}<path:name>")
    @guarded(Guard.OPEN)
    def asset(name: str) -> Response:
        return send_from_directory(built, name, max_age=_YEAR_S)

    @routes.get("/addin/icons/<name>")
    @guarded(Guard.OPEN)
    def icon(name: str) -> Response:
        return send_from_directory(built / "icons", name, max_age=_DAY_S)

    return routes


def _page(settings: Settings, built: Path, name: str) -> Response:
    nonce = secrets.token_urlsafe(18)
    scripts, styles = find_built_files(built, _ENTRY_POINTS[name])
    if not scripts:
        return Response(_NOT_BUILT, 503, mimetype="text/plain")
    html = render_template(
        f"addin/{name}.html",
        nonce=nonce,
        office_js_url=settings.office_js_url,
        config=client_config(settings),
        scripts=scripts,
        styles=styles,
    )
    return headers.allow_page(Response(html, mimetype="text/html"), settings, nonce)


def client_config(settings: Settings) -> dict[str, object]:
    """The configuration that the pages hand to the add-in. Holds no secret."""
    client_id = settings.entra_client_id
    return {
        "clientId": client_id,
        "authority": f"{settings.entra_authority}/{settings.entra_tenant_id}",
        "scope": f"api://{client_id}/{SCOPE}",
        "api": endpoints.BASE,
        "folderName": settings.folder_name,
        "usualSeconds": _USUAL_SECONDS,
    }


def is_built(built: Path = BUILT_FOLDER) -> bool:
    """True if each page finds its script in the folder."""
    try:
        scripts = [find_built_files(built, entry)[0] for entry in _ENTRY_POINTS.values()]
    except (KeyError, ValueError, OSError):  # a manifest of something else, or cut off
        return False
    files = [built / url.removeprefix(_ASSETS) for urls in scripts for url in urls]
    return all(scripts) and all(file.is_file() for file in files)


def find_built_files(built: Path, entry: str) -> tuple[list[str], list[str]]:
    """The paths of the scripts and styles of an entry point; empty before the first build."""
    try:
        manifest: dict[str, dict[str, Any]] = json.loads((built / "manifest.json").read_bytes())
    except FileNotFoundError:
        return [], []
    chunk = manifest[entry]
    styles = dict.fromkeys(_collect_styles(manifest, entry, set()))
    return [_ASSETS + chunk["file"]], [_ASSETS + name for name in styles]


def _collect_styles(manifest: dict[str, dict[str, Any]], entry: str, seen: set[str]) -> list[str]:
    """The styles of an entry point and of its imports (Vite: backend integration)."""
    if entry in seen:
        return []
    seen.add(entry)
    chunk = manifest[entry]
    imported = [
        style for one in chunk.get("imports", ()) for style in _collect_styles(manifest, one, seen)
    ]
    return [*imported, *chunk.get("css", ())]
