"""The clock and the hands: Celery, and the whole schedule in one place.

Every entry only looks for rows that are due, so a missed or doubled tick changes nothing.
"""

import os

from celery import Celery
from django.conf import settings
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("assent")
# Celery keeps the current app by thread; every thread of ours must find this one.
app.set_default()
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://localhost/",
    # The in-memory broker looks for work once a second by default; on a laptop that is the delay.
    broker_transport_options={} if settings.REDIS_URL else {"polling_interval": 0.05},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    # Mails have a queue of their own: a slow mail server must not stop the clock. Calls to other
    # machines need none, as their task only starts the threads that make them.
    task_queues=[Queue("celery"), Queue("mail")],
    task_default_queue="celery",
    task_routes={"approvals.tasks.send_notices": {"queue": "mail"}},
    # A task is only "look for what is due": done late it is done, done twice it finds nothing.
    task_acks_late=True,
    task_default_expires=30,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    timezone="UTC",
)


def every(seconds: float, task: str) -> dict[str, object]:
    """One line of the schedule; a run that waited longer than its period is dropped."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 5)}}


app.conf.beat_schedule = {
    "end what is past its deadline": every(1, "approvals.tasks.expire"),
    "send notices": every(1, "approvals.tasks.send_notices"),
    "remind and escalate": every(1, "approvals.tasks.nudge"),
    "carry scenarios on": every(1, "approvals.tasks.advance"),
    "offer unanswered work again": every(1, "approvals.tasks.redeliver"),
    "call other machines": every(1, "api.tasks.send_calls"),
    "push what waited for its agent": every(30, "api.tasks.push_waiting"),
    "give up files that never came": every(60, "intents.tasks.give_up_uploads"),
    "forget old logins": every(3600, "api.tasks.forget_logins"),
    "forget old calls": every(3600, "api.tasks.forget_calls"),
    "forget old idempotency keys": every(3600, "api.tasks.forget_idempotency_keys"),
}
app.autodiscover_tasks()
