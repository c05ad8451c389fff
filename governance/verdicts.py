"""Whether an intent may go from one agent to another. Pure: rules and facts in, a refusal out."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.addresses import SCHEME, short

Rules = dict[str, Any]


class NotAdmitted(Exception):
    """An intent that was not taken; nothing of it was stored. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Standing:
    """A registered agent as far as sending is concerned: killed or not, and its rules."""

    id: UUID
    address: str
    is_killed: bool = False
    receive: Rules = field(default_factory=dict)
    override: Rules = field(default_factory=dict)
    types: Rules = field(default_factory=dict)
    limits: Rules = field(default_factory=dict)
    workspace_receive: Rules = field(default_factory=dict)


def refusal(
    sender: Standing | None, recipient: Standing | None, *, from_address: str, type: str
) -> NotAdmitted | None:
    """Return why this intent is not taken, or None. Addresses nobody registered have no rules."""
    return (
        _killed(sender)
        or _killed(recipient)
        or _stranger(recipient, from_address)
        or _unwelcome(recipient, from_address)
        or _denied(sender, type)
        or _denied(recipient, type)
    )


def matches(pattern: str, name: str) -> bool:
    """Tell whether a pattern names this: the same, or all that begins with what is before a `*`."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _killed(agent: Standing | None) -> NotAdmitted | None:
    if agent is None or not agent.is_killed:
        return None
    return killed(agent.address)


def killed(address: str) -> NotAdmitted:
    """Return the refusal of an agent that a person switched off."""
    words = f"{short(address)} is switched off: it can neither send nor be sent to."
    return NotAdmitted("agent_killed", words)


def _stranger(agent: Standing | None, sender: str) -> NotAdmitted | None:
    """Ask who of other organisations may send: the agent's own rule, else its workspace's."""
    if agent is None or not _is_foreign(sender, agent.address):
        return None
    own = agent.override.get("mode", "use_org_default")
    rule = agent.workspace_receive if own == "use_org_default" else agent.override
    mode = rule.get("mode", "open")
    if mode == "closed":
        code = "receiver_org_closed" if rule is not agent.override else "receiver_agent_closed"
        return NotAdmitted(code, f"{short(agent.address)} takes nothing from other organisations.")
    return None if mode == "open" or _is_listed(rule, sender) else _unlisted(agent)


def _unwelcome(agent: Standing | None, sender: str) -> NotAdmitted | None:
    mode = agent.receive.get("mode", "open") if agent else "open"
    if agent is None or mode == "open":
        return None
    is_listed = _is_listed(agent.receive, sender)
    if mode == "allowlist":
        return None if is_listed else _unlisted(agent)
    words = f"{short(agent.address)} takes nothing from {sender}."
    return NotAdmitted("receiver_agent_closed", words) if is_listed else None


def _denied(agent: Standing | None, type: str) -> NotAdmitted | None:
    if agent is None or not agent.types:
        return None
    allow, deny = agent.types.get("allow") or (), agent.types.get("deny") or ()
    is_denied = any(matches(pattern, type) for pattern in deny)
    if not is_denied and (not allow or any(matches(pattern, type) for pattern in allow)):
        return None
    words = f"The action policy of {short(agent.address)} does not allow {type}."
    return NotAdmitted("policy_denied", words)


def _is_foreign(sender: str, address: str) -> bool:
    """Tell whether a sender's full address names another organisation than this one's."""
    theirs, ours = _parts(sender), _parts(address)
    return len(theirs) == 3 and theirs[0] != ours[0]


def _parts(address: str) -> list[str]:
    return address.removeprefix(SCHEME).split("/") if address.startswith(SCHEME) else []


def _is_listed(rule: Rules, sender: str) -> bool:
    return any(matches(entry["sender_pattern"], sender) for entry in rule.get("entries", ()))


def _unlisted(agent: Standing) -> NotAdmitted:
    words = f"{short(agent.address)} takes intents from the senders on its list only."
    return NotAdmitted("sender_not_in_receive_allowlist", words)
