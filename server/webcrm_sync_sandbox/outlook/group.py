"""A group in Entra."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@dataclass(slots=True)
class SimGroup:
    """A group, and what an administrator does with it. `members`: ids of users and of groups."""

    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    members: set[str] = field(default_factory=set)

    def join(self, *members: SimMailbox | SimGroup) -> None:
        """Add direct members. The members of a group that joins do not become members."""
        self.members |= {_id_of(member) for member in members}

    def leave(self, *members: SimMailbox | SimGroup) -> None:
        """Remove direct members."""
        self.members -= {_id_of(member) for member in members}


def _id_of(member: SimMailbox | SimGroup) -> str:
    return member.id if isinstance(member, SimGroup) else member.user_id
