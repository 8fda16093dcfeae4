"""Who leaves a followed group, and a group that cannot be read, are told once, and when over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import run, shell
from support.scenario import KIM
from support.watched import OpenWatched, Watched
from webcrm_sync.cli.mailbox import mailbox
from webcrm_sync_sandbox.outlook.group import SimGroup
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

LEFT = "members have left a followed group"
EVA = "eva@nordwind.example"


@pytest.fixture
def watched(open_watched: OpenWatched, tmp_path: Path) -> Iterator[Watched]:
    """A company that follows a group of two."""
    watched = open_watched()
    with shell(watched.scenario, tmp_path):
        yield watched


@pytest.fixture
def eva(watched: Watched) -> SimMailbox:
    """A colleague."""
    return watched.scenario.sandbox.outlook.add_mailbox(EVA, "Eva Nordwind")


@pytest.fixture
def group(watched: Watched, eva: SimMailbox) -> SimGroup:
    """The followed group: Kim and the colleague."""
    outlook = watched.scenario.sandbox.outlook
    group = outlook.add_group("Sales", outlook.mailbox(KIM), eva)
    assert run(mailbox, "add", "--group", group.id).exit_code == 0
    watched.wait(20)
    assert watched.mail.mails == []
    return group


def test_leavers_are_told_until_they_are_removed_or_kept(
    watched: Watched, group: SimGroup, eva: SimMailbox
) -> None:
    group.leave(watched.scenario.sandbox.outlook.mailbox(KIM), eva)
    watched.wait(20)
    mail = watched.mail.mails[0].get_content()
    assert "2 owners have left the followed group Sales. Decide for each mailbox" in mail
    assert (f"- {KIM}" in mail, f"- {EVA}" in mail) == (True, True)
    watched.told(LEFT, "leaver")
    assert run(mailbox, "add", KIM).exit_code == 0
    watched.wait(30)
    assert watched.mail.mails == []
    assert run(mailbox, "remove", EVA, "--yes").exit_code == 0
    watched.wait()
    watched.told(f"over: {LEFT}", "leaver")
    watched.wait(30)
    assert watched.mail.mails == []


def test_a_leaver_who_comes_back_ends_it_and_the_next_one_is_news(
    watched: Watched, group: SimGroup, eva: SimMailbox
) -> None:
    kim = watched.scenario.sandbox.outlook.mailbox(KIM)
    group.leave(eva)
    watched.wait(20)
    watched.told(LEFT, "leaver")
    group.leave(kim)
    watched.wait(20)
    assert watched.webhook.bodies[0]["data"]["mailboxes"] == [KIM]
    watched.told(LEFT, "leaver")
    group.join(eva, kim)
    watched.wait(30)
    assert watched.mail.subjects == [f"over: {LEFT}"] * 2


def test_a_group_that_is_gone_is_told(watched: Watched, group: SimGroup) -> None:
    groups = watched.scenario.sandbox.outlook.groups
    del groups[group.id]
    watched.wait(30)
    mail = watched.mail.mails[0].get_content()
    assert f"Nobody who joins is added (Sales ({group.id})): There is no group" in mail
    watched.told("followed groups cannot be read", "followed group")
    assert run(mailbox, "unfollow", group.id).exit_code == 0
    watched.wait()
    watched.told("over: followed groups cannot be read", "followed group")
