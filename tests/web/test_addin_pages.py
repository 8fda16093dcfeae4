"""The add-in's pages: their frames, scripts, configuration and caching."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr, ValidationError

from webcrm_sync.settings import Settings
from webcrm_sync.web import addin_pages, headers

MANIFEST = {
    "_words-1.js": {"file": "words-1.js", "css": ["words-1.css"]},
    "taskpane/main.ts": {
        "file": "taskpane-2.js",
        "isEntry": True,
        "imports": ["_words-1.js"],
        "css": ["taskpane-3.css"],
    },
    "commands/main.ts": {"file": "commands-4.js", "isEntry": True, "imports": ["_words-1.js"]},
}


def settings(**more: object) -> Settings:
    return Settings.model_validate(
        {
            "entra_tenant_id": "t1",
            "entra_client_id": "c1",
            "entra_client_secret": SecretStr("hush"),
            "webcrm_token": SecretStr("hush"),
            "office_js_url": "https://office.example/lib/office.js",
            "entra_authority": "https://entra.example",
            **more,
        }
    )


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """An HTTP client of a service whose add-in has been built."""
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "taskpane-2.js").write_text("export {}")
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons" / "icon-16.png").write_bytes(b"png")
    app = Flask("webcrm_sync", static_folder=None)
    headers.add_headers(app, settings())
    app.register_blueprint(addin_pages.create_blueprint(settings(), tmp_path))
    return app.test_client()


def test_a_page_holds_the_configuration_of_the_add_in(client: FlaskClient) -> None:
    html = client.get("/addin/taskpane.html").text
    found = re.search(r'id="config">(.*?)</script>', html)
    assert found
    assert json.loads(found[1]) == {
        "clientId": "c1",
        "authority": "https://entra.example/t1",
        "scope": "api://c1/access_as_user",
        "api": "/api/v1",
        "folderName": "webCRM sync",
        "usualSeconds": 3,
    }


def test_office_js_is_the_first_script_and_every_script_carries_the_nonce(
    client: FlaskClient,
) -> None:
    for name in ("taskpane", "commands"):
        answer = client.get(f"/addin/{name}.html")
        policy = answer.headers["Content-Security-Policy"]
        nonce = re.search(r"'nonce-([\w-]+)'", policy)
        assert nonce
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert len(scripts) == 3
        assert "https://office.example/lib/office.js" in scripts[0]
        assert all(f'nonce="{nonce[1]}"' in script for script in scripts)
        assert client.get(f"/addin/{name}.html").headers["Content-Security-Policy"] != policy


def test_a_page_loads_the_scripts_and_styles_that_were_built(client: FlaskClient) -> None:
    html = client.get("/addin/taskpane.html").text
    assert 'src="/addin/assets/taskpane-2.js"' in html
    assert re.findall(r'href="([^"]+)"', html) == [
        "/addin/assets/words-1.css",
        "/addin/assets/taskpane-3.css",
    ]


def test_only_outlook_may_frame_a_page(client: FlaskClient) -> None:
    answer = client.get("/addin/taskpane.html")
    policy = dict(
        rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    frames = policy["frame-ancestors"].split()
    assert {"'self'", "https://outlook.office.com", "https://outlook.cloud.microsoft"} < set(frames)
    assert "*" not in frames
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_frame_ancestors_is_a_setting_that_accepts_only_origins() -> None:
    given = settings(frame_ancestors="https://a.example, https://b.example")
    assert "frame-ancestors 'self' https://a.example https://b.example" in headers.page_policy(
        given, "n"
    )
    for wrong in ("https://a.example; script-src *", "https://ołówek.example", "https://a.\x7f"):
        with pytest.raises(ValidationError, match="frame_ancestors"):
            settings(frame_ancestors=wrong)


def test_assets_are_cached_for_long_and_no_other_file_is_served(client: FlaskClient) -> None:
    with client.get("/addin/assets/taskpane-2.js") as asset:
        assert asset.cache_control.max_age == 31_536_000
    with client.get("/addin/icons/icon-16.png") as icon:
        assert icon.data == b"png"
    assert client.get("/addin/icons/icon-17.png").status_code == 404
    assert client.get("/addin/assets/../../../settings.py").status_code == 404
    assert client.get("/addin/elsewhere.html").status_code == 404


def test_before_the_first_build_a_page_says_so_instead_of_being_empty(tmp_path: Path) -> None:
    app = Flask("webcrm_sync", static_folder=None)
    app.register_blueprint(addin_pages.create_blueprint(settings(), tmp_path))
    answer = app.test_client().get("/addin/taskpane.html")
    assert answer.status_code == 503
    assert "not built" in answer.text
