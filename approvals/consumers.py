"""The desk's WebSocket: says which gates changed, and nothing else. It takes no orders."""

import asyncio
import contextlib
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.utils import timezone

from accounts.actor import Actor, Channel
from accounts.keys import actor_for_user
from accounts.models import User
from approvals import queue
from events import bus, pool

logger = logging.getLogger(__name__)
SIGNED_OUT = 4401
# A workspace was gained: the browser connects anew and watches that one too.
COME_AGAIN = 4000
GATHER = 0.1
# A desk that looks again for every single answer of a busy minute would only look.
REST = 0.4
CHECK = 15.0
OVERLAP = timedelta(seconds=5)


class DeskConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels has no types.
    """Waits for wake-ups of one person's workspaces; rights are read again before each message."""

    watch: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        session = self.scope.get("session")
        self.session_key = getattr(session, "session_key", None)
        actor = await pool.run(signed_in, self.session_key)
        await self.accept()
        if actor is None:
            await self.close(SIGNED_OUT)
            return
        self.watch = asyncio.create_task(self._watch_or_close(actor))

    async def disconnect(self, code: int) -> None:
        if self.watch:
            self.watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.watch

    async def receive(self, text_data: Any = None, bytes_data: Any = None, **kwargs: Any) -> None:
        """Ignore whatever a browser sends: this socket only tells."""

    async def _watch_or_close(self, actor: Actor) -> None:
        """A socket that can no longer tell anything must not look as if it could."""
        try:
            await self._watch(actor)
        except Exception:
            logger.exception("A desk's socket could not be served")
            await self.close(COME_AGAIN)

    async def _watch(self, actor: Actor) -> None:
        seen: dict[UUID, datetime] = {}
        since = timezone.now()
        async with bus.watching(*map(bus.desk_topic, actor.workspaces)) as woken:
            while True:
                was_woken = await _wait(woken)
                now = timezone.now()
                current = await pool.run(signed_in, self.session_key)
                if current is None or actor.workspaces - current.workspaces:
                    await self.close(SIGNED_OUT)
                    return
                if current.workspaces != actor.workspaces:
                    await self.close(COME_AGAIN)
                    return
                if was_woken:
                    seen = await self._tell(current, since, seen)
                    since = now

    async def _tell(
        self, actor: Actor, since: datetime, seen: dict[UUID, datetime]
    ) -> dict[UUID, datetime]:
        """Send what changed and was not sent yet; return what the overlap may show again."""
        changed = await pool.run(changed_since, actor, since - OVERLAP)
        fresh = [id for id, at in changed.items() if seen.get(id) != at]
        if fresh:
            await self.send_json({"type": "gates.changed", "gates": [str(id) for id in fresh]})
            await asyncio.sleep(REST)
        return changed


def signed_in(session_key: str | None) -> Actor | None:
    """Return the person of a session, or None when it, they or their last workspace are gone."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    actor = actor_for_user(user, channel=Channel.DESK)
    return actor if actor.workspaces else None


def changed_since(actor: Actor, since: datetime) -> dict[UUID, datetime]:
    return queue.changed_keys(actor, since=since)


async def _wait(woken: asyncio.Event) -> bool:
    """Wait for a wake-up and gather those that follow at once; False when only time passed."""
    try:
        await asyncio.wait_for(woken.wait(), CHECK)
    except TimeoutError:
        return False
    await asyncio.sleep(GATHER)
    woken.clear()
    return True
