"""An OpenAI Agents SDK agent whose tool needs approval: a person gives it, however late."""

import asyncio
import json
import os
from pathlib import Path

from agents import Agent, Runner, RunState, function_tool, set_tracing_disabled
from agents.items import ToolApprovalItem
from axme import AxmeClient, AxmeClientConfig
from scripted_model import ScriptedModel

SAVED = Path("run.json")


@function_tool(needs_approval=True)
def refund(order: str, amount: str) -> str:
    """Pay money back to the customer."""
    # If the process dies right here, the call is made again: give your payment provider an
    # idempotency key, too.
    return f"Refunded {amount} for order {order}."


# For a real model: model="gpt-5" and OPENAI_API_KEY.
agent = Agent(name="Support", tools=[refund], model=ScriptedModel())


async def main() -> None:
    asked: dict[str, str] = {}
    if SAVED.exists():
        print("Going on where the last process stopped.", flush=True)
        saved = json.loads(SAVED.read_text())
        state, asked = await RunState.from_json(agent, saved["run"]), saved["asked"]
    else:
        result = await Runner.run(agent, "The parcel of order 58213 arrived broken.")
        state = result.to_state()
    while calls := state.get_interruptions():
        save(state, asked)
        for call in calls:
            if call.call_id not in asked:
                asked[call.call_id] = ask(call)
        save(state, asked)
        print("Waiting for a person.", flush=True)
        for call in calls:
            await settle(state, call, asked[call.call_id])
        result = await Runner.run(agent, state)
        state = result.to_state()
    SAVED.unlink(missing_ok=True)
    print(result.final_output)


def ask(call: ToolApprovalItem) -> str:
    """Put exactly this call before a person, and return the intent that asks."""
    return client.send_intent(
        {
            "intent_type": "intent.tool_call.v1",
            "to_agent": "human",
            "payload": {"tool": call.name, "arguments": json.loads(call.arguments)},
            "human_task": {"title": f"Let {agent.name} call {call.name}?", "task_type": "approval"},
        },
        idempotency_key=call.call_id,
    )


async def settle(state: RunState, call: ToolApprovalItem, intent_id: str) -> None:
    """Wait for the answer and tell the run. Whatever is not a yes is a no."""
    answer = await asyncio.to_thread(client.wait_for, intent_id)
    if answer["status"] == "COMPLETED" and answer["data"]["approved"]:
        state.approve(call)
    else:
        reason = answer["data"].get("message", answer["status"])
        state.reject(call, rejection_message=f"Not allowed: {reason}")


def save(state: RunState, asked: dict[str, str]) -> None:
    """Keep the run and what it asked. Moved into place: a crash never leaves half a file."""
    aside = SAVED.with_suffix(".new")
    aside.write_text(json.dumps({"run": state.to_json(), "asked": asked}))
    aside.replace(SAVED)


set_tracing_disabled(True)  # Traces would go to OpenAI.
config = AxmeClientConfig(base_url=os.environ["AXME_BASE_URL"], api_key=os.environ["AXME_API_KEY"])
with AxmeClient(config) as client:
    asyncio.run(main())
