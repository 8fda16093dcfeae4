"""Searches everything that is stored for words that a person left out."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable

from sqlalchemy import text

from support.scenario import Scenario


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
