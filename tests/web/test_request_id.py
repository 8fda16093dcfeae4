"""Each answer names the id under which the log tells what happened."""

from __future__ import annotations

from uuid import UUID

from flask.testing import FlaskClient


def test_each_answer_has_an_id_of_its_own(client: FlaskClient) -> None:
    given = {"X-Request-Id": "11111111-2222-3333-4444-555555555555"}
    ids = [
        client.get(path, headers=given).headers.getlist("X-Request-Id") for path in ("/", "/livez")
    ]
    assert len({one for (one,) in ids}) == 2
    assert all(UUID(one).version == 4 for (one,) in ids), "a stranger's id would get into our log"
