"""Ids in the forms of Exchange: opaque, long, case-sensitive, bound to their mailbox."""

from __future__ import annotations

import base64
import itertools
import secrets
import uuid

IMMUTABLE = "AAkALg"
MUTABLE = "AAMkAG"
FOLDER = "AQMkAD"
ATTACHMENT = "AAYkAH"
_PREFIXES = (IMMUTABLE, MUTABLE, FOLDER, ATTACHMENT)
_TAG_LENGTH = 24
_versions = itertools.count(1)


def mailbox_tag(user_id: str) -> str:
    """The part that every id of that mailbox has after its prefix."""
    return base64.urlsafe_b64encode(uuid.UUID(user_id).bytes + b"\0\1").decode()


def new_id(prefix: str, tag: str) -> str:
    """A new id with that prefix in the mailbox of that tag."""
    return f"{prefix}{tag}{secrets.token_urlsafe(48)}AAA="


def is_well_formed(value: str) -> bool:
    """True when this id has a form that Exchange issues."""
    return value.startswith(_PREFIXES) and len(value) > len(IMMUTABLE) + _TAG_LENGTH


def is_of(value: str, tag: str) -> bool:
    """True when this id belongs to the mailbox of that tag."""
    return value[len(IMMUTABLE) :].startswith(tag)


def new_change_key() -> str:
    """The version of an item, different at each change."""
    number = base64.urlsafe_b64encode(next(_versions).to_bytes(6, "big")).decode()
    return f"CQAAABYAAAD{number}{secrets.token_urlsafe(6)}"


def ews_form(rest_id: str) -> str:
    """The id as Exchange Web Services and Office.js write it."""
    return rest_id.replace("-", "/").replace("_", "+")


def rest_form(ews_id: str) -> str:
    """The id as Graph writes it."""
    return ews_id.replace("/", "-").replace("+", "_")
