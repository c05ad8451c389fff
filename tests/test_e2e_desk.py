"""An agent asks with the real client, Bob answers in a browser, and Ann sees it happen."""

import time
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.stage import open_request, question

pytestmark = pytest.mark.e2e


def half_written(page: Page, title: str) -> None:
    """Leave a page open in the middle of a comment, and marked, so that a reload would show."""
    open_request(page, title)
    page.get_by_label("Comment").press_sequentially("I would say")
    page.evaluate("window.samePage = true")


def assert_undisturbed(page: Page) -> None:
    assert page.evaluate("window.samePage") is True
    expect(page.get_by_label("Comment")).to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("I would say")


@pytest.mark.parametrize(
    ("button", "answer", "status", "outcome"),
    [
        ("Approve", "Approved by Bob", "COMPLETED", "approved"),
        ("Reject", "Rejected by Bob", "FAILED", "rejected"),
    ],
)
def test_client_goes_on_within_a_second_of_the_click_and_an_open_page_shows_it(
    server, run, open_page, button, answer, status, outcome
):
    title = f"Refund 120 to Dora {uuid4().hex[:6]}?"
    agent = run(server, "ask", question(title))
    agent.told("sent")
    ann, bob = open_page("ann"), open_page("bob")
    half_written(ann, title)

    open_request(bob, title)
    bob.get_by_label("Comment").fill("She showed the receipt.")
    clicked = time.time()
    bob.get_by_role("button", name=button).click()

    ended = agent.told("ended")
    intent = ended["intent"]
    assert ended["at"] - clicked < 1
    assert ended["ended"]["status"] == status
    told = intent["result"] if status == "COMPLETED" else intent["error"]
    assert (told["outcome"], told["decided_by"]) == (outcome, "bob@example.com")
    assert told["comment"] == "She showed the receipt."
    expect(ann.get_by_text(answer).first).to_be_visible()
    assert_undisturbed(ann)
