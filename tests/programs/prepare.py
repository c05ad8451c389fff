"""Prepares a new Assent with the commands an operator has, in one process for speed.

Prints the tokens of the keys: of the workspace, of its agent `worker`, and of another workspace.
"""

import io
import json
import os
import sys

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
PASSWORD, ELSEWHERE = sys.argv[1:]


def key(name: str, **options: str) -> str:
    printed = io.StringIO()
    call_command("issue_key", name, stdout=printed, **options)
    return printed.getvalue().strip()


def reviewer(name: str, **options: str) -> None:
    email = f"{name.lower()}@example.com"
    call_command("add_reviewer", email, password=PASSWORD, name=name, **options)


quiet, sys.stdout = sys.stdout, io.StringIO()
call_command("migrate", verbosity=0)
reviewer("Ann", role="admin")
reviewer("Bob")
reviewer("Cid", workspace=ELSEWHERE)
keys = {
    "here": key("shop"),
    "worker": key("worker", agent="worker"),
    "elsewhere": key("shop", workspace=ELSEWHERE),
}
print(json.dumps(keys), file=quiet)
