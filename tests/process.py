"""Child processes for end-to-end tests: they write to a file and always end with their test."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tests" / "programs"


class Process:
    """A child with a process group of its own, so that killing it leaves no grandchild behind."""

    def __init__(self, *command: str, env: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self) -> None:
        """Ask it to end in an orderly way, as a supervisor does, and wait until it has."""
        self._popen.terminate()
        self._popen.wait(timeout=30)

    def kill(self) -> None:
        """Send SIGKILL to it and its children: nothing is tidied up, as in a power cut."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(timeout=10)


class Program(Process):
    """One of `tests/programs`, which uses the real client and prints a JSON object per line."""

    def __init__(
        self, name: str, *arguments: Any, url: str, key: str, log: Path, **options: str
    ) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        env = {**kept, "AXME_BASE_URL": url, "AXME_API_KEY": key, **options}
        words = [each if isinstance(each, str) else json.dumps(each) for each in arguments]
        super().__init__(sys.executable, str(PROGRAMS / f"{name}.py"), *words, env=env, log=log)

    def told(self, name: str, *, within: float = 30) -> dict[str, Any]:
        """Return the first line that has this name in it, waiting for it to be printed."""

        def found() -> dict[str, Any] | None:
            line = next((line for line in self.lines() if name in line), None)
            assert line or self.is_running or any(name in each for each in self.lines()), (
                f"It ended without telling {name}:\n{self.output[-3000:]}"
            )
            return line

        return until(found, within=within, what=f"{name} of {self.log.name}")

    def lines(self) -> Iterator[dict[str, Any]]:
        """Return what it has told so far."""
        for line in self.output.splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                yield json.loads(line)
