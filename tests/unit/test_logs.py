"""The log: one line per event, without addresses and tokens."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from webcrm_sync import logs

log = logging.getLogger("webcrm_sync.engine.history.timeline")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers[:] = []  # pytest's own handlers must survive configure()
    stream = io.StringIO()
    logs.configure(logging.INFO, stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:] = before


def test_an_event_is_one_line_with_its_fields_in_utc(lines: io.StringIO) -> None:
    record = log.makeRecord(
        log.name, logging.INFO, "x", 1, "item_synced", (), None, "f", {"item": 7}
    )
    record.created, record.msecs = 1_772_357_400.0, 123.0
    log.handle(record)
    assert lines.getvalue() == (
        "2026-03-01T09:30:00.123Z INFO webcrm_sync.engine.history.timeline item_synced item=7\n"
    )


def test_a_value_with_blanks_is_quoted_and_cannot_start_a_line(lines: io.StringIO) -> None:
    log.warning("call_failed", extra={"why": 'two words\nand "more"'})
    assert lines.getvalue().endswith('call_failed why="two words\\nand \\"more\\""\n')
    assert lines.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    "acting",
    [
        *("\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\b"),
        *(
            "\x1b[2J\x1b[H",
            "\x9b31m",
            "\x1b]0;x\a",
            "\x7f",
            "\u202e",
            "\u2066",
            "\u200b",
            "\U000e0041",
        ),
    ],
    ids=ascii,
)
def test_no_text_can_forge_a_line_or_control_a_terminal(lines: io.StringIO, acting: str) -> None:
    forged = f"x{acting}2026-03-01T09:30:00.123Z ERROR webcrm_sync.cli all_is_lost"
    log.warning(forged)
    log.warning("call_failed %s", forged, extra={"why": forged, "word": f"x{acting}"})
    try:
        raise ValueError(forged)
    except ValueError:
        log.exception("step_failed")
    written = lines.getvalue()
    assert len(written.splitlines()) == 3
    assert acting not in written.replace("\n2026", "").removesuffix("\n").replace("\n20", "")
    assert all(line[:2] == "20" for line in written.splitlines())


def test_a_lone_surrogate_is_escaped() -> None:
    # Without the log, which pytest would send to the other process in its report.
    assert logs.escape_control_characters("x\ud800y") == r"x\ud800y"


def test_a_stack_trace_stays_on_its_line(lines: io.StringIO) -> None:
    try:
        raise ValueError("nobody@example.com is wrong")
    except ValueError:
        log.exception("step_failed")
    assert lines.getvalue().count("\n") == 1
    assert "ValueError" in lines.getvalue()
    assert "nobody" not in lines.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "to nobody.known@mail.example.com now",
        "GET /users/nobody.known%40mail.example.com/messages",
        "Authorization: Bearer nobody.known",
        "token eyJhbGciOiJub25lIn0.nobody-known.x",
        "postgresql://login:nobody-known@host/db",
        "<nobody.known@mail.example.com>",
    ],
)
def test_addresses_and_tokens_in_foreign_texts_are_redacted(lines: io.StringIO, text: str) -> None:
    log.error("foreign", extra={"text": text})
    assert "nobody" not in lines.getvalue()
    assert "known" not in lines.getvalue()


def test_plain_words_are_not_redacted() -> None:
    text = "mailbox 7: 12 items at 09:30, https://graph.example.com/v1.0/x?y=1 ms1-abc"
    assert logs.redact(text) == text


def test_libraries_log_warnings_only(lines: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://example.com")
    logging.getLogger("procrastinate.worker").info("Starting job")
    assert lines.getvalue() == ""
    logging.getLogger("httpx").warning("trouble")
    assert "httpx trouble" in lines.getvalue()


def test_the_last_configuration_counts(lines: io.StringIO) -> None:
    second = io.StringIO()
    logs.configure("WARNING", second)
    log.info("quiet")
    log.warning("loud")
    assert lines.getvalue() == ""
    assert second.getvalue().count("\n") == 1
