"""A mail of which people leave parts out, and a search for these in everything that is stored."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable

from sqlalchemy import text

from support.scenario import BO, KIM, Scenario
from webcrm_sync.core.along import Along, TextPart
from webcrm_sync_sandbox.outlook.mail import File, Mail

#: Every word of the mail that some choice leaves out.
TEXT, EARLIER = "Marmelade", "Sauerkraut"
OFFER, DRAWING = "offer-quince.pdf", "drawing-lychee.pdf"
NEW_PICTURE, OLD_PICTURE = "persimmon.png", "tamarind-tree.png"
IN_FILES = "bytes-of-quince", "bytes-of-lychee", "bytes-of-new", "bytes-of-old"


def picture(name: str, content: str) -> File:
    """A picture of the text, larger than a logo."""
    data = content.encode() + b"." * (30_000 + 100 * len(name))
    return File(name, data, "image/png", is_inline=True, content_id=f"{name}@1")


def offer(**more: object) -> Mail:
    """A mail with new text, an earlier mail, a picture in each, and two files."""
    body = (
        f"<p>{TEXT} <img src='cid:{NEW_PICTURE}@1'></p>"
        "<div id='divRplyFwdMsg'><b>From:</b> Eva</div>"
        f"<p>{EARLIER} <img src='cid:{OLD_PICTURE}@1'></p>"
    )
    files = (
        File(OFFER, b"bytes-of-quince", "application/pdf"),
        picture(NEW_PICTURE, "bytes-of-new"),
        File(DRAWING, b"bytes-of-lychee", "application/pdf"),
        picture(OLD_PICTURE, "bytes-of-old"),
    )
    values: dict[str, object] = {"sender": BO, "body": body, "attachments": files, **more}
    return Mail("Re: Offer", to=KIM, **values)  # type: ignore[arg-type] # fields of a mail


def along(text: TextPart = TextPart.WHOLE, *files: str, all_files: bool = False) -> Along:
    """What a person chose: this text, and these files or all."""
    return Along.chosen(text, None if all_files else files)


def dump(scenario: Scenario) -> str:
    """Every row of every table, the queue's too, as text."""
    with scenario.context.database.engine.connect() as connection:
        names = connection.execute(
            text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        rows = [
            str(row)
            for name in names
            for row in connection.execute(text(f"SELECT t::text FROM {name} t")).scalars()
        ]
    return "\n".join(rows)


def in_webcrm(scenario: Scenario) -> str:
    """Every Activity and Document of webCRM, with its content, as text."""
    files = [b64decode(d["DocumentFile"]).decode("latin-1") for d in scenario.documents]
    return "\n".join(map(str, [*scenario.activities, *scenario.documents, *files]))


def found(scenario: Scenario, words: Iterable[str]) -> list[str]:
    """Those of these words that webCRM or the database holds, and where."""
    places = {"webCRM": in_webcrm(scenario), "the database": dump(scenario)}
    return [
        f"{word} in {place}" for word in words for place, held in places.items() if word in held
    ]


def memo(scenario: Scenario) -> str:
    """The memo of the only Activity."""
    (activity,) = scenario.activities
    return str(activity["ActivityMemo"])


def names(scenario: Scenario) -> list[str]:
    """The names of the Documents, sorted."""
    return sorted(d["DocumentFileName"] for d in scenario.documents)
