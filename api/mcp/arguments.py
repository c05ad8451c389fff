"""What every tool takes and gives."""

from dataclasses import dataclass
from typing import Annotated, Any

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field

from accounts.actor import Actor

Id = Annotated[str, Field(min_length=1, max_length=64)]
Comment = Annotated[str, Field(max_length=2000)]


class Arguments(BaseModel):
    """Clients add these two to any call; unknown ones are left alone."""

    model_config = ConfigDict(extra="ignore")

    owner_agent: Annotated[
        str, Field(max_length=383, description="The address to act for; usually left out.")
    ] = ""
    idempotency_key: Annotated[
        str, Field(max_length=255, description="The same key again gives the same answer.")
    ] = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls a tool, over which request, and for which address."""

    request: HttpRequest
    actor: Actor
    owner: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool has to say: a sentence for a model, and the facts."""

    said: str
    data: dict[str, Any]
