"""The Message-IDs in a mail's headers."""

from __future__ import annotations

import re

#: The longest line of a header (RFC 5322 2.1.1), so the longest Message-ID.
LONGEST_ID = 998
#: More of them than people answer one another; a list of them grows by one with each answer.
_MOST = 50
_ID = re.compile(r"<([^<>]*)>")
_BLANKS = re.compile(r"\s+")


def parse_message_ids(header: str) -> tuple[str, ...]:
    """The Message-IDs in a References or In-Reply-To header, in their order, each once.

    Of very many the first one stays, which began the conversation, and the last ones (RFC 5322
    3.6.4 tells clients to shorten so). What stands between them does not count; a header may be
    folded within an id. One without any bracket is an id when it is one word with an `@`.

    >>> parse_message_ids("Eva's mail of Monday <a@x> <b@x>")
    ('<a@x>', '<b@x>')
    """
    found = (_BLANKS.sub("", one) for one in _ID.findall(header))
    ids = list(dict.fromkeys(f"<{one}>" for one in found if 0 < len(one) <= LONGEST_ID - 2))
    if ids:
        return tuple(ids if len(ids) <= _MOST else ids[:1] + ids[1 - _MOST :])
    bare = header.strip()
    is_id = "@" in bare and len(bare) <= LONGEST_ID and not _BLANKS.search(bare)
    return (bare,) if is_id and not {"<", ">"} & set(bare) else ()
