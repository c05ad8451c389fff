"""Stands in for a language model, so that the example needs no API key and always runs the same."""

from collections.abc import Sequence
from typing import Any

from autogen_core import FunctionCall
from autogen_core.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    LLMMessage,
    ModelFamily,
    ModelInfo,
    RequestUsage,
)

NOTHING = RequestUsage(prompt_tokens=0, completion_tokens=0)


class ScriptedModel(ChatCompletionClient):
    """Says its lines in order: text, or calls of tools.

    Which line is next follows from the conversation alone, as with a real model: a process that
    takes over a saved team gets the same next line.
    """

    def __init__(self, *lines: str | list[FunctionCall]) -> None:
        self._lines = lines

    async def create(self, messages: Sequence[LLMMessage], **_: Any) -> CreateResult:
        said = sum(isinstance(each, AssistantMessage) for each in messages)
        line = self._lines[said]
        reason = "stop" if isinstance(line, str) else "function_calls"
        return CreateResult(finish_reason=reason, content=line, usage=NOTHING, cached=False)

    def create_stream(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("This script is not streamed.")

    @property
    def model_info(self) -> ModelInfo:
        return ModelInfo(
            vision=False,
            function_calling=True,
            json_output=True,
            structured_output=True,
            family=ModelFamily.UNKNOWN,
        )

    @property
    def capabilities(self) -> Any:
        return self.model_info

    def actual_usage(self) -> RequestUsage:
        return NOTHING

    def total_usage(self) -> RequestUsage:
        return NOTHING

    def count_tokens(self, *_: Any, **__: Any) -> int:
        return 0

    def remaining_tokens(self, *_: Any, **__: Any) -> int:
        return 1_000_000

    async def close(self) -> None:
        pass
