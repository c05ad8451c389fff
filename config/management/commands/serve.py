"""`manage.py serve`: from nothing to a running Assent, and back down in an orderly way."""

import gc
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from config.celery import app as celery_app
from config.laptop import ClockAndHands
from config.management import servers
from config.management.assets import collect
from config.management.first_start import Welcome, prepare_database
from config.management.greeting import greeting

CELERY_SECONDS = 3.0


class Command(BaseCommand):
    help = "Migrate, collect static files, and serve the desk, the API and the admin."
    # The worker runs them, `make check` runs them; a start should take a second.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            servers.claim(settings.HOST, settings.PORT)
            self._serve()
        except servers.PortTaken as failure:
            raise CommandError(str(failure)) from failure

    def _serve(self) -> None:
        collect()
        # Loaded before the first key exists: a start that fails here has not used up its greeting.
        from config.asgi import application

        welcome = _prepared()
        # Without Redis no other process can reach the broker, so its worker has to live here.
        hands = None if settings.REDIS_URL else ClockAndHands(celery_app)
        _settle_down()
        self._run(application, welcome, hands)
        if hands is not None and hands.has_failed:
            sys.exit(1)

    def _run(self, application: Any, welcome: Welcome | None, hands: ClockAndHands | None) -> None:
        def ready() -> None:
            if hands is not None:
                hands.start()
            self.stdout.write(greeting(welcome))
            self.stdout.flush()

        try:
            servers.run(application, ready=ready)
        finally:
            if hands is not None:
                hands.stop(within=CELERY_SECONDS)


def _prepared() -> Welcome | None:
    """Raises: CommandError when the database cannot be reached or used."""
    try:
        return prepare_database()
    except DatabaseError as failure:
        raise CommandError(f"The database cannot be used: {failure}") from failure
    finally:
        # Nothing may be inherited by the threads that come, and this one needs none again.
        connections.close_all()


def _settle_down() -> None:
    """Keep what is loaded out of every later collection; 4 ms pauses become rare ones."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
