"""The base of the API's JSON models, and the kinds of texts and ids in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

from webcrm_sync.core.storable import to_plain_name

#: PostgreSQL stores no NUL in a text.
NO_NUL = r"^[^\u0000]*$"
#: One address, as far as it can be checked without sending to it. The pattern lists spaces and
#: invisible characters one by one, because `\s` differs between JavaScript and Rust.
_PART = (
    r"[^@<>\u0000-\u0020\u007f-\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ufeff\ufff9-\uffff]+"
)
_ADDRESS = f"^{_PART}@{_PART}$"


class JsonModel(BaseModel):
    """Keys are camelCase; an unknown key is refused. Read from JSON or from an engine's value."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        from_attributes=True,
        frozen=True,
    )


def _to_integer(value: object) -> object:
    """JSON has one kind of number: 7.0 is the integer 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: An id of webCRM.
OrganisationId = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_to_integer)]
OrganisationIdOrNone = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(_to_integer)]
OpportunityId = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_to_integer)]

Address = Annotated[
    str,
    StringConstraints(pattern=_ADDRESS, max_length=320),
    AfterValidator(str.lower),
]
#: One line as people type it, without invisible characters.
PLAIN_NAME = AfterValidator(to_plain_name)
#: webCRM's Swagger gives most texts of an Organisation and a Person this length.
ShortText = Annotated[str, StringConstraints(max_length=50, pattern=NO_NUL), PLAIN_NAME]
