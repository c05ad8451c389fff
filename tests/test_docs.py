"""The documents name what there is: every route, every setting."""

import re
from pathlib import Path

from api.axme.unsupported import FAMILIES
from api.openapi import describe
from api.urls import api

ROOT = Path(__file__).resolve().parent.parent


def test_every_route_is_in_the_compatibility_table_and_no_other():
    text = (ROOT / "docs/compatibility.md").read_text()
    listed = set(re.findall(r"^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)` \|", text, re.MULTILINE))

    served = {
        f"{method.upper()} {path}"
        for path, operations in describe(api)["paths"].items()
        for method in operations
    }

    assert listed == served


def test_every_family_that_is_not_supported_is_listed_with_what_it_says():
    text = (ROOT / "docs/compatibility.md").read_text()
    listed = dict(re.findall(r"^\| `/v1/([a-z-]+)` \| (.+) \|$", text, re.MULTILINE))

    assert listed == FAMILIES


def test_every_setting_is_in_the_readme_and_no_other():
    code = (ROOT / "config/settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code))
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("## Settings") : readme.index("## Working on it")]
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", table, re.MULTILINE)

    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}

    assert told == read


def test_links_between_the_documents_lead_somewhere():
    pages = [page for folder in ("docs", "examples") for page in (ROOT / folder).rglob("*.md")]
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *pages]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_example_is_told_of_and_its_commands_name_what_there_is():
    told = (ROOT / "examples/README.md").read_text()
    for folder in (path.parent for path in (ROOT / "examples").glob("*/*.py")):
        page = (folder / "README.md").read_text()

        assert f"]({folder.name}/)" in told
        for name in re.findall(r"(?<=[ =])examples/[\w/.]+", page):
            assert (ROOT / name).exists(), f"{folder.name} names {name}"
