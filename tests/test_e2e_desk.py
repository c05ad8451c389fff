"""An agent asks with the real client, Bob answers in a browser, and Ann sees it happen."""

import time
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.stage import open_request, question, sign_in

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
    agent = run(server, "ask", question(title, task={"assignees": ["reviewers"]}))
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


def test_a_list_with_focus_in_it_shows_an_answer_and_news_without_moving(server, open_page):
    first, second, third = (f"Refund {uuid4().hex[:6]}?" for _ in range(3))
    with server.api() as api:
        for title in (first, second):
            api.post("/v1/intents", json=question(title, task={"assignees": ["reviewers"]}))
        ann, bob = open_page("ann"), open_page("bob")
        ann.goto("/")
        row = ann.get_by_role("link", name=first)
        row.focus()
        ann.evaluate("window.samePage = true")

        open_request(bob, second)
        bob.get_by_role("button", name="Reject").click()
        expect(ann.get_by_role("link", name=second)).to_contain_text("Rejected by Bob")

        api.post("/v1/intents", json=question(third, task={"assignees": ["reviewers"]}))
        expect(ann.get_by_text("1 new")).to_be_visible()
        assert ann.get_by_role("link", name=third).count() == 0
        expect(row).to_be_focused()
        assert ann.evaluate("window.samePage") is True


def test_the_page_that_came_too_late_is_told_who_was_first(server, run, open_page):
    title = f"Refund {uuid4().hex[:6]}?"
    agent = run(server, "ask", question(title, task={"assignees": ["reviewers"]}))
    agent.told("sent")
    ann, bob = open_page("ann"), open_page("bob")
    open_request(bob, title)
    open_request(ann, title)
    ann.route("**/live?*", lambda route: None)  # News does not get through to Ann.
    ann.get_by_label("Comment").fill("I would rather not.")
    bob.get_by_role("button", name="Approve").click()
    assert agent.told("ended")["intent"]["result"]["decided_by"] == "bob@example.com"

    ann.get_by_role("button", name="Reject").click()

    alert = ann.get_by_role("alert")
    expect(alert).to_contain_text("Bob already answered “approved”")
    expect(ann.get_by_text("Approved by Bob").first).to_be_visible()


def test_a_confirmation_that_came_back_with_an_error_gives_the_focus_to_the_request(
    server, open_page
):
    title = f"Deploy {uuid4().hex[:6]}"
    with server.api() as api:
        api.post("/v1/intents", json=question(title, task={"risk": "critical"}))
    bob = open_page("bob")
    open_request(bob, title)

    bob.get_by_role("button", name="Approve…").click()
    bob.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(bob.get_by_label("Type its name to go on")).to_be_focused()
    bob.keyboard.press("Escape")

    expect(bob.locator("#req-title")).to_be_focused()


def test_a_grave_request_asks_once_more_and_works_without_scripts(server, run, browser):
    title = f"Delete the archive {uuid4().hex[:6]}?"
    agent = run(server, "ask", question(title, task={"risk": "high"}))
    agent.told("sent")
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    bob = context.new_page()
    sign_in(bob, "bob")
    open_request(bob, title)
    bob.get_by_label("Comment").fill("The copy is safe.")

    bob.get_by_role("button", name="Approve").click()
    bob.get_by_role("heading", name="Approve").wait_for()
    bob.get_by_role("button", name="Approve").click()

    result = agent.told("ended")["intent"]["result"]
    assert (result["outcome"], result["comment"]) == ("approved", "The copy is safe.")
