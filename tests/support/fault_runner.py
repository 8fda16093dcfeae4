"""One story played over and over on one stage, each time with one thing going wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import text

from support.crash import Life
from support.interleave import Death
from support.scenario import BO, KIM, LIS, Play
from support.snapshot import Ledger, ledger_of
from webcrm_sync.bootstrap import open_context
from webcrm_sync.engine.context import Context
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm.client import WebCrm
from webcrm_sync.webcrm.field_metadata import Metadata
from webcrm_sync_sandbox.environment import Stage
from webcrm_sync_sandbox.faults import Kind
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"
#: How long webCRM's search does not see what was just written, where it lags.
LAG = timedelta(seconds=45)
_SETTLE_S = 60
_MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FOREIGN = ("Important", "Offer")
#: More rests than any story needs: each ends at the next moment for which something waits.
_RESTS = 40

#: When the next thing that waits may be done; polls do not count.
_NEXT = """
SELECT min(at) FROM (
  SELECT due_at AS at FROM filing WHERE NOT is_complete
  UNION ALL SELECT due_at FROM mirror WHERE state IN ('planned', 'intended')
  UNION ALL SELECT mark_due_at FROM item
  UNION ALL SELECT retry_at FROM item WHERE state IN ('found', 'parked')
  UNION ALL SELECT gate_at FROM mailbox
  UNION ALL SELECT webcrm_due_at FROM company
) waiting WHERE at > :now
"""
#: True while a mirror that was just written has not come back in its folder's delta.
_UNMET = """
SELECT EXISTS (SELECT 1 FROM mirror WHERE state = 'mirrored'
                  AND graph_id NOT IN (SELECT graph_id FROM item))
"""
_KEEP = """
DO $$
DECLARE one record;
BEGIN
    DROP SCHEMA IF EXISTS kept CASCADE;
    CREATE SCHEMA kept;
    FOR one IN SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', one.relname);
    END LOOP;
    CREATE TABLE kept.numbers AS
        SELECT format('%I.%I', schemaname, sequencename)::regclass AS id, last_value
          FROM pg_sequences WHERE schemaname = 'public';
END $$
"""
#: The role spares the triggers and the foreign keys.
_RESTORE = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL lock_timeout = '10s';
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT relname FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('DELETE FROM public.%I', one.relname);
        EXECUTE format(
            'INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%1$I', one.relname);
    END LOOP;
    PERFORM setval(id, coalesce(last_value, 1), last_value IS NOT NULL) FROM kept.numbers;
END $$
"""


class Fate(StrEnum):
    """What goes wrong at one point of the story."""

    REFUSED = "the call does not reach the service"
    UNANSWERED = "the service acts and its answer is lost"
    DIES_UNHEARD = "the worker dies before the service acts"
    DIES_UNANSWERED = "the worker dies after the service acted"
    DIES_BEFORE_COMMIT = "the worker dies before the commit"
    DIES_AFTER_COMMIT = "the worker dies after the commit"

    @property
    def is_of_a_call(self) -> bool:
        """True when the point is a call, False when it is a commit."""
        return self not in {Fate.DIES_BEFORE_COMMIT, Fate.DIES_AFTER_COMMIT}

    @property
    def is_death(self) -> bool:
        """True when the worker dies of it."""
        return self not in {Fate.REFUSED, Fate.UNANSWERED}


@dataclass(frozen=True, slots=True)
class Point:
    """The number of a call or commit, counted from 1, and what happens there."""

    fate: Fate
    number: int


@dataclass(frozen=True, slots=True)
class Run:
    """How one playing of the story went. `calls`, `commits`: of which there were, in order."""

    ledger: Ledger
    calls: tuple[str, ...]
    commits: tuple[str, ...]
    is_struck: bool


@dataclass(slots=True)
class Rehearsal:
    """The stage, the database, and both as they were before the story began.

    Each worker has clients and connections of its own; the database's statements are compiled once.
    """

    stage: Stage
    before: Context
    bring_back: Callable[[], None]
    sender: tuple[int, int]
    undisturbed: dict[bool, Run] = field(default_factory=dict)

    def baseline(self, *, is_lagging: bool) -> Run:
        """The story without anything going wrong."""
        if is_lagging not in self.undisturbed:
            self.undisturbed[is_lagging] = self.play(None, is_lagging=is_lagging)
        return self.undisturbed[is_lagging]

    def play(self, point: Point | None, *, is_lagging: bool) -> Run:
        """Play the story with one thing going wrong, and then until all has come to rest."""
        self._set_the_scene(is_lagging=is_lagging)
        begin = self.stage.faults.calls
        life = _life(point)
        if point and point.fate.is_of_a_call:
            _turn_the_dial(self.stage, point, begin, life)
        try:
            self._work(is_lagging=is_lagging, life=life)
        except Death:
            self.stage.faults.clear()
            self._work(is_lagging=is_lagging, life=Life())
        with self.working(is_lagging=is_lagging) as play:
            ledger = ledger_of(play)
        exchanges = self.stage.journal.exchanges
        is_struck = life.is_over or (point is not None and not point.fate.is_death)
        calls = tuple(_shape(e.service, e.method, e.path) for e in exchanges)
        return Run(ledger, calls, tuple(life.commits), is_struck)

    def _set_the_scene(self, *, is_lagging: bool) -> None:
        """What people do: mails are moved, one is sent from webCRM."""
        self.begin_anew()
        self.stage.crm.search_lag = LAG if is_lagging else timedelta()
        kim, eva = (self.stage.outlook.mailbox(name) for name in (KIM, EVA))
        files = (File("note.txt", b"Small"), File("plan.bin", b"x" * 1_050_000))
        offer = Mail(
            "Offer",
            f"Bo Madsen <{BO}>",
            (KIM, EVA),
            cc=(LIS,),
            body="<p>Please find our <b>offer</b>.</p>",
            message_id="<offer@havnebyg.example>",
            sent_at=_MORNING,
            attachments=files,
            categories=_FOREIGN,
        )
        reply = Mail(
            "Reply",
            KIM,
            BO,
            body="<p>Thank you.</p>",
            message_id="<reply@nordwind.example>",
            sent_at=_MORNING,
            categories=_FOREIGN,
        )
        for box in (kim, eva):
            box.move(box.deliver(offer), "inbox/webCRM sync")
        kim.move(kim.put_sent(reply), "sentitems/webCRM sync")
        self.stage.crm.send_mail(*self.sender, "Order", "We order.", at=_MORNING)

    def begin_anew(self) -> None:
        """Everything as it was before the story."""
        self.bring_back()
        self.stage.faults.clear()
        self.stage.journal.clear()
        with self.before.begin() as tx:
            tx.connection.execute(text(_RESTORE))

    def _work(self, *, is_lagging: bool, life: Life) -> None:
        with self.working(is_lagging=is_lagging) as real:
            play = Play(self.stage, life.given(real.context))
            play.wait(timedelta(seconds=61))
            settle(play)

    @contextmanager
    def working(self, *, is_lagging: bool) -> Iterator[Play]:
        """A worker with clients of its own."""
        before, now = self.before, self.stage.clock.now
        settings = before.settings.model_copy(
            update={"webcrm_settle_seconds": _SETTLE_S if is_lagging else 0}
        )
        with (
            closing(GraphClient(settings, now=now)) as graph,
            closing(WebCrm(settings, now=now)) as webcrm,
        ):
            metadata = Metadata(ask=webcrm.fields, now=now)
            parts = replace(
                before, settings=settings, graph=graph, webcrm=webcrm, metadata=metadata
            )
            yield Play(self.stage, parts)
        before.database.engine.dispose()


@contextmanager
def rehearsal(url: str) -> Iterator[Rehearsal]:
    """The stage before the story: two mailboxes are watched, two customers are known."""
    with Stage() as stage:
        stage.crm.calls_a_minute = 1_000_000  # time is turned back, and with it no call
        with open_context(_settings(stage, url), url=url, now=stage.clock.now) as parts:
            play = Play(stage, parts)
            person = play.contact(BO)
            play.contact(LIS, "Skovby")
            user = stage.crm.add_user(KIM, "Kim Nordwind")
            for address in (KIM, EVA):
                play.mailbox(address, address.partition("@")[0].title())
            play.refresh()
            play.refresh()
            with parts.begin() as tx:
                tx.connection.execute(text(_KEEP))
            yield Rehearsal(stage, parts, stage.remember(), (user, person))
            with parts.begin() as tx:
                tx.connection.execute(text("DROP SCHEMA kept CASCADE"))


def _settings(stage: Stage, url: str) -> Settings:
    """Nobody pushes, and hardly anybody polls: people's hints suffice."""
    return stage.settings(DATABASE_URL=url, PUBLIC_URL="http://sync.example", POLL_SECONDS="3600")


def settle(play: Play) -> None:
    """Let everything come to its end; then let the polls come, which find nothing new."""
    _until_nothing_waits(play)
    play.wait(timedelta(minutes=3))
    _until_nothing_waits(play)
    with play.context.begin() as tx:
        is_unmet = tx.connection.scalar(text(_UNMET))
    if is_unmet:
        play.look()


def _until_nothing_waits(play: Play) -> None:
    """Go from one moment for which something waits to the next."""
    for _ in range(_RESTS):
        with play.context.begin() as tx:
            at = tx.connection.scalar(text(_NEXT), {"now": tx.now})
        if at is None:
            return
        play.stage.clock.advance(at - play.stage.clock.now() + timedelta(milliseconds=1))
        play.rest()
    raise AssertionError("Something waits for ever.")


def _life(point: Point | None) -> Life:
    number = point.number if point else None
    fate = point.fate if point else None
    return Life(
        ends_before=number if fate is Fate.DIES_BEFORE_COMMIT else None,
        ends_after=number if fate is Fate.DIES_AFTER_COMMIT else None,
    )


def _turn_the_dial(stage: Stage, point: Point, begin: int, life: Life) -> None:
    def end() -> None:
        stage.faults.refuse()  # whatever is underway gets no further
        life.end()

    acts = point.fate in {Fate.UNANSWERED, Fate.DIES_UNANSWERED}
    then: Callable[[], None] | None = end if point.fate.is_death else None
    stage.faults.at(begin + point.number, Kind.LOSE if acts else Kind.REFUSE, then=then)


def _shape(service: str, method: str, path: str) -> str:
    """The call without what differs from one stage to the next."""
    words = [w if len(w) < 25 else "…" for w in path.split("/")]
    return f"{service} {method} {'/'.join(words)}"
