"""The page of agents: how each is, what it did and spent today, and the switch that asks twice."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actor import Actor
from accounts.managing import NotAManager
from accounts.models import Agent
from approvals.desk import fleet, shell, words
from governance import actions
from governance.models import AgentRules, MeshEvent

LONGEST_REASON = 500
SHOWN_EVENTS = 30
# Health and spend are kept true on an open page by asking this often, in milliseconds.
EVERY = 5000


@login_required
@require_safe
def agents(request: HttpRequest) -> HttpResponse:
    """Show every agent of this person's workspaces."""
    return shell.page(request, "desk/agents.html", _listed(request))


@login_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer with what of the list may be out of date: health, last seen, counts, spend."""
    return shell.page(request, "desk/_agents_live.html", _listed(request) | {"oob": True})


@login_required
@require_safe
def agent(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Show one agent: its rules, what it says of itself, and what was done to it."""
    now, actor = timezone.now(), shell.actor_of(request)
    found = visible(agent_id, actor)
    events = list(MeshEvent.objects.filter(agent=found).newest()[:SHOWN_EVENTS])
    named = fleet.people(event.actor for event in events)
    frame = shell.context(request, actor, "agents", now=now)
    more = {
        "row": fleet.told([found], actor, now=now)[0],
        "rules": AgentRules.objects.filter(agent=found).first() or AgentRules(agent=found),
        "metrics": sorted(found.metrics.items()),
        "events": [_line(event, named) for event in events],
    }
    return shell.page(request, "desk/agent.html", frame | more)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Ask once more before an agent is switched off or on, and do it when that is posted."""
    now, actor = timezone.now(), shell.actor_of(request)
    found = visible(agent_id, actor)
    if request.method == "POST":
        return _switched(request, found, actor)
    context = {
        "row": fleet.told([found], actor, now=now)[0],
        "work": fleet.open_work(found),
        "most_work": fleet.MOST_WORK,
    }
    if shell.wants_part(request):
        return shell.page(request, "desk/_agent_ask.html", context)
    frame = shell.context(request, actor, "agents", now=now)
    return shell.page(request, "desk/agent_switch.html", frame | context)


def visible(agent_id: UUID, actor: Actor) -> Agent:
    """Return an agent this person may see. Raises: Http404 for any other."""
    rows = Agent.objects.visible_to(actor).registered().select_related("workspace", "rules")
    found = rows.filter(id=agent_id).first()
    if found is None:
        raise Http404("There is no such agent.")
    return found


def _switched(request: HttpRequest, found: Agent, actor: Actor) -> HttpResponse:
    """Do what the second press says; it names off or on, so that a double press undoes nothing."""
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:LONGEST_REASON]
    wanted = {"off": actions.kill, "on": actions.resume}.get(request.POST.get("to", ""))
    if wanted is None:
        return redirect("agent_switch", found.id)
    try:
        wanted(found, reason=reason, actor=actor, now=timezone.now())
    except NotAManager:
        shell.tell(request, "Only admins of the workspace switch agents off and on.")
        return redirect("agents")
    off = request.POST["to"] == "off"
    effect = "Nothing it sends is taken and nothing reaches it." if off else "Its work goes on."
    shell.tell(request, f"{found} is switched {'off' if off else 'on'}. {effect}")
    return redirect("agents")


def _line(event: MeshEvent, named: dict[str, str]) -> tuple[MeshEvent, str, str, str]:
    """Return an event with its words, who did it, and which rule it is about."""
    by = named.get(event.actor) or words.name_of(event.actor)
    rule = words.RULES.get(str(event.details.get("policy", "")), "")
    return event, words.mesh(event.type), by, rule


def _listed(request: HttpRequest) -> dict[str, Any]:
    now, actor = timezone.now(), shell.actor_of(request)
    rows = fleet.rows(actor, now=now)
    own = {
        "rows": rows,
        "totals": fleet.totals(rows),
        "is_cut": len(rows) == fleet.MOST,
        "may_switch": any(row.may_switch for row in rows),
        "live_url": reverse("agents_live"),
        "every": EVERY,
    }
    return shell.context(request, actor, "agents", now=now) | own
