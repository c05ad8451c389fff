"""The people of a workspace, whom its admins invite here, and the page behind an invitation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.joining import Invite
from accounts.models import Membership, User, Workspace
from approvals import invitations
from approvals.actions import inviting
from approvals.desk import shell
from approvals.desk.mail import kept_secret
from approvals.invitations import Found, State

NO_ADDRESS = {
    "required": "Write an e-mail address.",
    "invalid": "This is not an e-mail address.",
}
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


class AddressForm(forms.Form):
    """Whom an admin invites, or where somebody wants an invitation mailed."""

    email = forms.EmailField(max_length=254, error_messages=NO_ADDRESS)


class JoinForm(forms.Form):
    """How somebody who is new here is called and signs in."""

    name = forms.CharField(max_length=120, error_messages={"required": "Write your name."})
    password = forms.CharField(
        widget=forms.PasswordInput, strip=False, error_messages={"required": "Choose a password."}
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


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


@kept_secret
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites where, any number of times; a press of the button joins."""
    now, found = timezone.now(), invitations.find(token)
    if found is None:
        return render(request, "account/invitation_ended.html", status=404)
    reader = None if request.user.is_anonymous else shell.person(request)
    state = invitations.state_of(found, reader, now=now)
    if request.method != "POST":
        return _page(request, found, state)
    return _ANSWERS.get(state, _nothing)(request, found, state, now)


def _join(request: HttpRequest, found: Found, state: State, now: datetime) -> HttpResponse:
    try:
        inviting.join(found.invite.id, person=shell.person(request), now=now)
    except (inviting.InviteEnded, inviting.NotTheirs):
        return _page(request, found, State.ENDED)
    return _welcome(request, found)


def _join_anew(request: HttpRequest, found: Found, state: State, now: datetime) -> HttpResponse:
    form = JoinForm(request.POST, email=found.invite.email)
    if not form.is_valid():
        return _page(request, found, state, form=form)
    try:
        person = inviting.join_anew(found.invite.id, **form.cleaned_data, now=now)
    except (inviting.InviteEnded, inviting.NotTheirs):
        return _page(request, found, State.ENDED)
    login(request, person, backend=MODEL_BACKEND)
    return _welcome(request, found)


def _mail(request: HttpRequest, found: Found, state: State, now: datetime) -> HttpResponse:
    """Mail the link that proves whose address it is; whether anybody has it is not said."""
    given = {"email": request.POST.get("email", "")}
    form = AddressForm(given | ({"email": found.invite.email} if found.invite.email else {}))
    if not form.is_valid():
        return _page(request, found, state, form=form)
    try:
        inviting.mail_again(found.invite.id, email=form.cleaned_data["email"], now=now)
    except inviting.InviteEnded:
        return _page(request, found, State.ENDED)
    except inviting.EnoughMails as failure:
        form.add_error("email", str(failure))
        return _page(request, found, state, form=form)
    return render(request, "account/invitation_mailed.html", {"invite": found.invite})


def _nothing(request: HttpRequest, found: Found, state: State, now: datetime) -> HttpResponse:
    return _page(request, found, state)


_ANSWERS = {State.JOIN: _join, State.NEW: _join_anew, State.ASK_MAIL: _mail}


def _welcome(request: HttpRequest, found: Found) -> HttpResponse:
    shell.tell(request, f"You review in {found.invite.workspace} now.")
    return redirect("inbox")


def _page(
    request: HttpRequest, found: Found, state: State, *, form: forms.Form | None = None
) -> HttpResponse:
    if state is State.ENDED:
        return render(request, "account/invitation_ended.html", status=410)
    fresh: dict[State, forms.Form] = {
        State.NEW: JoinForm(email=found.invite.email),
        State.ASK_MAIL: AddressForm(),
    }
    context = {
        "invite": found.invite,
        "workspace": found.invite.workspace,
        "state": state.name.lower(),
        "form": form or fresh.get(state),
    }
    status = 200 if form is None else 422
    return render(request, "account/invitation.html", context, status=status)


def _administered(actor: Actor) -> Any:
    return Workspace.objects.filter(id__in=actor.administers).order_by("org", "name", "id")


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
            "invites": Invite.objects.filter(workspace=workspace)
            .open(now)
            .order_by("-created_at", "id")[:100],
            "form": form if at in (None, workspace.id) else AddressForm(),
        }
        for workspace in _administered(actor)
    ]
    context |= {"rooms": rooms}
    return shell.page(request, "desk/people.html", context, status=status)
