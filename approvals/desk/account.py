"""What a person sets for themselves: the theme, and whether single keys answer."""

from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts import throttle
from accounts.models import User
from approvals.desk import shell, terminal
from events import bus


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Show the settings, or keep new ones."""
    if request.method == "POST":
        person = shell.person(request)
        person.theme = _theme(request.POST.get("theme", ""))
        person.has_single_keys = "keys" in request.POST
        person.save(update_fields=["theme", "has_single_keys"])
        shell.tell(request, "Your settings are kept.")
        return redirect("settings")
    now, actor = timezone.now(), shell.actor_of(request)
    context = shell.context(request, actor, "settings", now=now)
    more = {
        "themes": User.Theme.choices,
        "terminals": terminal.live(shell.person(request), now=now),
    }
    return shell.page(request, "desk/settings.html", context | more)


@login_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Switch between light and dark, and stay on the page."""
    person = shell.person(request)
    person.theme = _theme(request.POST.get("theme", ""))
    person.save(update_fields=["theme"])
    back = request.POST.get("back", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else "settings")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, and the sockets of this person's open pages with it."""
    desks = [] if request.user.is_anonymous else shell.actor_of(request).workspaces
    logout(request)
    bus.wake(map(bus.desk_topic, desks))
    return redirect("login")


DIFFER = {"password_mismatch": "The two new passwords differ."}


class SignIn(AuthenticationForm):
    """Signing in, with a pause after ten wrong passwords from one place."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This e-mail address and password do not fit together. Check both.",
        "paused": "Too many wrong passwords. Wait ten minutes, or reset your password.",
    }

    def clean(self) -> dict[str, Any]:
        place = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        email = str(self.cleaned_data.get("username") or "")
        if throttle.is_paused(email, place):
            raise ValidationError(self.error_messages["paused"], code="paused")
        try:
            return super().clean()
        except ValidationError:
            throttle.failed(email, place)
            raise


class NewPassword(SetPasswordForm):  # type: ignore[type-arg]  # Generic in the stubs only.
    """Choosing a password, with the desk's sentences."""

    error_messages = {**SetPasswordForm.error_messages, **DIFFER}


class ChangedPassword(PasswordChangeForm):
    """The same, by somebody who knows the old one."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        **DIFFER,
        "password_incorrect": "This is not your password now.",
    }


def _theme(text: str) -> str:
    return text if text in User.Theme.values else User.Theme.SYSTEM
