"""Who hands a request on, and to whom: a reviewer, the people of an address, or a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accounts.actor import Actor
from accounts.addresses import ANYONE, RUNTIME, SCHEME, canonical
from accounts.models import Agent, Workspace
from approvals import rules
from approvals.directory import ANY_REVIEWER, Directory
from approvals.models import Delegation, seat_of
from approvals.refusals import NotYours, Refusal

DEEPEST = 5


class UnknownDelegate(Refusal):
    code = "unknown_delegate"

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name[:255]}” is no reviewer of this workspace and no address in it.")


class HadItBefore(Refusal):
    """A request never comes back to who handed it on: it would go round for ever."""

    code = "delegation_cycle"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} had this before, so it cannot go there again.")


class TooManyHands(Refusal):
    code = "delegation_too_deep"

    def __init__(self) -> None:
        super().__init__(f"This went through {DEEPEST} hands already. Whoever has it answers it.")


class TooFewLeft(Refusal):
    code = "too_few_left"

    def __init__(self) -> None:
        super().__init__("Without you too few people are left who may answer this.")


@dataclass(frozen=True, slots=True)
class Hand:
    """One end of a delegation: how it is compared and told, and where its inbox is."""

    key: str
    name: str
    addresses: tuple[str, ...]
    kind: Literal["person", "people", "program"] = "program"
    person: int | None = None


def taker_named(text: str, workspace: Workspace, directory: Directory) -> Hand:
    """Return whom a name stands for. Raises: UnknownDelegate.

    An address with a scheme may be anybody's; a name without one must be known here.
    """
    name = text.strip().replace("\0", "")
    address = canonical(name, org=workspace.org, workspace=workspace.name)
    if people := directory.find(workspace.id, [name]):
        person = people[0]
        return Hand(seat_of(person.id), person.email, (address,), "person", person.id)
    if directory.means_anyone(workspace.id, name):
        address = ANYONE if name.lower() in ANY_REVIEWER else address
        return Hand(address, name, (address,), "people")
    if address in {RUNTIME, SCHEME} or directory.is_peoples(workspace.id, address):
        raise UnknownDelegate(name)
    if "://" in name or Agent.objects.filter(workspace=workspace, address=address).exists():
        return Hand(address, name, (address,))
    raise UnknownDelegate(name)


def giver_of(actor: Actor, owner: str, workspace: Workspace, directory: Directory) -> Hand:
    """Return who hands on: the person who acts, or who stands behind the thread a key acts for."""
    if actor.user_id is not None:
        owned = [place for (_, place), id in directory.addresses.items() if id == actor.user_id]
        addresses = (actor.name.lower(), *owned)
        return Hand(seat_of(actor.user_id), actor.name, addresses, "person", actor.user_id)
    if people := directory.find(workspace.id, [owner]):
        person = people[0]
        return Hand(seat_of(person.id), person.email, (owner,), "person", person.id)
    return Hand(owner, owner, (owner,))


def next_depth(steps: Sequence[Delegation], giver: Hand, taker: Hand) -> int:
    """Return how many hands it has gone through after this. Raises: HadItBefore, TooManyHands."""
    had = {step.giver for step in steps}
    had |= {step.taker for step in steps if step.giver == giver.key}
    if taker.key in {giver.key, *had}:
        raise HadItBefore(taker.name)
    depth = 1 + max((step.depth for step in steps if step.taker == giver.key), default=0)
    if depth > DEEPEST:
        raise TooManyHands
    return depth


def rule_after(
    rule: dict[str, Any], stage: int, giver: Hand, taker: Hand, able: Sequence[int]
) -> dict[str, Any]:
    """Return the gate's rule with the right moved; a program gets none.

    `able` are the reviewers of the workspace. A giver who is not asked in person, such as the
    address of a desk, hands on for all who are. Raises: TooFewLeft; NotYours for a person who is
    named by e-mail and not asked, or no longer.
    """
    is_asked = giver.person is not None and rules.may_answer(rule, stage, giver.person)
    if "@" in giver.addresses[0] and not is_asked:
        raise NotYours(f"{giver.name} is not asked here, or not any more.")
    if taker.kind == "program":
        return rule
    moved = rules.hand_on(
        rule,
        giver=giver.person if is_asked else None,
        taker=taker.person,
        names=(giver.name, taker.name),
    )
    left = [person for person in able if rules.may_answer(moved, stage, person)]
    if len(left) < moved["stages"][stage]["approvals"]:
        raise TooFewLeft
    return moved
