"""The JSON of what goes along of a mail."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from webcrm_sync.core.along import Along
from webcrm_sync.engine.pane.along_status import PARTS, AlongText
from webcrm_sync.web.api.json_model import JsonModel
from webcrm_sync.web.api.phrase_schema import PhraseOf

#: PostgreSQL stores no NUL in a text.
FileName = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\u0000]*$")]


class AlongShape(JsonModel):
    """The parts of a mail that go along. `files`: names of attachments as Outlook shows them.

    `files` null = all. A name stands for every attachment that has it. Pictures in the text belong
    to the text.
    """

    text: AlongText
    files: Annotated[list[FileName], Field(max_length=1000)] | None

    @property
    def along(self) -> Along:
        """The choice as a value of the engine."""
        return Along.chosen(PARTS[self.text], self.files)


class AlongFileShape(JsonModel):
    """An attachment of a filed mail. `leftOut`: why it is not in webCRM; `phrase`: the same.

    The name is empty if a person left it out (`not_chosen`): nothing stores it.
    """

    name: str
    size: int
    is_taken: bool
    left_out: str | None
    phrase: Annotated[PhraseOf, Field(validation_alias="left_out")]


class AlongStateShape(JsonModel):
    """What goes along of a mail. `defaultText`: what the settings say.

    `files` null: the mail is not filed yet, and `wantedFiles` names the attachments that will go
    along; null = all. `canChange`: the person can choose what goes along; of
    a filed mail more can go along, never less.
    """

    text: AlongText
    default_text: AlongText
    files: list[AlongFileShape] | None
    can_change: bool
    wanted_files: list[str] | None
