"""A one-time token to open the desk with, for `axme mesh dashboard`."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts import entering
from api.axme.auth import actor_of
from events import pool

router = Router(tags=["Sign-in"])


@router.post("/auth/dashboard-token")
async def dashboard_token(request: HttpRequest) -> dict[str, Any]:
    """Make a token for `/auth/exchange?token=`; it works once, for five minutes."""
    token = await pool.run(entering.let_in, actor_of(request), now=timezone.now())
    return {"ok": True, "token": token, "expires_in": int(entering.LIVES_FOR.total_seconds())}
