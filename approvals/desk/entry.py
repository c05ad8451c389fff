"""The page a terminal opens: it says who comes in, and only its button lets them."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import entering
from accounts.entering import EntryRefused
from approvals.desk.mail import kept_secret

BACKEND = "django.contrib.auth.backends.ModelBackend"


@kept_secret
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: HttpRequest) -> HttpResponse:
    """Show whom the token lets in, and let them in when the button is pressed, once."""
    now = timezone.now()
    if request.method == "POST":
        return _entered(request)
    if request.user.is_authenticated:
        return redirect("agents")
    token = request.GET.get("token", "")
    found = entering.find(token, now=now)
    if found and found.user is None:
        return redirect(f"{reverse('login')}?next={reverse('agents')}")
    context = {"person": found.user if found else None, "token": token}
    return render(request, "account/exchange.html", context, status=200 if found else 410)


def _entered(request: HttpRequest) -> HttpResponse:
    try:
        person = entering.enter(request.POST.get("token", ""), now=timezone.now())
    except EntryRefused:
        return render(request, "account/exchange.html", {"person": None}, status=410)
    login(request, person, backend=BACKEND)
    return redirect("agents")
