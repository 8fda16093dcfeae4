"""Many mails with files, and with logos that the text shows."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from dataclasses import replace

from bench.bound import BULK, paced
from bench.bulk import LATENCY, MAILBOXES, call_kind
from bench.setup import Usage, Watch, add_mailboxes, mail, print_figure, service
from webcrm_sync.worker import SHARES
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_MAILS = 1000
_LOGO = File("logo.png", bytes(5_000), "image/png", is_inline=True, content_id="logo@x")


def measure_files() -> None:
    """Move all mails at once: a third of them has files, half of them show a logo."""
    with service() as made:
        boxes = add_mailboxes(made, MAILBOXES)
        watch = Watch(made.sandbox)
        items = [
            (box, box.deliver(_mail(n, box)))
            for n in range(_MAILS)
            for box in [boxes[n % MAILBOXES]]
        ]
        before = Usage.of(made, *SHARES)
        made.sandbox.faults.latency = LATENCY
        began = time.monotonic()
        for box, item in items:
            watch.move(box, item)
        watch.wait("all mails")
        took = time.monotonic() - began
        cpu_s = Usage.of(made, *SHARES).cpu_since(before)
        exchanges = [e for e in made.sandbox.journal.exchanges if e.service in {"graph", "webcrm"}]
        documents = len(list(made.sandbox.crm.documents))
    best = paced(math.ceil(_MAILS / BULK) + math.ceil(documents / BULK), LATENCY.total_seconds())
    print(f"{_MAILS} mails with {documents} files, {MAILBOXES} mailboxes, 300 ms a call:")
    print(f"  bound {best:.1f} s = webCRM's calls, {BULK} mails or {BULK} files in each")
    print_figure("time", took, unit="s")
    print_figure("time / bound", took / best)
    print_figure("calls per mail", len(exchanges) / _MAILS)
    print_figure("workers: processor per mail", cpu_s and cpu_s / _MAILS * 1000, unit="ms")
    print(
        "    calls: " + ", ".join(f"{n} {k}" for k, n in Counter(map(call_kind, exchanges)).items())
    )


def _mail(number: int, box: SimMailbox) -> Mail:
    rng = random.Random(number)
    files = [
        File(f"drawing {number}-{n}.pdf", b"%PDF" + rng.randbytes(rng.randint(20_000, 150_000)))
        for n in range(rng.choice((0, 0, 1, 2)) if number % 3 else 0)
    ]
    plain = mail(number, box)
    if number % 2:
        return replace(plain, attachments=tuple(files))
    with_logo = plain.body.replace("</body>", '<img src="cid:logo@x"></body>')
    return replace(plain, body=with_logo, attachments=(_LOGO, *files))
