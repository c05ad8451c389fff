"""Agent addresses: every spelling the protocol's clients use, and the one form we compare. Pure."""

import re

SCHEME = "agent://"
RUNTIME = "agent://agent_core"
ANYONE = "human"
PART = re.compile(r"[^/\s]+")


def canonical(literal: str, *, org: str, workspace: str) -> str:
    """Return the form an address is compared and stored by.

    A bare or one-part name belongs to the caller's workspace; two parts stay opaque; three are
    complete. `human`, e-mail and other schemes are names of their own.
    """
    text = literal.strip()
    if text.lower() in {ANYONE, SCHEME + ANYONE}:
        return ANYONE
    if re.match(r"agent:/", text):
        text = re.sub(r"^agent:/+", "", text)
    elif "://" in text or "@" in text:
        return text.lower()
    parts = PART.findall(text)
    if parts and parts[-1] == "agent_core":
        return RUNTIME
    if len(parts) == 1:
        return f"{SCHEME}{org}/{workspace}/{parts[0]}"
    return SCHEME + "/".join(parts)


def short(address: str) -> str:
    """Return the part of an address a person recognises: `agent://org/ws/name` is `name`."""
    return address.rstrip("/").rsplit("/", 1)[-1] or address
