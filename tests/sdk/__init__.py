"""A real call of every method of the real axme client, with what its answer must say.

`tests/test_sdk_methods.py` runs them and sees to it that none is missing.
"""

from tests.sdk import agents, families, outside, people, work
from tests.sdk.caller import CALLS, Caller, connect, refused
from tests.sdk.shapes import SHAPES
from tests.sdk.unserved import NOT_SUPPORTED

__all__ = [
    "CALLS", "NOT_SUPPORTED", "SHAPES", "Caller", "agents", "connect", "families", "outside", "people",
    "refused", "work",
]  # fmt: skip
