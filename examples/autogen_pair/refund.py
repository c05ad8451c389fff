"""Two AutoGen agents, and a person between them: one proposes a refund, the other pays it."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import StructuredMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import FunctionCall
from axme import AxmeClient, AxmeClientConfig
from pydantic import BaseModel
from scripted_model import ScriptedModel

SAVED = Path("team.json")


class Refund(BaseModel):
    """What the analyst proposes, the person approves, and the clerk pays."""

    order: str
    amount: str
    reason: str


def look_up(order: str) -> str:
    """Tell what is known of an order."""
    return f"Order {order}: 64.90 paid, arrived broken, photos attached."


def build_team(approved: Refund | None = None) -> RoundRobinGroupChat:
    def pay() -> str:
        """Pay the approved refund. It takes no arguments: no model can pay anything else."""
        if approved is None:
            return "Nothing is approved."
        # If the process dies right here, it is called again: give your payment provider an
        # idempotency key, too.
        return f"Paid {approved.amount} for order {approved.order}."

    # For real models: model_client=OpenAIChatCompletionClient(model=...) of autogen-ext.
    analyst = AssistantAgent(
        "analyst",
        model_client=ScriptedModel(
            [FunctionCall(id="1", name="look_up", arguments='{"order": "58213"}')],
            Refund(order="58213", amount="64.90", reason="arrived broken").model_dump_json(),
        ),
        tools=[look_up],
        output_content_type=Refund,
    )
    clerk = AssistantAgent(
        "clerk",
        model_client=ScriptedModel([FunctionCall(id="2", name="pay", arguments="{}")]),
        tools=[pay],
    )
    # One turn at a time: the team stops after each, and the person's turn is between the two.
    return RoundRobinGroupChat(
        [analyst, clerk], max_turns=1, custom_message_types=[StructuredMessage[Refund]]
    )


async def main() -> None:
    saved = json.loads(SAVED.read_text()) if SAVED.exists() else await propose()
    if "intent" not in saved:
        saved["intent"] = ask(saved)
        save(saved)
    print("Waiting for a person.", flush=True)
    answer = await asyncio.to_thread(client.wait_for, saved["intent"])
    if answer["status"] == "COMPLETED" and answer["data"]["approved"]:
        print(await pay(saved))
    else:
        print(f"Not paid: {answer['data'].get('message', answer['status'])}")
    SAVED.unlink()


async def propose() -> dict[str, Any]:
    """Let the analyst have its turn, and keep the team as it then is."""
    team = build_team()
    result = await team.run(task="The parcel of order 58213 arrived broken.")
    proposal = result.messages[-1].content.model_dump()
    saved = {"case": uuid4().hex, "proposal": proposal, "team": await team.save_state()}
    save(saved)
    return saved


async def pay(saved: dict[str, Any]) -> str:
    """Let the kept team go on, in this process or in a later one: now the clerk has its turn."""
    team = build_team(approved=Refund(**saved["proposal"]))
    await team.load_state(saved["team"])
    result = await team.run(task="The refund is approved. Pay it.")
    return result.messages[-1].content


def ask(saved: dict[str, Any]) -> str:
    """Put exactly this proposal before a person, and return the intent that asks."""
    proposal = saved["proposal"]
    return client.send_intent(
        {
            "intent_type": "intent.refund.v1",
            "to_agent": "human",
            "payload": proposal,
            "human_task": {"title": f"Refund order {proposal['order']}?", "task_type": "approval"},
        },
        # For a crash between asking and saving: asked again, the server returns the same intent.
        idempotency_key=saved["case"],
    )


def save(saved: dict[str, Any]) -> None:
    """Keep the team. Moved into place: a crash never leaves half a file."""
    aside = SAVED.with_suffix(".new")
    aside.write_text(json.dumps(saved))
    aside.replace(SAVED)


config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    asyncio.run(main())
