"""What this version does with mails that revision 0005 read differently."""

from __future__ import annotations

import pytest

from support.recorded_company import Company
from support.scenario import FOLDER
from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.core.states import Reason, State

SYNCED = (State.SYNCED.value, None)
pytestmark = pytest.mark.parametrize("recording", ["0005"], indirect=True)


def test_its_texts_would_be_read_differently_now(company: Company) -> None:
    (activity,) = [a for a in company.scenario.activities if a["ActivityDescription"] == "Offer"]
    text = read_body(company.read("synced").body, is_html=True).text
    assert text not in activity["ActivityMemo"]


def test_bodies_that_the_version_before_kept_are_read_as_today(company: Company) -> None:
    company.run_all_retries()
    memos = {a["ActivityDescription"]: a["ActivityMemo"] for a in company.scenario.activities}
    html = read_body(company.read("waits for per").body, is_html=True).text
    for subject in ("From Per", "Just found", "Never came"):
        assert memos[subject].endswith(html)
    assert memos["From Rita"].endswith("Hej Kim\n\n1 < 2 & ‹b›Rita‹/b›")


def test_a_mail_that_was_left_out_is_judged_anew_when_it_is_moved_in_again(
    company: Company,
) -> None:
    scenario, (box, form) = company.scenario, company.copy("web form")
    company.run_all_retries()
    assert company.states()["web form"] == (State.SKIPPED, Reason.ONLY_COLLEAGUES)
    box.move(form, "inbox")
    scenario.discover()
    box.move(form, f"inbox/{FOLDER}")
    scenario.discover()
    assert company.states()["web form"] == SYNCED  # its Reply-To was not asked for before
    assert company.differences() == []
