"""Bob delegates in his browser, without scripts or with; Ann answers in hers; the agent goes on."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.stage import open_request, question, sign_in

pytestmark = pytest.mark.e2e


def test_bob_delegates_to_ann_whose_list_and_answer_it_becomes(server, run, open_page):
    title = f"Refund 120 to Dora {uuid4().hex[:6]}?"
    agent = run(server, "ask", question(title))
    agent.told("sent")
    ann, bob = open_page("ann"), open_page("bob")
    open_request(bob, title)

    bob.get_by_text("Delegate to somebody else").click()
    bob.get_by_label("Who answers instead of you").select_option("Ann")
    bob.get_by_label("Note").fill("I am away until Monday.")
    bob.get_by_role("button", name="Delegate").click()

    expect(bob.get_by_text("Delegated to Ann.")).to_be_visible()
    bob.goto("/")
    assert bob.get_by_role("link", name=title).count() == 0
    open_request(ann, title)
    expect(ann.get_by_text("Delegated by Bob to Ann")).to_be_visible()
    expect(ann.get_by_text("You, for Bob")).to_be_visible()
    ann.get_by_role("button", name="Approve").click()

    result = agent.told("ended")["intent"]["result"]
    assert (result["decided_by"], result["on_behalf_of"]) == ("ann@example.com", "bob@example.com")


def test_an_open_page_of_a_delegated_request_no_longer_offers_an_answer(server, run, open_page):
    title = f"Refund {uuid4().hex[:6]}?"
    run(server, "ask", question(title)).told("sent")
    first, second = open_page("bob"), open_page("bob")
    for page in (first, second):
        open_request(page, title)

    second.get_by_text("Delegate to somebody else").click()
    second.get_by_label("Who answers instead of you").select_option("Ann")
    second.get_by_role("button", name="Delegate").click()

    expect(first.get_by_text("You delegated this to ann@example.com").first).to_be_visible()
    expect(first.get_by_role("button", name="Approve")).to_have_attribute("aria-disabled", "true")


def test_delegating_works_without_scripts(server, run, browser):
    title = f"Refund {uuid4().hex[:6]}?"
    run(server, "ask", question(title)).told("sent")
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    bob = context.new_page()
    sign_in(bob, "bob")
    open_request(bob, title)

    bob.get_by_text("Delegate to somebody else").click()
    bob.get_by_label("Who answers instead of you").select_option("Ann")
    bob.get_by_role("button", name="Delegate").click()

    expect(bob.get_by_text("Delegated to Ann.")).to_be_visible()
