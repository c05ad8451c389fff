"""A LangGraph graph that stops at interrupt() and goes on with a person's answer."""

import hashlib
import json
import os
import sqlite3
import sys
from typing import Any, TypedDict

from axme import AxmeClient, AxmeClientConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Interrupt, interrupt


class Refund(TypedDict, total=False):
    """What the graph knows of one order."""

    order: str
    amount: str
    answer: dict[str, Any]
    outcome: str


# The graph is a plain LangGraph graph: nothing in it knows who answers an interrupt.


def assess(state: Refund) -> Refund:
    return {"amount": "64.90"}


def ask(state: Refund) -> Refund:
    question = {"title": f"Refund order {state['order']}?", "amount": state["amount"]}
    return {"answer": interrupt(question)}


def act(state: Refund) -> Refund:
    if not state["answer"]["approved"]:
        return {"outcome": f"not refunded: {state['answer']['comment']}"}
    return {"outcome": f"refunded {state['amount']}"}


def build(database: sqlite3.Connection) -> Any:
    graph = StateGraph(Refund)
    graph.add_sequence([assess, ask, act])
    graph.add_edge(START, "assess")
    graph.add_edge("act", END)
    return graph.compile(checkpointer=SqliteSaver(database))


# The bridge: every open interrupt becomes one gate, and its answer what interrupt() returns.


def answer_interrupts(
    graph: Any, config: dict[str, Any], *, client: AxmeClient, database: sqlite3.Connection
) -> dict[str, Any]:
    """Let people answer until the graph has finished, and return its last state."""
    while (state := graph.get_state(config)).next:
        asked = {each.id: ask_once(each, client, database) for each in state.interrupts}
        if asked:
            print("Waiting for a person.", flush=True)
        answers = {each: wait(client, intent_id) for each, intent_id in asked.items()}
        # Without an open interrupt the last process died between two nodes: None goes on there.
        graph.invoke(Command(resume=answers) if answers else None, config)
    return state.values


def ask_once(pending: Interrupt, client: AxmeClient, database: sqlite3.Connection) -> str:
    """Return the intent that asks this, also in a process that never saw the question asked.

    LangGraph keeps the interrupt's id over restarts, and gives the same id to all interrupts of one
    node; the question tells them apart. Being the idempotency key as well, a crash between sending
    and noting asks nobody twice.
    """
    question = json.dumps([pending.id, pending.value], sort_keys=True)
    key = hashlib.sha256(question.encode()).hexdigest()
    database.execute("CREATE TABLE IF NOT EXISTS asked (key PRIMARY KEY, intent)")
    if row := database.execute("SELECT intent FROM asked WHERE key = ?", [key]).fetchone():
        return row[0]
    intent_id = client.send_intent(
        {
            "intent_type": "intent.refund.v1",
            "to_agent": "human",
            "payload": pending.value,
            "human_task": {"title": pending.value["title"], "task_type": "approval"},
        },
        idempotency_key=key,
    )
    with database:
        database.execute("INSERT INTO asked VALUES (?, ?)", [key, intent_id])
    return intent_id


def wait(client: AxmeClient, intent_id: str) -> dict[str, Any]:
    """Return what interrupt() shall return. Everything but a yes is a no with its reason."""
    ended = client.wait_for(intent_id)
    if ended["status"] == "COMPLETED":
        return {"approved": ended["data"]["approved"], "comment": ended["data"]["comment"]}
    return {"approved": False, "comment": ended["data"].get("message", ended["status"])}


def main() -> None:
    order = sys.argv[1] if len(sys.argv) > 1 else "58213"
    thread = {"configurable": {"thread_id": f"refund-{order}"}}
    settings = AxmeClientConfig(
        base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"]
    )
    database = sqlite3.connect("refund.sqlite", check_same_thread=False)
    graph = build(database)
    if graph.get_state(thread).next:
        print("Going on where the last process stopped.", flush=True)
    else:
        graph.invoke({"order": order}, thread)
    with AxmeClient(settings) as client:
        state = answer_interrupts(graph, thread, client=client, database=database)
    print(f"Order {order}: {state['outcome']}")


main()
