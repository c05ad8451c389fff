"""(d) The desk's queue page with a hundred thousand open gates: server time and queries."""

import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from bench.server import Place

TIMES = 20
# The shape the actions leave behind, made by the database itself: gates of very different ages.
ROWS = """
    CREATE TEMP TABLE made AS
        SELECT n, gen_random_uuid() AS intent, gen_random_uuid() AS gate,
            now() - n * interval '30 seconds' AS at
        FROM generate_series(1, %(gates)s) AS n;
    INSERT INTO intents_intent (id, workspace_id, type, correlation_id, from_agent, from_address,
        to_agent, to_address, reply_to, payload, status, waiting_reason, pending_with, handler,
        seq, reminders, controls, policy, policy_generation, scenario_id, step_id, created_at,
        updated_at)
    SELECT intent, %(workspace)s, 'refund.v1', gen_random_uuid(),
        'agent://myorg/production/refunds', 'agent://myorg/production/refunds', 'human', 'human',
        '', '{"order": 58213, "amount": "64.90", "currency": "EUR"}', 'WAITING',
        'WAITING_FOR_HUMAN', '{"type": "human"}', '', 5, '{}', '{}', '{}', 0, '', '', at, at
    FROM made;
    INSERT INTO approvals_gate (id, workspace_id, intent_id, kind, title, description, asker, risk,
        outcomes, form_schema, is_comment_required, is_evidence_required, rule, context, version,
        digest, state, outcome, opened_at, changed_at, rank_at, reminders, reminders_sent, step_id,
        goes_on_after_no)
    SELECT gate, %(workspace)s, intent, 'approval', 'Refund order ' || n, 'Damaged on arrival',
        'agent://myorg/production/refunds', 'low',
        '[{"value": "approved", "effect": "advance", "is_hidden": false},
          {"value": "rejected", "effect": "fail", "is_hidden": false}]', '{}', false, false,
        '{"stages": [{"people": [], "anyone": true, "approvals": 1, "rejections": 1}],
          "exclude": ["asker"], "on_deadline": "expire"}', '{}', 1, repeat('0', 64), 'open', '',
        at, at, at + interval '365 days', '{}', 0, '', false FROM made;
    INSERT INTO approvals_seat (gate_id, holder, rank_at)
    SELECT gate, 'reviewers:' || %(workspace)s, at + interval '365 days' FROM made;
    ANALYZE;"""


@dataclass(frozen=True)
class Page:
    p50_ms: float
    queries: int


def measure(place: Place, gates: int) -> Page:
    """Fill the database and open the queue as its reviewer, in a process of its own."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as one:
        return one.submit(_measure, place.environment, gates).result()


def _measure(environment: dict[str, str], gates: int) -> Page:
    os.environ.update(environment)
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import Membership

    member = Membership.objects.select_related("user").order_by("id")[0]
    workspace = str(member.workspace_id)
    with connection.cursor() as cursor:
        values = {"gates": str(gates), "workspace": f"'{workspace}'"}
        cursor.execute(_filled(values))
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(member.user)
    client.get("/")
    taken = [_timed(client) for _ in range(TIMES)]
    with CaptureQueriesContext(connection) as captured:
        client.get("/")
    return Page(statistics.median(taken), len(captured))


def _filled(values: dict[str, str]) -> str:
    text = ROWS
    for name, value in values.items():
        text = text.replace(f"%({name})s", value)
    return text


def _timed(client: object) -> float:
    begun_at = time.perf_counter()
    answer = client.get("/")  # type: ignore[attr-defined]
    taken = (time.perf_counter() - begun_at) * 1000
    if answer.status_code != 200 or b"Refund order" not in answer.content:
        raise RuntimeError(f"The queue page answered {answer.status_code} without a request on it")
    return taken
