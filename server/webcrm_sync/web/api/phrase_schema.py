"""The JSON of the product's own sentences."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from webcrm_sync.core.phrases import find_phrase
from webcrm_sync.web.api.json_model import JsonModel


class PhraseShape(JsonModel):
    """A sentence of the product's own. `key` names it in every language; `values` are its parts."""

    key: str
    values: dict[str, str]


def _find(text: object) -> object:
    return find_phrase(text) if isinstance(text, str) else text


#: The phrase that a text is; null for the words of webCRM or Outlook, which nobody translates.
PhraseOf = Annotated[PhraseShape | None, BeforeValidator(_find)]
