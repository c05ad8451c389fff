"""The real client, whose every answer is held to its shape."""

from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator

from tests.sdk.fields import Schema
from tests.sdk.shapes import SHAPES


class Checked:
    """A client whose answers are held to their shapes; it is used as the client itself."""

    def __init__(self, inner: Any, family: str = "") -> None:
        self._inner, self._family = inner, family

    def __enter__(self) -> "Checked":
        return self

    def __exit__(self, *_: Any) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "mesh":
            return Checked(found, "mesh.")
        schema = SHAPES.get(self._family + name)
        return _checking(found, schema) if schema else found


def _checking(method: Callable[..., Any], schema: Schema) -> Callable[..., Any]:
    def call(*args: Any, **given: Any) -> Any:
        answer = method(*args, **given)
        wrong = [f"{error.json_path}: {error.message}" for error in _errors(schema, answer)]
        assert wrong == []
        return answer

    return call


def _errors(schema: Schema, answer: Any) -> Any:
    return Draft202012Validator(schema).iter_errors(answer)
