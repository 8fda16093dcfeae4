"""Every word that the server sends as a name has words for people in each language of the pane."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path

import pytest

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.phrases import PHRASES
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.history import event_text
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus, MatchEvidence, Origin
from webcrm_sync.engine.pane.mailbox_status import Cause, ConnectionState

LOCALES = sorted((Path(__file__).parents[2] / "addin" / "locales").glob("*.json"))


def _events() -> set[str]:
    """The events that the server has an English sentence for."""
    tree = ast.parse(inspect.getsource(event_text.event_sentence))
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    keys = [key for key in tables[0].keys if isinstance(key, ast.Attribute)]
    return {EventKind[key.attr].value for key in keys}


NAMES = {
    *(f"story.{kind}" for kind in _events()),
    *(f"place.{place.value}" for place in Place),
    *(f"reason.{reason.value}" for reason in Reason),
    *(f"phrase.{phrase.key}" for phrase in PHRASES),
    *(f"why.{why.value}" for why in MatchEvidence),
    *(f"way.{way.value}" for way in Origin),
    *(f"foot.{word.value}" for word in [*Cause, *ConnectionState]),
    *(f"{state.value}.sentence" for state in DisplayStatus),
}


@pytest.mark.parametrize("locale", LOCALES, ids=lambda path: path.stem)
def test_every_name_has_a_text_in_every_language(locale: Path) -> None:
    assert "story.found" in NAMES
    assert NAMES - json.loads(locale.read_text("utf-8")).keys() == set()
