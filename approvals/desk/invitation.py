"""The page behind an invitation: it shows who invites where, and only its button joins."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from approvals import invitations
from approvals.actions import joining
from approvals.actions.inviting import InviteEnded
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
        joining.join(found.invite.id, person=shell.person(request), now=now)
    except (InviteEnded, joining.NotTheirs):
        return _page(request, found, State.ENDED)
    return _welcome(request, found)


def _join_anew(request: HttpRequest, found: Found, state: State, now: datetime) -> HttpResponse:
    form = JoinForm(request.POST, email=found.invite.email)
    if not form.is_valid():
        return _page(request, found, state, form=form)
    try:
        person = joining.join_anew(
            found.invite.id, email=found.invite.email, **form.cleaned_data, now=now
        )
    except (InviteEnded, joining.NotTheirs):
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
        joining.mail_again(found.invite.id, email=form.cleaned_data["email"], now=now)
    except InviteEnded:
        return _page(request, found, State.ENDED)
    except joining.EnoughMails as failure:
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
