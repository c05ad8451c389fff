"""All a page says of one gate: the sentence, what it sends, the gate block, the form, history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.models import User
from approvals import evidence, rules
from approvals.desk import ended, fields, parties, payload, steps, times, words
from approvals.desk.files import File, listed
from approvals.desk.timeline import Line, timeline
from approvals.judging import cannot_answer
from approvals.kinds import Kind
from approvals.models import Decision, Gate
from approvals.refusals import AlreadyDecided, GateClosed
from intents.registry.known import schema_of


@dataclass(slots=True)
class Typed:
    """What a person has typed so far, and what was wrong with it."""

    outcome: str = ""
    comment: str = ""
    evidence: str = ""
    name: str = ""
    files: list[File] = field(default_factory=list)
    data: dict[str, Any] | None = None
    errors: dict[str, str] = field(default_factory=dict)
    refused: str = ""


@dataclass(slots=True)
class Document:
    """One gate as one reader sees it now."""

    gate: Gate
    reader: Actor
    now: datetime
    asker: str
    asks: str
    values: list[tuple[str, str]]
    others: int
    sends: payload.Readable
    context: payload.Readable
    attached: list[File]
    given: list[File]
    due: times.Due
    icon: str
    why_not: str
    is_answerable: bool
    who: str
    history: list[Line]
    steps: list[steps.Line]
    typed: Typed
    form: list[fields.Field]
    main: list[words.Button]
    more: list[words.Button]

    @property
    def stands(self) -> str:
        return ended.said(self.gate)

    @property
    def stands_when(self) -> str:
        return ended.said_when(self.gate, now=self.now)

    @property
    def tone(self) -> str:
        return ended.tone(self.gate)

    @property
    def decision(self) -> Any:
        return ended.final(self.gate)

    @property
    def answered_for(self) -> str:
        """Name whom the delegate answered for."""
        voice = self.decision.on_behalf_of
        return parties.names(self.gate).get(voice) or words.name_of(voice)

    def filled_in(self) -> list[tuple[str, Any]]:
        """Return what the answer says beyond its outcome; the files are listed by themselves."""
        data = self.decision.data if self.decision else {}
        left_out = {"attachments"} if self.given else set()
        return [(k, v) for k, v in data.items() if k not in left_out and v not in ("", None)]

    @property
    def goes_on_with(self) -> str:
        """Name the answers after which the work goes on though nobody said yes."""
        named = words.own_ways_on(self.gate.outcomes)
        return " or ".join(f"“{word}”" for word in named)

    @property
    def step_number(self) -> int:
        """Return which of the steps asks this, counted from one."""
        names = [step.number for step in self.steps if step.is_own]
        return names[0] if names else 0

    @property
    def title_ends(self) -> bool:
        """Tell whether the title ends a sentence by itself: “Refund Dora?” takes no comma."""
        return self.gate.title.rstrip().endswith(("?", "!", "."))

    @property
    def is_critical(self) -> bool:
        return self.gate.risk == "critical"

    @property
    def takers(self) -> Sequence[User]:
        """Return whom the reader may delegate this to; asked only where it is drawn."""
        return parties.takers(self.gate, self.reader) if self.is_answerable else ()

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return each wrong field's element and sentence, for the list above the answers."""
        known = {f.name: f for f in self.form}
        return [
            (known[name].id, f"{known[name].label} {said}") if name in known else (OWN[name], said)
            for name, said in self.typed.errors.items()
            if name in known or name in OWN
        ]


# Fields of ours that a refusal may be about, and the elements they are.
OWN = {"comment": "f-comment", "evidence": "f-evidence", "name": "f-name"}


def about(gate: Gate, actor: Actor, *, now: datetime, typed: Typed | None = None) -> Document:
    """Return the gate as this person may see it. Expects `find`'s relations to be loaded."""
    typed = typed or Typed()
    schema = schema_of(gate.workspace_id, gate.intent.type)
    sends = payload.readable(gate.intent.payload, schema)
    values, others = payload.highlights(sends)
    refusal = cannot_answer(gate, actor, now=now, earlier=list(gate.decisions.all()))
    decisions = _decisions(gate)
    names = {
        **parties.names(gate),
        **{decision.decider: ended.by(decision) for decision in decisions},
    }
    who = who_may(gate, actor, names)
    main, more = words.buttons(gate.outcomes)
    return Document(
        gate=gate,
        reader=actor,
        now=now,
        asker=words.name_of(gate.asker),
        asks=words.ASKS[Kind(gate.kind)],
        values=values,
        others=others,
        sends=sends,
        context=payload.readable(gate.context),
        attached=_files(gate, gate.intent.payload, gate.intent.human_task, gate.context),
        given=_files(gate, *(decision.data for decision in gate.decisions.all())),
        due=times.due(gate.due_at, now=now),
        icon=words.ICONS[Kind(gate.kind)],
        why_not="" if refusal is None else _why_not(gate, refusal, now=now),
        is_answerable=refusal is None,
        who=who,
        history=timeline(gate.intent_id, names, decisions),
        steps=steps.of(gate, who=who, names=names, now=now),
        typed=typed,
        form=fields.drawn(gate.form_schema, typed.data, typed.errors),
        main=main,
        more=more,
    )


def who_may(gate: Gate, actor: Actor, names: Mapping[str, str]) -> str:
    """Return who may answer, in words, the reader first."""
    stage = gate.rule["stages"][0]
    if stage["anyone"]:
        everybody = f"reviewer of {gate.workspace}"
        mine = gate.workspace_id in actor.reviews
        return f"You, or any other {everybody}" if mine else f"Any {everybody}"
    asked = User.objects.filter(id__in=stage["people"]).order_by("name", "id")
    named = [_for(gate, p.id, str(p), names) for p in asked if p.id != actor.user_id]
    you = [_for(gate, actor.user_id, "You", names)] if actor.user_id in stage["people"] else []
    return " or ".join(you + named) or "Nobody that is still here"


def _for(gate: Gate, user_id: int | None, name: str, names: Mapping[str, str]) -> str:
    """Return a name with whom a delegate answers for."""
    voice = rules.voice_of(gate.rule, user_id)
    return f"{name}, for {names.get(voice) or words.name_of(voice)}" if voice else name


def _why_not(gate: Gate, refusal: Exception, *, now: datetime) -> str:
    if isinstance(refusal, AlreadyDecided | GateClosed):
        return ended.said_when(gate, now=now)
    return str(refusal)


def _files(gate: Gate, *told: Any) -> list[File]:
    """Return the files named there; where none is, nothing is asked of the database."""
    return listed(evidence.files(gate.workspace_id, evidence.ids_in(*told)))


def _decisions(gate: Gate) -> list[Decision]:
    """Return the answers in this history: those of a scenario's other questions too."""
    if not gate.step_id:
        return list(gate.decisions.all())
    of_all = Decision.objects.filter(gate__intent=gate.intent_id).select_related("person")
    return list(of_all.order_by("at", "id"))
