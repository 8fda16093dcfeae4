"""A simulated tenant and webCRM as a process of its own: a line of JSON for each line it reads.

Its first line holds the settings that point at it. `move SUBJECT` moves a mail into the sync folder
of its seller and says nothing but its id; `see ID` says the mail's categories, the subjects of the
Activities in webCRM, and how many notifications were delivered.
Arguments: the seller's address, and a PEM file to trust when notifications are pushed.
"""

from __future__ import annotations

import json
import ssl
import sys

from support.scenario import BO, FOLDER
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail


def main(seller: str, trusted: str) -> None:
    """Serve until the input ends."""
    with Sandbox(trust=ssl.create_default_context(cafile=trusted)) as sandbox:
        sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
        box = sandbox.outlook.add_mailbox(seller, "Kim Nordwind")
        _say(sandbox.environment())
        for line in sys.stdin:
            action, _, argument = line.strip().partition(" ")
            if action == "move":
                item = box.deliver(Mail(argument, BO, seller))
                box.move(item, f"inbox/{FOLDER}")
                _say(item)
            else:
                _say(
                    {
                        "categories": box.read(argument).categories,
                        "activities": [a["ActivityDescription"] for a in sandbox.crm.activities],
                        "pushed": sandbox.graph.pusher.delivered,
                    }
                )


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
