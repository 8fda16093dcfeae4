"""The page of help: its language, its policy, its caching and its pictures."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from flask.testing import FlaskClient

from webcrm_sync.web.help_page import LANGUAGES, PAGES


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", None, "en"),
        ("", "da-DK,da;q=0.9,en;q=0.8", "da"),
        ("", "nb-NO,nn;q=0.9", "no"),
        ("", "nn", "no"),
        ("", "no", "no"),
        ("", "fr-FR,fr;q=0.9,de;q=0.5", "de"),
        ("", "fr-FR,fr;q=0.9", "en"),
        ("", "sv-FI,sv;q=0.9,fi;q=0.8", "sv"),
        ("", "*", "en"),
        ("", ";;q=x,,", "en"),
        ("fi-FI", "da", "fi"),
        ("NL", "da", "nl"),
        ("nb-NO", "da", "no"),
        ("fr", "da", "da"),
        ("../../settings", "da", "da"),
        ("*", "da", "en"),
        ("\0", None, "en"),
        ("x" * 900, "sv", "sv"),
        ("", "da," + "x-y," * 8000, "da"),
        ("", "x-y," * 8000 + "da", "en"),  # nobody reads that far
        ("", "x" * 30_000, "en"),
    ],
)
def test_the_page_speaks_the_language_asked_for_or_the_browsers(
    client: FlaskClient, asked: str, accepted: str | None, language: str
) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    answer = client.get("/help", query_string={"lang": asked} if asked else {}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language
    tag = "nb" if language == "no" else language
    assert f'<html lang="{tag}">' in answer.text
    assert answer.text.count('aria-current="page"') == 1
    assert f'aria-current="page">{LANGUAGES[language]}</a>' in answer.text


def test_the_policy_allows_the_pages_own_style_and_pictures_and_no_script(
    client: FlaskClient,
) -> None:
    answer = client.get("/help")
    policy = dict(
        rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; ")
    )
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert "<script" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_browser_keeps_the_page_for_its_language(client: FlaskClient) -> None:
    first = client.get("/help", headers={"Accept-Language": "da"})
    assert (first.cache_control.public, first.cache_control.max_age) == (True, 3600)
    assert "Accept-Language" in first.vary
    same = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/help?lang=da", headers=same).status_code == 304
    assert client.get("/help?lang=de", headers=same).status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_of_the_page_is_served(client: FlaskClient, language: str) -> None:
    html = client.get(f"/help?lang={language}").text
    pictures = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', html)
    assert len(pictures) == 3
    for path, _ in pictures:
        with client.get(path) as picture:
            assert picture.mimetype == "image/png"
            assert picture.cache_control.max_age == 86_400


@pytest.mark.parametrize(
    "path", ["da.md", "nowhere.png", "../app.png", "%2e%2e/%2e%2e/docs/images/product.png", ".png"]
)
def test_no_other_file_is_served(client: FlaskClient, path: str) -> None:
    assert PAGES.joinpath("da.md").is_file()
    assert client.get(f"/help/{path}").status_code == 404
