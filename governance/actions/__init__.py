"""Every change to what is allowed and what was used. One module per subject."""

from governance.actions.beating import heartbeat
from governance.actions.ruling import (
    NoSuchEntry,
    add_entry,
    drop_entry,
    set_limits,
    set_mode,
    set_types,
)
from governance.actions.switching import kill, resume

__all__ = [
    "NoSuchEntry",
    "add_entry",
    "drop_entry",
    "heartbeat",
    "kill",
    "resume",
    "set_limits",
    "set_mode",
    "set_types",
]
