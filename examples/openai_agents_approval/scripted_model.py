"""Stands in for a language model, so that the example needs no API key and always runs the same."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from agents import Model, ModelResponse, Usage
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

REFUND = {"order": "58213", "amount": "64.90"}


class ScriptedModel(Model):
    """First asks for the refund tool; when the tool has answered, repeats what it said.

    What it says follows from the conversation alone, as with a real model: a process that takes
    over a saved run gets the same next line.
    """

    async def get_response(self, system_instructions: Any, input: Any, *_: Any, **__: Any) -> Any:
        items = input if isinstance(input, list) else []
        told = [each["output"] for each in items if each.get("type") == "function_call_output"]
        line = says(told[-1]) if told else calls_refund()
        return ModelResponse(output=[line], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError("This script is not streamed.")


def calls_refund() -> ResponseFunctionToolCall:
    call_id = f"call_{uuid4().hex}"
    return ResponseFunctionToolCall(
        type="function_call", call_id=call_id, name="refund", arguments=json.dumps(REFUND)
    )


def says(text: str) -> ResponseOutputMessage:
    said = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id="message_1", type="message", role="assistant", status="completed", content=[said]
    )
