"""The base of the API's JSON models, and the ids in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


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
