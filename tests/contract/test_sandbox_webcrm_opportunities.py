"""The simulated webCRM's Opportunities, and the Activities under them."""

from __future__ import annotations

import pytest

from contract.webcrm_setup import WebCrmSetup
from webcrm_sync_sandbox.webcrm.system import ForeignOpportunity


@pytest.fixture
def activity(site: WebCrmSetup) -> str:
    """The path of an Activity of Acme, whose Opportunity is 7001; 7002 is of Other."""
    acme, other = (site.system.add_organisation(name) for name in ("Acme", "Other"))
    site.system.add_opportunity(acme, "Crane", number="4711", OpportunityOrderValue=1000.5)
    site.system.add_opportunity(other, "Pier", level=4)
    made = site.http.post("/Activities", json={"ActivityId": 0, "ActivityOrganisationId": acme})
    return f"/Activities/{made.json()}"


def put(site: WebCrmSetup, path: str, opportunity: object) -> int:
    """Write an Activity's Opportunity; the status of the answer."""
    number = int(path.rpartition("/")[2])
    record = {"ActivityId": number, "ActivityOpportunityId": opportunity}
    return site.http.put(path, json=record).status_code


def opportunity_of(site: WebCrmSetup, path: str) -> object:
    return site.http.get(path).json()["ActivityOpportunityId"]


@pytest.mark.usefixtures("activity")
@pytest.mark.parametrize("table", ["Opportunity", "opportunity"])
def test_opportunities_are_searched_by_their_change_in_pages(site: WebCrmSetup, table: str) -> None:
    script = (
        f"SELECT OpportunityId, OpportunityOrderValue FROM {table} WHERE OpportunityUpdatedAt >= "
        "'2001-01-01T00:00:00.0000000Z' ORDER BY OpportunityUpdatedAt ASC"
    )
    rows = [site.query(script, Page=page, Size=1).json() for page in (1, 2, 3)]
    assert [[row["OpportunityId"] for row in some] for some in rows] == [[7001], [7002], []]
    assert rows[0][0]["OpportunityOrderValue"] == 1000.5
    assert site.query(script.replace("OrderValue", "Worth")).status_code == 400


@pytest.mark.usefixtures("activity")
def test_the_levels_of_opportunities_have_numbers_and_labels(site: WebCrmSetup) -> None:
    fields = site.http.get("/FieldsMetadata/Opportunity").json()
    (level,) = [f for f in fields if f["FieldMetadataFriendlyFieldName"] == "OpportunityLevel"]
    assert level["FieldMetadataDbFieldName"] == "op_level"
    assert {"Text": "Won", "Value": "4"} in level["FieldMetadataDropdownListData"]
    assert site.http.get("/Opportunities/7002").json()["OpportunityLevelText"] == "Won"
    assert site.http.get("/Opportunities/9").status_code == 404


def test_an_activity_is_put_under_an_opportunity_and_taken_off_it(
    site: WebCrmSetup, activity: str
) -> None:
    assert opportunity_of(site, activity) is None
    assert put(site, activity, 7001) == 200
    assert opportunity_of(site, activity) == 7001
    assert put(site, activity, 0) == 200
    assert not opportunity_of(site, activity)
    for wrong in (9, None, "7001", 1.5):
        assert put(site, activity, wrong) == 400


@pytest.mark.parametrize(("clears", "given"), [(-1, 0), (0, -1), (None, 0)])
def test_another_value_than_the_one_that_clears_is_ignored(
    site: WebCrmSetup, activity: str, clears: int | None, given: int
) -> None:
    site.system.no_opportunity = clears
    put(site, activity, 7001)
    assert put(site, activity, given) == 200
    assert opportunity_of(site, activity) == 7001
    assert put(site, activity, clears) == 200
    assert not opportunity_of(site, activity)


def test_each_write_that_makes_an_opportunity_foreign_is_noted(
    site: WebCrmSetup, activity: str
) -> None:
    number, (acme, other) = (
        int(activity.rpartition("/")[2]),
        (o["OrganisationId"] for o in site.system.organisations),
    )
    put(site, activity, 7001)
    assert site.system.foreign_opportunities == []
    site.http.post(f"{activity}/Move", json={"NewOrganisationId": other})
    site.http.put(activity, json={"ActivityId": number, "ActivityMemo": "x"})
    put(site, activity, 7002)
    site.http.post(f"{activity}/Move", json={"NewOrganisationId": acme})
    record = {"ActivityId": 0, "ActivityOrganisationId": acme, "ActivityOpportunityId": 7002}
    (made,) = site.http.patch("/Activities", json=[record]).json()
    assert site.system.foreign_opportunities == [
        ForeignOpportunity(number, other, 7001),
        ForeignOpportunity(number, acme, 7002),
        ForeignOpportunity(int(made), acme, 7002),
    ]


def test_a_person_in_webcrm_may_do_what_they_want(site: WebCrmSetup, activity: str) -> None:
    number = int(activity.rpartition("/")[2])
    site.system.edit_activity(number, ActivityOpportunityId=7002)
    assert site.system.foreign_opportunities == []
