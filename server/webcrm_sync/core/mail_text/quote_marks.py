"""The HTML attributes by which mail programs mark quoted mails.

Sources are the programs' own mails, and the lists that open-source mail programs fold quotes by:
Proton's `BLOCKQUOTE_SELECTORS`, Infomaniak's `quoteDescriptors`, talon and planer. A mark is an
attribute name and one word of its value in lower case: `("class", "gmail_quote")`. A blockquote
without a mark may be the writer's own.

`html` writes the line `QUOTE_MARK` before each outermost blockquote with a mark of `QUOTE_BLOCKS`,
and before each outermost other element with a mark of `QUOTE_STARTS`, `QUOTE_CONTAINERS` or
`ATTRIBUTIONS`. Every blockquote's lines begin with `> `. `quoted_reply` cuts at these lines, keeps
answers below or between the quotes, and removes the `QUOTE_MARK` lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: The line before a quoted mail. It is a private-use character (Unicode 23.5), which is removed
#: from the mail's own text first.
QUOTE_MARK: Final = "\ue000"

#: Everything after the element belongs to the quoted mail.
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

#: The element contains the quoted mail and its attribution. People also answer inside it, below the
#: blockquotes (Gmail). Gmail's older `gmail_extra` is no mark, since it contains signatures too.
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

#: The element is the line with the quoted mail's author and time.
ATTRIBUTIONS: Final = frozenset(
    {
        ("class", "moz-cite-prefix"),  # Thunderbird
        ("class", "gmail_attr"),
        ("class", "gmail_quote_attribution"),  # Outlook for iOS, older
        ("class", "airmail_on"),
        ("id", "reply-intro"),  # Roundcube
    }
)

#: The marks of blockquotes: Gmail also puts `gmail_quote` on the writer's own quotes. In Apple
#: Mail, iOS and Fastmail the blockquote contains the attribution.
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

#: Outlook's line above the header, since 2007 and in any language: as Word writes it, and as
#: browsers rewrite it.
_OUTLOOK_LINE = re.compile(
    r"border-top: ?(?:solid #(?:e1e1e1|b5c4df) 1\.0pt"
    r"|1pt solid rgb\((?:225, 225, 225|181, 196, 223)\))"
)
_PREFIX = re.compile(r"^(?:(?:x_)+|#)")
_LONGEST_STYLE = 1000
_ATTRIBUTES = ("id", "class", "name", "type", "data-marker")


def marks_of(attributes: Mapping[str, str | None]) -> frozenset[tuple[str, str]]:
    """The words of an element's attributes, in the form of the marks.

    Outlook on the web adds another `x_` to the ids and classes of what it quotes each time.

    >>> sorted(marks_of({"class": "x_gmail_quote gmail_quote_container", "style": "margin: 0"}))
    [('class', 'gmail_quote'), ('class', 'gmail_quote_container')]
    """
    marks = {
        (name, _PREFIX.sub("", word))
        for name in _ATTRIBUTES
        for word in (attributes.get(name) or "").casefold().split()
    }
    if _OUTLOOK_LINE.search((attributes.get("style") or "")[:_LONGEST_STYLE].casefold()):
        marks.add(("style", "outlook-line"))
    return frozenset(marks)
