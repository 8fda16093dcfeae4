"""The 150 bodies of the bench: each program in several languages, and unusual ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, islice

from bench.reading import outlook, programs, systems
from bench.reading.newsletters import BUILDERS
from bench.reading.odd import ODD, ONE_LINERS
from bench.reading.words import LANGUAGES, Writer

Builder = Callable[[Writer], str]

_OUTLOOK: tuple[Builder, ...] = (
    outlook.desktop,
    outlook.desktop_reply,
    outlook.desktop_list,
    outlook.desktop_table,
    outlook.web,
    outlook.web_reply,
    outlook.mobile,
    outlook.new_outlook,
    outlook.exchange_text,
)
_PROGRAMS: tuple[Builder, ...] = (
    programs.gmail,
    programs.gmail_reply,
    programs.gmail_mobile,
    programs.gmail_forward,
    programs.apple,
    programs.apple_reply,
    programs.iphone,
    programs.apple_forward,
    programs.thunderbird,
    programs.thunderbird_reply,
    programs.web_mailer,
    programs.text_in_pre,
)
_SYSTEMS: tuple[Builder, ...] = (
    systems.gateway_in_front,
    systems.gateway_behind,
    systems.gateway_banner,
    systems.safe_links,
    systems.proofpoint,
    systems.zendesk,
    systems.jira,
    systems.freshdesk,
    systems.order,
    systems.invoice,
    systems.web_form,
    systems.meeting,
    systems.calendar,
    systems.scanner,
)
#: The number of languages for each program of a group.
_GROUPS = ((_OUTLOOK, 3), (_PROGRAMS, 2), (BUILDERS, 4), (_SYSTEMS, 2))


def bodies() -> dict[str, str]:
    """The bodies by name, the same at each call."""
    return {**dict(_built()), **dict(_odd())}


def _built() -> Iterator[tuple[str, str]]:
    languages = cycle(LANGUAGES)
    for group, times in _GROUPS:
        for builder in group:
            for number, language in enumerate(islice(languages, times)):
                origin = builder.__module__.rpartition(".")[2]
                name = f"{origin} {builder.__name__} {language.code}"
                yield name, builder(Writer(language, number))


def _odd() -> Iterator[tuple[str, str]]:
    """The unusual bodies. Those that are no documents get an older mail below them."""
    for number, (name, html) in enumerate(ODD.items()):
        older = Writer(LANGUAGES[number % len(LANGUAGES)], number)
        is_document = "html" in html.lower() or name in ONE_LINERS
        yield f"odd {name}", html if is_document else html + outlook.older_mail(older)
