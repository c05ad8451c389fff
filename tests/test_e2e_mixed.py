"""A thousand runs of every kind at once, with ten agents of which some are killed in the middle."""

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.mixed import AGENTS, HERE, KINDS
from tests.process import PROGRAMS, ROOT
from tests.server import Server
from tests.waiting import until

RUNS = int(os.environ.get("MIXED_RUNS", "1000"))
SEED = int(os.environ.get("MIXED_SEED", str(random.randrange(10**6))))
ENDS = {"COMPLETED", "FAILED", "CANCELED", "TIMED_OUT"}
WITHIN = 120
TYPE = "intent.mixed.v1"
EVENTS = (
    "FROM events_event WHERE intent_id IN "
    f"(SELECT id FROM intents_intent WHERE type = '{TYPE}') ORDER BY intent_id, seq"
)


@pytest.fixture
def agents(server, run):
    """Start ten agents with keys of their own; return how to start one again."""
    command = [sys.executable, str(PROGRAMS / "keys.py"), *AGENTS]
    env = server.env | {"PYTHONPATH": str(ROOT)}
    made = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=90)
    assert made.returncode == 0, made.stderr
    server.keys |= json.loads(made.stdout)
    return Agents(server, run)


class Agents:
    """The processes that run now, and everything that any of them has printed."""

    def __init__(self, server, run):
        self._server, self._run = server, run
        self.programs = []
        self.alive = {}
        for name in AGENTS:
            self.start(name)

    def start(self, name):
        self.alive[name] = self._run(self._server, "mixed", f"{HERE}/{name}", key=name)
        self.programs.append((name, self.alive[name]))

    def kill_in_the_middle(self, name, *, after):
        """Kill an agent when it was given so many pieces of work, and start it again."""
        victim = self.alive[name]
        until(lambda: len(taken(victim)) >= after, what=f"{after} pieces for {name}")
        victim.kill()
        self.start(name)

    def took(self):
        """Return the intents each agent was given, by its name."""
        given = defaultdict(set)
        for name, program in self.programs:
            given[name] |= taken(program)
        return given


def taken(program):
    return {line["took"] for line in program.lines() if "took" in line}


def start_all(server, chance):
    """Start all runs from several senders at once, in a random order."""
    kinds = chance.choices(KINDS, weights=[kind.share for kind in KINDS], k=RUNS)
    wanted = [(kind, chance.choice(AGENTS)) for kind in kinds]
    with server.api() as api, ThreadPoolExecutor(8) as senders:
        return list(senders.map(lambda each: each[0].start(api, each[0], each[1]), wanted))


@contextmanager
def people_answering(server: Server):
    """Answer whatever asks for a yes or a no, until told to stop."""
    stop = threading.Event()
    person = threading.Thread(target=answer_all, args=[server, stop])
    person.start()
    try:
        yield
    finally:
        stop.set()
        person.join()


def answer_all(server, stop):
    with server.api() as api, ThreadPoolExecutor(4) as people:
        while not stop.wait(0.1):
            tasks = api.get("/v1/me/tasks").json()["tasks"]
            list(people.map(lambda task: answer(api, task), tasks))


def answer(api, task):
    words = {"Say yes": "approve", "Say no": "reject"}
    if decision := words.get(task["human_task"]["title"]):
        body = {"decision": decision, "comment": "As asked."}
        said = api.post(f"/v1/approvals/{task['approval_id']}/decision", json=body)
        assert said.status_code in {200, 409}, said.text


def trails(server, runs):
    with server.api() as api, ThreadPoolExecutor(8) as readers:
        paths = [f"/v1/intents/{run.intent_id}/events" for run in runs]
        return list(readers.map(lambda path: api.get(path).json()["events"], paths))


def wait_until_over(server, runs):
    """Return the state each run ended in. One is asked about at a time: the server is busy."""
    found = {}
    waiting = list(runs)

    def all_over():
        while waiting:
            intent_id = waiting[-1].intent_id
            state = api.get(f"/v1/intents/{intent_id}").json()["intent"]["status"]
            if state not in ENDS:
                return False
            found[intent_id] = state
            waiting.pop()
        return True

    with server.api() as api:
        try:
            until(all_over, within=WITHIN, what="The end of all runs")
        except AssertionError as late:
            late.add_note(f"Waiting: {Counter(run.kind.name for run in waiting)}; seed {SEED}")
            raise
    return found


def test_a_thousand_mixed_runs_end_right_though_agents_are_killed(server, agents):
    chance = random.Random(SEED)
    victims = chance.sample(AGENTS, 2)
    with people_answering(server), ThreadPoolExecutor(1) as background:
        starting = background.submit(start_all, server, chance)
        for victim in victims * 2:
            agents.kill_in_the_middle(victim, after=chance.randint(1, RUNS // 40))
        runs = starting.result()
        found = wait_until_over(server, runs)

    assert len(runs) == RUNS
    wrong = [(run.kind.name, run.intent_id) for run in runs if found[run.intent_id] != run.must_end]
    assert wrong == [], f"seed {SEED}"
    for run, trail in zip(runs, trails(server, runs), strict=True):
        check_trail(run, trail)
    check_what_is_kept(server)
    check_deliveries(server, runs, agents.took())


def check_trail(run, trail):
    """No gap, no duplicate, and one end, which is the last thing that happened."""
    told = f"{run.kind.name} {run.intent_id}, seed {SEED}"
    assert [event["seq"] for event in trail] == list(range(2, 2 * len(trail) + 1, 2)), told
    ends = [event for event in trail if event["status"] in ENDS]
    assert ends == trail[-1:], told
    assert ends[0]["status"] == run.must_end, told
    if run.kind.name == "complete":
        assert ends[0]["data"]["by"] == f"{HERE}/{run.agent}", told


def check_what_is_kept(server):
    """The same of everything that was written, the steps of scenarios too; nothing stays open."""
    kept = defaultdict(list)
    for intent_id, seq, status in server.query(f"SELECT intent_id, seq, status {EVENTS}"):
        kept[intent_id].append((seq, status))
    for intent_id, events in kept.items():
        assert [seq for seq, _ in events] == list(range(1, len(events) + 1)), intent_id
        ends = [seq for seq, status in events if status in ENDS]
        assert ends == [len(events)], intent_id


def check_deliveries(server, runs, took):
    """Nobody was given another one's work, and nobody's was forgotten."""
    rows = server.query(f"SELECT id, to_address FROM intents_intent WHERE type = '{TYPE}'")
    meant = {str(UUID(str(id))): address for id, address in rows}
    for name in AGENTS:
        strays = {id for id in took[name] if meant[id] != f"{HERE}/{name}"}
        assert strays == set(), f"{name}, seed {SEED}"
    needed = {run.intent_id for run in runs if run.kind.name in {"complete", "fail"}}
    assert needed <= set().union(*took.values())
