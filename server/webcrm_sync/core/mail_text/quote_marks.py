"""What mail programs mark in HTML where they quote an older mail: data, and how to read it.

The marks are those of the programs' own mails, and of the lists by which open mail programs fold
quoted mails: Proton's `BLOCKQUOTE_SELECTORS`, Infomaniak's `quoteDescriptors`, talon and planer.
A mark is an attribute and one of its words, in small letters: `("class", "gmail_quote")`.
`of` finds the marks of an element. A blockquote without a mark may be its writer's own.

A tree is read like this: in front of each outermost blockquote with a mark of `QUOTES`, and of each
outermost other element with one of `BEGINS`, `HOLDS` or `LEADS`, comes a line of its own,
`HISTORY_LINE`; each blockquote has `> ` at the beginning of its lines, marked or not.
`core.quoted_reply` cuts from there on, keeps an answer below or between the quotes, and takes the
lines themselves out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: The line that says "a mail program quotes an older mail from here on". A character for private
#: use (Unicode 23.5): it is taken out of a mail's own text before the tree puts it there.
QUOTE_MARK: Final = "\ue000"

#: All that follows is the older mail, to the end.
QUOTE_STARTS: Final = frozenset(
    {
        ("id", "appendonsend"),  # Outlook on the web, new Outlook
        ("id", "divrplyfwdmsg"),  # Outlook on the web, new Outlook, Outlook for Android
        ("id", "mail-editor-reference-message-container"),  # Outlook for iOS, Android and Mac
        ("class", "ms-outlook-mobile-reference-message"),  # Outlook for iOS and Android
        ("id", "olk_src_body_section"),  # Outlook for Mac 2011 to 2016
        ("name", "_mailoriginal"),  # Word as Outlook's editor
        ("id", "stopspelling"),  # Hotmail
        ("id", "replysplit"),  # Outlook.com
        ("data-marker", "__divider__"),  # Zimbra
        ("style", "outlook-line"),
    }
)

#: The element holds the older mail and the line about it. People also answer inside of it, below
#: the blockquotes (Gmail). Gmail's older `gmail_extra` is none: it holds signatures too.
QUOTE_CONTAINERS: Final = frozenset(
    {
        ("class", "gmail_quote"),  # Gmail, K-9 Mail, Superhuman, Mailspring
        ("class", "yahoo_quoted"),  # Yahoo, AOL
        ("class", "protonmail_quote"),
        ("class", "tutanota_quote"),
        ("class", "zmail_extra"),  # Zoho
        ("class", "skiff_quote"),
        ("class", "ik_mail_quote"),  # Infomaniak
        ("class", "freshdesk_quote"),
        ("class", "history_container"),  # Mailbird
        ("name", "quote"),  # GMX, WEB.DE
        ("name", "messagereplysection"),  # Spark
        ("id", "origbody"),
        ("id", "reply139content"),
        ("data-marker", "__quoted_text__"),  # Zimbra
    }
)

#: The element is the line that says who wrote the older mail, and when.
ATTRIBUTIONS: Final = frozenset(
    {
        ("class", "moz-cite-prefix"),  # Thunderbird
        ("class", "gmail_attr"),
        ("class", "gmail_quote_attribution"),  # Outlook for iOS, older
        ("class", "airmail_on"),
        ("id", "reply-intro"),  # Roundcube
    }
)

#: Of a blockquote these alone count: Gmail gives `gmail_quote` to its writer's own quotes too.
#: In Apple Mail, iOS and Fastmail it holds the line about the older mail.
QUOTE_BLOCKS: Final = frozenset(
    {
        ("type", "cite"),  # Apple Mail, iOS, Thunderbird, Fastmail, Open-Xchange, Roundcube
        ("class", "iosymail"),  # Yahoo for iOS
        ("class", "spark_quote"),
        ("class", "front-blockquote"),
        ("class", "missive_quote"),
        ("class", "clean_bq"),  # Airmail
        ("class", "protonmail_quote"),
        ("class", "tutanota_quote"),
        ("class", "skiff_quote"),
        ("class", "ik_mail_quote"),
        ("class", "freshdesk_quote"),
        ("class", "history_container"),
        ("id", "isreplycontent"),  # NetEase
        ("id", "orimsghtmlseperator"),  # Alibaba Mail, in its own spelling
    }
)

#: The line above the header in Outlook's own HTML, from 2007 on, in any language; as Word writes
#: it, and as browsers write it again.
_OUTLOOK_LINE = re.compile(
    r"border-top: ?(?:solid #(?:e1e1e1|b5c4df) 1\.0pt"
    r"|1pt solid rgb\((?:225, 225, 225|181, 196, 223)\))"
)
_PREFIX = re.compile(r"^(?:(?:x_)+|#)")
_LONGEST_STYLE = 1000
_ATTRIBUTES = ("id", "class", "name", "type", "data-marker")


def marks_of(attributes: Mapping[str, str | None]) -> frozenset[tuple[str, str]]:
    """The words of an element's attributes, in the form of the marks.

    Outlook on the web puts `x_` in front of the ids and classes of what it quotes, each time anew.

    >>> sorted(marks_of({"class": "x_gmail_quote gmail_quote_container", "style": "margin: 0"}))
    [('class', 'gmail_quote'), ('class', 'gmail_quote_container')]
    """
    found = {
        (name, _PREFIX.sub("", word))
        for name in _ATTRIBUTES
        for word in (attributes.get(name) or "").casefold().split()
    }
    if _OUTLOOK_LINE.search((attributes.get("style") or "")[:_LONGEST_STYLE].casefold()):
        found.add(("style", "outlook-line"))
    return frozenset(found)
