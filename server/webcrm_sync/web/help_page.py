"""Serves the page of help for salespeople in their language, to anybody. Sets no cookie.

The words are the project's own: `docs/use.md` and `docs/use/`, which `help` here links to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from flask import Blueprint, Response, render_template, request, send_from_directory
from markdown_it import MarkdownIt
from markdown_it.token import Token
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from webcrm_sync.web import headers
from webcrm_sync.web.access import Guard, guarded

PATH = "/help"
PAGES = Path(__file__).parent / "help"
#: The languages, by the name of their page, each as its readers call it.
LANGUAGES = {
    "en": "English",
    "da": "Dansk",
    "de": "Deutsch",
    "fi": "Suomi",
    "nl": "Nederlands",
    "no": "Norsk",
    "sv": "Svenska",
}
#: What browsers and Outlook call Norwegian, whose page is `no`.
_NORWEGIAN = ("nb", "nn")
_HOUR_S, _DAY_S = 3600, 86_400
#: How much of what a browser says about its languages is read: far more than any has.
_LONGEST_WISH = 500


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A page as HTML: its first heading, and everything else."""

    title: str
    body: str


def create_blueprint() -> Blueprint:
    """`/help` and the pictures on it."""
    routes = Blueprint("help", __name__, template_folder="templates")
    style = (Path(__file__).parent / "templates" / "help" / "page.css").read_text("utf-8")

    @cache  # bounded by the number of languages
    def render(language: str) -> str:
        return render_template(
            "help/page.html",
            page=read_page(language),
            language=language,
            languages=LANGUAGES,
            style=style,
        )

    @routes.get(PATH)
    @guarded(Guard.OPEN)
    def page() -> Response:
        language = choose_language(request.args.get("lang", ""), _accepted_languages())
        response = Response(render(language), mimetype="text/html")
        response.cache_control.public = True
        response.cache_control.max_age = _HOUR_S
        response.vary.add("Accept-Language")
        response.content_language.add(language)
        response.add_etag()
        response.make_conditional(request)
        return headers.allow_text_page(response, style)

    @routes.get(f"{PATH}/<name>.png")
    @guarded(Guard.OPEN)
    def picture(name: str) -> Response:
        return send_from_directory(PAGES, f"{name}.png", max_age=_DAY_S)

    return routes


def _accepted_languages() -> LanguageAccept:
    """The browser's languages. Each one is compared with each of ours, so their number is bound."""
    wish = request.headers.get("Accept-Language", "")
    if len(wish) > _LONGEST_WISH:
        wish = wish[:_LONGEST_WISH].rpartition(",")[0]
    return parse_accept_header(wish, LanguageAccept)


def choose_language(asked: str, accepted: LanguageAccept) -> str:
    """The language of the page: the one asked for, else the browser's, else English."""
    for wishes in (LanguageAccept([(asked, 1)]), accepted):
        found = wishes.best_match([*LANGUAGES, *_NORWEGIAN])
        if found:
            return "no" if found in _NORWEGIAN else found
    return "en"


def read_page(language: str) -> HelpPage:
    """The page in one of LANGUAGES. Its pictures come from below PATH."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((PAGES / f"{language}.md").read_text("utf-8"))
    title = next(token.content for token in tokens if token.type == "inline")
    for token in tokens:
        _point_pictures_here(token)
    return HelpPage(title, markdown.renderer.render(tokens, markdown.options, {}))


def _point_pictures_here(token: Token) -> None:
    for child in token.children or ():
        if child.type == "image":
            child.attrs["src"] = f"{PATH}/{PurePosixPath(str(child.attrs['src'])).name}"
