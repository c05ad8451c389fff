"""The words a start prints: everything on the first one, the address on every later one."""

import json
from textwrap import dedent, indent
from uuid import uuid4

from django.conf import settings

from accounts.actions import DEFAULT_WORKSPACE
from config.management.first_start import Welcome

QUESTION = {
    "intent_type": "intent.refund.v1",
    "from_agent": f"agent://{DEFAULT_WORKSPACE}/first",
    "to_agent": f"agent://{DEFAULT_WORKSPACE}/desk",
    "payload": {"customer": "Ann", "amount": 120},
    "human_task": {"task_type": "approval", "title": "Refund 120 to Ann?"},
}


def greeting(welcome: Welcome | None) -> str:
    """Return what to print once the server accepts requests."""
    address = settings.PUBLIC_URL
    if welcome is None:
        return "\n".join([f"Assent is ready at {address}", *_mail("")])
    return "\n".join(
        [
            f"Assent is ready at {address}",
            "",
            "Shown this once:",
            f"  Sign in    {welcome.email}",
            f"  Password   {welcome.password}",
            f"  API key    {welcome.key}",
            "",
            f"  Workspace  {DEFAULT_WORKSPACE}",
            f"  Admin      {address}/admin/",
            *_mail("  "),
            "",
            "Ask a person something, then look at the desk:",
            "",
            indent(_curl(address, welcome.key), "  "),
            "",
            "The same in Python, which also waits for the answer (pip install axme):",
            "",
            indent(_python(address, welcome.key), "  "),
        ]
    )


def _mail(margin: str) -> list[str]:
    """Say where letters go, as long as no mail server is named."""
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return []
    return [f"{margin}Mail       {settings.MAIL_DIR} (no EMAIL_URL is set)"]


def _curl(address: str, key: str) -> str:
    body = json.dumps({**QUESTION, "correlation_id": str(uuid4())}, indent=2)
    return "\n".join(
        [
            f"curl {address}/v1/intents \\",
            f"  -H 'x-api-key: {key}' -H 'Content-Type: application/json' \\",
            f"  -d '{body}'",
        ]
    )


def _python(address: str, key: str) -> str:
    return dedent(
        f"""\
        from axme import AxmeClient, AxmeClientConfig

        client = AxmeClient(AxmeClientConfig(base_url="{address}", api_key="{key}"))
        intent_id = client.send_intent({{
            "intent_type": "{QUESTION["intent_type"]}",
            "from_agent": "{QUESTION["from_agent"]}",
            "to_agent": "{QUESTION["to_agent"]}",
            "payload": {{"customer": "Ann", "amount": 120}},
            "human_task": {{"task_type": "approval", "title": "Refund 120 to Ann?"}},
        }})
        print(client.wait_for(intent_id)["status"])"""
    )
