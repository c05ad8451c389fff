"""Delegating at the desk: the form becomes one call, and the next request that waits is shown."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone

from approvals import actions
from approvals.desk import document, fleet, shell, words
from approvals.desk.decide import next_url
from approvals.desk.detail import show, visible
from approvals.judging import cannot_answer
from approvals.refusals import Refusal

LONGEST_NOTE = 2000


@login_required
def delegate(request: HttpRequest, gate_id: UUID) -> HttpResponse:
    """Hand one request on to another reviewer."""
    if request.method != "POST":  # Signing in again led here; only a press hands on.
        return redirect("gate", gate_id)
    now, actor = timezone.now(), shell.actor_of(request)
    gate = visible(gate_id, actor)
    to, note = request.POST.get("to", ""), request.POST.get("note", "")
    note = note.replace("\0", "").strip()[:LONGEST_NOTE]
    try:
        if refusal := cannot_answer(gate, actor, now=now, earlier=list(gate.decisions.all())):
            raise refusal  # An older question of the same intent is not the one that is open.
        row = actions.delegate(gate.intent_id, to=to, note=note, actor=actor, now=now)
    except Refusal as refusal:
        said = str(refusal) if to else "Nobody was chosen. Choose who shall answer this."
        typed = document.Typed(refused=said)
        return show(request, visible(gate_id, actor), actor, now=now, typed=typed, status=409)
    taker = fleet.people([row.taker_name]).get(row.taker_name) or words.name_of(row.taker_name)
    shell.tell(request, f"Delegated to {taker}.", about=gate.id)
    return HttpResponseRedirect(next_url(gate, actor), status=303)
