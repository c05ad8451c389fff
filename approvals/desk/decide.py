"""Answering at the desk: the form becomes an Answer; grave requests ask once more first."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from approvals import actions, judging, queue
from approvals.desk import document, fields, files, marks, shell, words
from approvals.desk.detail import show, visible
from approvals.kinds import FAIL
from approvals.models import Decision, Gate
from approvals.refusals import (
    AlreadyDecided,
    CommentRequired,
    EvidenceRequired,
    FormInvalid,
    GateClosed,
    PayloadChanged,
    Refusal,
)
from approvals.workflows import advance

CONFLICTS = (AlreadyDecided, GateClosed, PayloadChanged)


@login_required
def decide(request: HttpRequest, gate_id: UUID) -> HttpResponse:
    """Give one answer to one gate, bound to the digest that was on the page."""
    if request.method != "POST":  # Signing in again led here; only a press decides.
        return redirect("gate", gate_id)
    now, actor = timezone.now(), shell.actor_of(request)
    gate = visible(gate_id, actor)
    typed = typed_in(request, gate)
    try:
        attach(request, gate, actor, typed, now=now)
        answer = answered(request, gate, actor, typed)
        if gate.is_grave and not is_confirmed(request, gate, typed):
            judging.judge(gate, answer, earlier=list(gate.decisions.all()), now=now)
            return confirm(request, gate, actor, typed, now=now)
        decision = actions.decide(answer, now=now)
    except Refusal as refusal:
        return refused(request, gate, actor, typed, refusal, now=now)
    if gate.step_id:  # The next question may be this person's too.
        advance.at_once(gate.intent_id, now=now)
    return onward(request, gate, actor, decision)


def typed_in(request: HttpRequest, gate: Gate) -> document.Typed:
    """Return everything that was typed, so that a refused answer loses none of it."""
    post = request.POST
    return document.Typed(
        outcome=post.get("outcome", ""),
        comment=post.get("comment", ""),
        evidence=post.get("evidence", ""),
        name=post.get("name", ""),
        data=fields.typed_in(gate.form_schema, post),
    )


def attach(
    request: HttpRequest, gate: Gate, actor: Actor, typed: document.Typed, *, now: datetime
) -> None:
    """Add the files of an answer to what was typed, old ones first. Raises: EvidenceNotTaken."""
    typed.files = files.listed(files.kept_before(request, gate, actor))
    if len(typed.files) < files.MOST:
        typed.files += files.listed(files.brought(request, gate, actor, now=now))


def answered(
    request: HttpRequest, gate: Gate, actor: Actor, typed: document.Typed
) -> actions.Answer:
    data = dict(typed.data or {})
    if gate.is_evidence_required:
        data["evidence"] = typed.evidence
    if typed.files:
        data["attachments"] = [str(file.id) for file in typed.files]
    seen = request.POST.get("seen", "")
    return actions.Answer(gate.id, typed.outcome, actor, typed.comment, data, seen=seen)


def is_confirmed(request: HttpRequest, gate: Gate, typed: document.Typed) -> bool:
    """Tell whether a grave answer was confirmed, for critical ones by typing the title."""
    if "confirmed" not in request.POST:
        return False
    if gate.risk != "critical" or marks.bare(typed.name) == marks.bare(gate.title):
        return True
    typed.errors["name"] = "This is not its name yet. Capitals and digits count."
    return False


def confirm(
    request: HttpRequest, gate: Gate, actor: Actor, typed: document.Typed, *, now: datetime
) -> HttpResponse:
    """Ask once more, with all that was typed carried over. Nothing is decided by this."""
    doc = document.about(gate, actor, now=now, typed=typed)
    status = 422 if typed.errors else 200
    chosen = next((b for b in [*doc.main, *doc.more] if b.value == typed.outcome), None)
    against = gate.effect_of(typed.outcome) == FAIL
    context = {
        "doc": doc,
        "label": chosen.label if chosen else words.label(typed.outcome),
        "tone": "no" if against else "yes",
        "carried": carried(request, typed),
        "facts": facts(doc),
    }
    if shell.wants_part(request):
        response = shell.page(request, "desk/_confirm.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#confirm-slot", "innerHTML"
        return response
    frame = shell.context(request, actor, request.GET.get("in", "inbox"), now=now)
    return shell.page(request, "desk/confirm.html", frame | context, status=status)


NOT_CARRIED = frozenset({"csrfmiddlewaretoken", "confirmed", "name", "attached"})


def carried(request: HttpRequest, typed: document.Typed) -> list[tuple[str, str]]:
    """Return what the confirmation sends again; files are kept already, and go by their ids."""
    said = [(key, str(text)) for key, text in request.POST.items() if key not in NOT_CARRIED]
    return [*said, *(("attached", str(file.id)) for file in typed.files)]


def facts(doc: document.Document) -> list[tuple[str, str]]:
    """Return what will be sent along, as the confirmation repeats it."""
    given = [(field.label, field.value) for field in doc.form if field.value]
    names = ", ".join(file.name for file in doc.typed.files)
    own = [("Evidence", doc.typed.evidence), ("Files", names), ("Comment", doc.typed.comment)]
    return [*given, *((name, text) for name, text in own if text.strip())]


def refused(
    request: HttpRequest,
    gate: Gate,
    actor: Actor,
    typed: document.Typed,
    refusal: Refusal,
    *,
    now: datetime,
) -> HttpResponse:
    """Show the page again with what was typed and what is wrong with it."""
    typed.refused = str(refusal)
    typed.errors |= errors_of(refusal)
    status = 409 if isinstance(refusal, CONFLICTS) else 422
    # The refusal may be about a gate that has moved on since we read it.
    return show(request, visible(gate.id, actor), actor, now=now, typed=typed, status=status)


def errors_of(refusal: Refusal) -> dict[str, str]:
    """Return which field a refusal is about, where it is about one."""
    if isinstance(refusal, FormInvalid):
        return dict(refusal.errors)
    if isinstance(refusal, CommentRequired):
        return {"comment": str(refusal)}
    return {"evidence": str(refusal)} if isinstance(refusal, EvidenceRequired) else {}


def onward(request: HttpRequest, gate: Gate, actor: Actor, decision: Decision) -> HttpResponse:
    """Go on to the next request that waits, saying what was decided and who is told."""
    said = f"{words.past(decision.outcome)}. {words.name_of(gate.asker)} is told."
    shell.tell(request, said, about=gate.id)
    url = next_url(gate, actor)
    if shell.wants_part(request) and url == reverse("inbox"):
        response = HttpResponse(status=200)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url, status=303)


def next_url(gate: Gate, actor: Actor) -> str:
    """Return where a person goes on after a request: the next that waits, or the empty list."""
    following = queue.next_after(gate, actor)
    return reverse("gate", args=[following]) + "?answered=1" if following else reverse("inbox")
