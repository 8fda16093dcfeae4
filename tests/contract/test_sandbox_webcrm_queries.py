"""The simulated webCRM's `/Queries`: its grammar and its search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contract.webcrm_setup import WebCrmSetup


def test_queries_filter_and_sort_as_the_grammar_says(people: WebCrmSetup) -> None:
    oneill, berg, aase, nameless = people.persons
    assert people.ids("WHERE PersonName = 'o''neill'") == [oneill]
    assert people.ids(f"where personid >= {berg} order by PersonId desc") == [nameless, aase, berg]
    either = f"WHERE (PersonName = 'Berg' OR PersonName = 'Åse') AND PersonId >= {aase}"
    assert people.ids(either) == [aase]
    loose = f"WHERE PersonName = 'Berg' OR PersonName = 'Åse' AND PersonId >= {aase}"
    assert people.ids(loose) == [berg, aase]
    assert people.ids("ORDER BY PersonName ASC")[0] == nameless
    assert people.ids("WHERE PersonStatus = 'active'") == people.persons


def test_queries_can_use_the_time_of_the_last_write(people: WebCrmSetup) -> None:
    first = people.persons[0]
    people.clock.advance(timedelta(minutes=1))
    since = people.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    assert people.ids(f"WHERE PersonUpdatedAt >= '{since}'") == []
    people.clock.advance(timedelta(minutes=1))
    people.system.update_person(first, PersonName="Neill")
    assert people.ids(f"WHERE PersonUpdatedAt >= '{since}'") == [first]
    assert people.ids(f"WHERE PersonUpdatedAt >= '{since}' OR PersonName = 'Berg'") == [
        first,
        people.persons[1],
    ]
    assert people.ids(f"WHERE PersonCreatedAt >= '{since}'") == []


def test_rows_carry_raw_columns_and_nulls(people: WebCrmSetup) -> None:
    row = people.query("SELECT * FROM person", Size=1).json()[0]
    assert row["RowNumber"] == 1
    assert "p_memDate" in row
    assert row["PersonEmail2"] is None
    chosen = people.query("SELECT PersonName, PersonId FROM Person", Page=2, Size=1).json()[0]
    assert (chosen["PersonName"], chosen["RowNumber"]) == ("Berg", 2)
    assert "PersonEmail" not in chosen


@pytest.mark.parametrize(
    "script",
    [
        "",
        "SELECT PersonId",
        "SELECT PersonId FROM User",
        "SELECT Password FROM Person",
        "SELECT PersonId FROM Person; DROP TABLE Person",
        "SELECT PersonId FROM Person WHERE",
        "SELECT PersonId FROM Person WHERE PersonName LIKE 'B%'",
        "SELECT PersonId FROM Person WHERE PersonId > 1",
        "SELECT PersonId FROM Person WHERE (PersonId = 1",
        "SELECT PersonId FROM Person WHERE PersonId = PersonId",
        "SELECT PersonId FROM Person WHERE PersonName = 'O'Neill'",
        "SELECT PersonId FROM Person WHERE PersonName = 'open",
        "SELECT PersonId FROM Person WHERE PersonUpdatedAt >= 'soon'",
        "SELECT PersonId FROM Person ORDER BY PersonId, PersonName",
        "SELECT COUNT(PersonId) FROM Person",
        "DELETE FROM Person",
    ],
)
def test_queries_never_seen_to_work_are_refused(people: WebCrmSetup, script: str) -> None:
    assert people.query(script).status_code == 400


def test_a_filter_on_a_custom_field_finds_nothing(site: WebCrmSetup) -> None:
    site.http.patch("/Activities", json=[{"ActivityId": 0, "ActivityCustom15": "k"}])
    assert site.query("SELECT ActivityId FROM Activity WHERE ActivityCustom15 = 'k'").json() == []


def test_a_lagging_search_shows_the_previous_version(people: WebCrmSetup) -> None:
    people.clock.advance(timedelta(minutes=1))
    people.system.search_lag = timedelta(seconds=30)
    first = people.persons[0]
    people.system.update_person(first, PersonName="Changed")
    new = people.system.add_person(0, "new@acme.example")
    assert people.ids("WHERE PersonName = 'Changed'") == []
    assert people.ids("WHERE PersonName = 'O''Neill'") == [first]
    assert people.http.get(f"/Persons/{new}").status_code == 200
    people.clock.advance(timedelta(seconds=31))
    assert people.ids("WHERE PersonName = 'Changed'") == [first]
    assert new in people.ids("")


def test_times_people_enter_are_shown_in_the_systems_zone_without_offset(
    people: WebCrmSetup,
) -> None:
    user = people.system.add_user("a@us.example", "A")
    at = datetime(2026, 7, 1, 10, tzinfo=UTC)
    people.system.time_zone = type(people.system.time_zone)("Europe/Copenhagen")
    people.system.send_mail(user, people.persons[0], "S", "B", at=at)
    [row] = people.query("SELECT ActivityDateTime, ActivityCreatedAt FROM Activity").json()
    assert row["ActivityDateTime"] == "2026-07-01T12:00:00.000"
    created = datetime.fromisoformat(row["ActivityCreatedAt"]).replace(tzinfo=UTC)
    assert created == people.system.activities[0]["ActivityCreatedAt"]
