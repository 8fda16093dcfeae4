"""The product and libraries that convert HTML to text, or only parse it."""

from __future__ import annotations

from collections.abc import Callable

Converter = Callable[[str], object]


def product() -> Converter:
    """The text that the product writes to webCRM."""
    from webcrm_sync.core.mail_text.body_text import read_body

    return lambda html: read_body(html, is_html=True).text


def inscriptis_strict() -> Converter:
    """inscriptis with its strict profile."""
    from inscriptis import get_text
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    config = ParserConfig(css=CSS_PROFILES["strict"])
    return lambda html: get_text(html, config)


def inscriptis_relaxed() -> Converter:
    """inscriptis with its default profile: blanks around each span and div."""
    from inscriptis import get_text
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    config = ParserConfig(css=CSS_PROFILES["relaxed"])
    return lambda html: get_text(html, config)


def html_text() -> Converter:
    """html-text over the output of nh3."""
    import nh3
    from html_text import extract_text

    return lambda html: extract_text(nh3.clean(html), guess_layout=True)


def html_to_markdown() -> Converter:
    """html-to-markdown with its defaults."""
    from html_to_markdown import convert

    return lambda html: convert(html).content


def resiliparse() -> Converter:
    """resiliparse with line breaks and links, HTML5 by lexbor."""
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: extract_plain_text(html, links=True)


def parse_resiliparse() -> Converter:
    """Parses with resiliparse only."""
    from resiliparse.parse.html import HTMLTree

    parse: Converter = HTMLTree.parse
    return parse


def parse_selectolax() -> Converter:
    """Parses with selectolax only."""
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser


def parse_lxml() -> Converter:
    """Parses with libxml2 only, without its limit of 256 levels."""
    from lxml.html import HTMLParser, document_fromstring

    return lambda html: document_fromstring(
        html.encode(), parser=HTMLParser(encoding="utf-8", huge_tree=True)
    )


def parse_nh3() -> Converter:
    """HTML5 by html5ever, cleaned and written again."""
    import nh3

    return nh3.clean


#: The rows of the table. Each function creates a converter and imports its library.
CONVERTERS: dict[str, Callable[[], Converter]] = {
    "the product": product,
    "inscriptis, strict": inscriptis_strict,
    "inscriptis, default": inscriptis_relaxed,
    "nh3, html-text": html_text,
    "html-to-markdown": html_to_markdown,
    "resiliparse": resiliparse,
}
#: Parsers on which a converter could be built.
PARSERS: dict[str, Callable[[], Converter]] = {
    "parse: resiliparse": parse_resiliparse,
    "parse: selectolax": parse_selectolax,
    "parse: lxml": parse_lxml,
    "parse: nh3": parse_nh3,
}
