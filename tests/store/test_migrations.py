"""A database of an earlier version, with typical rows, is upgraded to this version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Engine, text

from support.revisions import bring_to, database_of
from webcrm_sync.core.addresses import fold_address
from webcrm_sync.store.migrate import migrate


@pytest.fixture
def old(database_url: str) -> Iterator[Engine]:
    """An empty database of revision 0006, separate from the one that every test uses."""
    with database_of(database_url, "0006") as engine:
        yield engine


def fill(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement.replace(":", "\\:")))


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


COMPANY = (
    "INSERT INTO company (id, tenant_id, created_at, directory_full_at)"
    " OVERRIDING SYSTEM VALUE VALUES (1, 't', now(), now())",
    "INSERT INTO mailbox (id, company_id, user_id, address, display_name, added_at, mirror_since)"
    " OVERRIDING SYSTEM VALUE VALUES (1, 1, 'u', 'kim@ours.example', 'Kim', now(), now())",
    "INSERT INTO folder (id, mailbox_id, graph_id, place)"
    " OVERRIDING SYSTEM VALUE VALUES (1, 1, 'f', 'inbox')",
)


def mails(*states: str) -> str:
    """A mail in each of these states; its number is its id."""
    numbers = range(1, len(states) + 1)
    emails = ", ".join(f"({n}, 1, 'k{n}', 'inbound', 'mail', 's', '{{}}', now())" for n in numbers)
    items = ", ".join(
        f"(1, 1, {n}, 'g{n}', 'c', '{{}}', '{state}', now(), now())"
        for n, state in zip(numbers, states, strict=True)
    )
    return (
        "WITH made AS (INSERT INTO email (id, company_id, key, direction, kind, subject,"
        f" recipients, created_at) OVERRIDING SYSTEM VALUE VALUES {emails})"
        " INSERT INTO item (mailbox_id, folder_id, email_id, graph_id, change_key, categories,"
        f" state, state_at, found_at) VALUES {items}"
    )


def test_addresses_on_mails_are_folded_again(old: Engine) -> None:
    fill(
        old,
        *COMPANY,
        mails("synced", "synced"),
        "INSERT INTO email_address (email_id, address, domain, is_matched) VALUES"
        " (1, 'bo@x.example', 'x.example', false),"
        " (1, '''bo@x.example''', 'x.example''', true),"
        " (1, 'eva+news@bücher.example', 'bücher.example', true),"
        " (2, 'o''brien@x.example', 'x.example', false),"
        " (2, 'smtp:a@x.example', 'x.example', false),"
        " (2, 'smtp:a@x.example.', 'x.example.', false),"
        " (2, 'eva@', '', false)",
    )
    migrate(old)
    query = "SELECT * FROM email_address ORDER BY email_id, address"
    columns = [c["name"] for c in sqlalchemy.inspect(old).get_columns("email_address")]
    assert columns == ["email_id", "address", "domain", "is_matched", "untagged"]
    assert rows(old, query) == [
        (1, "bo@x.example", "x.example", True, None),
        (
            1,
            "eva+news@xn--bcher-kva.example",
            "xn--bcher-kva.example",
            True,
            "eva@xn--bcher-kva.example",
        ),
        (2, "a@x.example", "x.example", False, None),
        (2, "eva@", "", False, None),
        (2, "o'brien@x.example", "x.example", False, None),
    ]


def test_contacts_are_folded_again_and_read_again_soon(old: Engine) -> None:
    fill(
        old,
        *COMPANY,
        "INSERT INTO contact (company_id, person_id, address, organisation_id, name, is_active)"
        " VALUES (1, 1, 'bo@x.example', 5, 'Bo', true),"
        " (1, 2, 'eva <eva@x.example>', 5, 'Eva', true),"
        " (1, 2, 'eva@x.example', 5, 'Eva', true),"
        " (1, 3, 'a@x.example / b+c@x.example', 5, 'Two', false),"
        " (1, 4, 'eva@', 5, 'Nobody', true)",
        "INSERT INTO organisation (company_id, organisation_id, name, domains) VALUES"
        " (1, 5, 'X', ARRAY['bücher.example', 'xn--bcher-kva.example', 'x.example']),"
        " (1, 6, 'Y', ARRAY['y.example']), (1, 7, 'Z', ARRAY[]::text[])",
        "INSERT INTO crm_user (company_id, user_id, address, name) VALUES"
        " (1, 1, 'kim@ours.example', 'Kim'), (1, 2, '\"eva\"@ours.example', 'Eva'),"
        " (1, 3, '''eva@ours.example''', 'Eva again')",
        "INSERT INTO mailbox_address (mailbox_id, address) VALUES"
        " (1, 'kim@ours.example'), (1, 'kim@ours.example.'), (1, 'kim@übung.example')",
    )
    migrate(old)
    found = "SELECT person_id, address, organisation_id, name, is_active, untagged FROM contact"
    assert rows(old, f"{found} ORDER BY person_id, address") == [
        (1, "bo@x.example", 5, "Bo", True, None),
        (2, "eva@x.example", 5, "Eva", True, None),
        (3, "a@x.example", 5, "Two", False, None),
        (3, "b+c@x.example", 5, "Two", False, "b@x.example"),
    ]
    assert rows(old, "SELECT organisation_id, domains FROM organisation ORDER BY 1") == [
        (5, ["xn--bcher-kva.example", "x.example"]),
        (6, ["y.example"]),
        (7, []),
    ]
    assert rows(old, "SELECT user_id, address FROM crm_user ORDER BY 1") == [
        (1, "kim@ours.example"),
        (2, "eva@ours.example"),
        (3, "eva@ours.example"),
    ]
    assert rows(old, "SELECT address FROM mailbox_address ORDER BY 1") == [
        ("kim@ours.example",),
        ("kim@xn--bung-zra.example",),
    ]
    assert rows(old, "SELECT directory_full_at < now() - interval '1 day' FROM company") == [
        (True,)
    ]


def test_mails_that_waited_for_another_spelling_are_matched_again(old: Engine) -> None:
    fill(
        old,
        *COMPANY,
        mails("waiting", "waiting", "waiting", "waiting", "waiting", "synced", "parked"),
        "UPDATE item SET reason = 'refused' WHERE state = 'parked'",
        "INSERT INTO email_address (email_id, address, domain) VALUES"
        " (1, '''bo@x.example''', 'x.example'''), (2, 'bo+news@x.example', 'x.example'),"
        " (3, 'eva@x.example', 'x.example'), (4, 'who@nowhere.example', 'nowhere.example'),"
        " (5, 'a@xn--bcher-kva.example', 'xn--bcher-kva.example'),"
        " (6, 'bo+news@x.example', 'x.example'), (7, 'bo+news@x.example', 'x.example')",
        "INSERT INTO contact (company_id, person_id, address, organisation_id, name, is_active)"
        " VALUES (1, 2, 'eva <eva@x.example>', 5, 'Eva', true)",
        "INSERT INTO organisation (company_id, organisation_id, name, domains) VALUES"
        " (1, 5, 'X', ARRAY['bücher.example'])",
    )
    migrate(old)
    states = [state for (state,) in rows(old, "SELECT state FROM item ORDER BY email_id")]
    assert states == ["found", "found", "found", "waiting", "found", "synced", "parked"]


def test_many_odd_rows_are_folded_in_batches(old: Engine) -> None:
    fill(
        old,
        *COMPANY,
        mails("synced"),
        "INSERT INTO email_address (email_id, address, domain)"
        " SELECT 1, '''p' || n || '@x.example''', 'x.example''' FROM generate_series(1, 12000) n",
    )
    migrate(old)
    found = rows(old, "SELECT address FROM email_address")
    assert len(found) == 12_000
    assert all(fold_address(address) == address for (address,) in found)


def test_mirrors_that_were_given_up_after_a_month_count_as_written(old: Engine) -> None:
    fill(
        old,
        *COMPANY,
        mails("mirrored", "mirrored"),
        "UPDATE item SET stamp = 'ms1-m-' || (40 + id), graph_id = 'g' || id",
        "INSERT INTO mirror (company_id, activity_id, mailbox_id, state, graph_id, draft,"
        " created_at) VALUES (1, 41, 1, 'none', 'g1', 'null', now()),"
        " (1, 43, 1, 'none', NULL, 'null', now())",
    )
    migrate(old)
    found = "SELECT activity_id, state, graph_id, draft IS NULL FROM mirror ORDER BY 1"
    assert rows(old, found) == [
        (41, "mirrored", "g1", True),
        (42, "mirrored", "g2", True),
        (43, "none", None, True),
    ]


def test_downgrading_leaves_a_database_of_the_previous_version(old: Engine) -> None:
    fill(old, *COMPANY)
    migrate(old)
    fill(
        old,
        "INSERT INTO contact (company_id, person_id, address, organisation_id, name, is_active,"
        " unmatchable) VALUES (1, 1, '', 5, '', true, 'n/a')",
    )
    bring_to(old, "0006", is_back=True)
    assert rows(old, "SELECT count(*) FROM contact") == [(0,)]
    migrate(old)


def test_a_requested_move_of_the_version_before_sets_no_opportunity(database_url: str) -> None:
    with database_of(database_url, "0025") as engine:
        fill(
            engine,
            *COMPANY,
            mails("synced"),
            "INSERT INTO filing (id, company_id, email_id, organisation_id, how, key, activity_id)"
            " OVERRIDING SYSTEM VALUE VALUES (1, 1, 1, 7, 'contact', 'ms1-k', 30001)",
            "INSERT INTO wish (filing_id, kind, move_to, asked_at, due_at)"
            " VALUES (1, 'move', 8, now(), now())",
        )
        bring_to(engine, "0026")
        query = "SELECT kind, move_to, sets_opportunity, opportunity_id FROM wish"
        assert rows(engine, query) == [("move", 8, False, None)]
        assert rows(engine, "SELECT opportunity_id, opportunity_at FROM filing") == [(None, None)]
        fill(engine, "UPDATE wish SET kind = 'opportunity', sets_opportunity = true")
        bring_to(engine, "0025", is_back=True)
        assert rows(engine, "SELECT * FROM wish") == []
