"""Notifications in any order over many connections, while the workers read and renew."""

from __future__ import annotations

import pytest

from bench.receiver import are_synced, failure_count, notifications, post
from bench.setup import add_customers, add_mailboxes, mail
from support.processes import run_service, until
from support.scenario import FOLDER
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine import push_urls
from webcrm_sync_sandbox.environment import Sandbox

_MAILBOXES, _POSTS = 4, 300


@pytest.mark.search
def test_every_request_is_accepted_and_no_job_fails(fresh_database: str) -> None:
    with Sandbox() as sandbox, run_service(sandbox, DATABASE_URL=fresh_database) as made:
        add_customers(sandbox)
        made.start("web")
        made.start("worker")
        made.await_healthy()
        boxes = add_mailboxes(made, _MAILBOXES)
        with open_context(sandbox.settings_of(made.environment)) as context:
            moved = {box.deliver(mail(number, box)): box for number, box in enumerate(boxes)}
            bodies = notifications(context, _POSTS)
            for item, box in moved.items():
                box.move(item, f"inbox/{FOLDER}")
            answers = post(push_urls.notify_url(context), bodies)
            assert answers.statuses == {202: _POSTS}
            until(lambda: are_synced(moved), "the mails that were moved meanwhile")
            assert failure_count(context) == 0
