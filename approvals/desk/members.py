"""The people of a workspace: its admins see them here, invite more, and revoke invitations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.models import Membership, Workspace
from accounts.people.models import Invite
from approvals.actions import inviting
from approvals.desk import fleet, shell, words
from approvals.desk.invitation import AddressForm


@login_required
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Show who is in the workspaces this person administers, and who is invited."""
    return _people(request, shell.actor_of(request), AddressForm(), now=timezone.now())


@login_required
@require_POST
def invite(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Invite somebody by e-mail."""
    now, actor = timezone.now(), shell.actor_of(request)
    workspace = _administered(actor).filter(id=workspace_id).first()
    if workspace is None:
        raise Http404
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _people(request, actor, form, at=workspace_id, now=now, status=422)
    email = form.cleaned_data["email"]
    inviting.invite(workspace, owner_agent=actor.name, recipient_hint=email, actor=actor, now=now)
    shell.tell(request, f"An invitation is on its way to {email}.")
    return redirect("people")


@login_required
@require_POST
def revoke(request: HttpRequest, invite_id: UUID) -> HttpResponse:
    """End an invitation that nobody has followed yet."""
    try:
        inviting.revoke(invite_id, actor=shell.actor_of(request), now=timezone.now())
    except (inviting.NoSuchInvite, inviting.MayNotInvite) as failure:
        raise Http404 from failure
    shell.tell(request, "The invitation is revoked.")
    return redirect("people")


def _administered(actor: Actor) -> Any:
    return Workspace.objects.filter(id__in=actor.administers).order_by("org", "name", "id")


def _invited(workspace: Workspace, *, now: datetime) -> list[tuple[Invite, str]]:
    """Return the open invitations, each with the name of whoever sent it."""
    found = Invite.objects.filter(workspace=workspace).open(now).order_by("-created_at", "id")
    invites = list(found[:100])
    known = fleet.people(invite.inviter for invite in invites)
    return [(each, known.get(each.inviter) or words.name_of(each.inviter)) for each in invites]


def _people(
    request: HttpRequest,
    actor: Actor,
    form: AddressForm,
    *,
    at: UUID | None = None,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    if not actor.administers:
        raise PermissionDenied
    context = shell.context(request, actor, "people", now=now)
    rooms = [
        {
            "workspace": workspace,
            "members": Membership.objects.filter(workspace=workspace)
            .select_related("user")
            .order_by("user__email", "id"),
            "invites": _invited(workspace, now=now),
            "form": form if at in (None, workspace.id) else AddressForm(),
        }
        for workspace in _administered(actor)
    ]
    context |= {"rooms": rooms}
    return shell.page(request, "desk/people.html", context, status=status)
