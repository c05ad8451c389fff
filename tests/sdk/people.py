"""Inbox and approvals."""

from tests.sdk.caller import Caller, calls


@calls("list_inbox")
def _(caller: Caller) -> None:
    intent_id = caller.ask()
    (thread,) = caller.client.list_inbox(owner_agent=caller.address)["threads"]
    assert (thread["thread_id"], thread["status"]) == (intent_id, "pending")
    assert thread["timeline"]


@calls("get_inbox_thread")
def _(caller: Caller) -> None:
    thread_id = caller.ask()
    told = caller.client.get_inbox_thread(thread_id, owner_agent=caller.address)
    assert told["thread"]["thread_id"] == thread_id


@calls("list_inbox_changes")
def _(caller: Caller) -> None:
    asked = [caller.ask(), caller.ask()]
    read = caller.client.list_inbox_changes
    page = read(owner_agent=caller.address, limit=1)
    rest = read(owner_agent=caller.address, cursor=page["next_cursor"])
    assert page["has_more"] is True
    assert rest["has_more"] is False
    changed = [each["thread"]["thread_id"] for each in [*page["changes"], *rest["changes"]]]
    # What was being written while a cursor was made may come twice.
    assert list(dict.fromkeys(changed)) == asked


@calls("reply_inbox_thread")
def _(caller: Caller) -> None:
    told = caller.client.reply_inbox_thread(
        caller.ask(), message="Which order?", owner_agent=caller.address
    )
    assert told["thread"]["status"] == "active"


@calls("delegate_inbox_thread")
def _(caller: Caller) -> None:
    thread_id, other = caller.ask(), f"{caller.address}-2"
    caller.client.delegate_inbox_thread(
        thread_id, {"delegate_to": other, "note": "Yours"}, owner_agent=caller.address
    )
    (thread,) = caller.client.list_inbox(owner_agent=other)["threads"]
    assert thread["thread_id"] == thread_id


@calls("approve_inbox_thread")
def _(caller: Caller) -> None:
    told = caller.client.approve_inbox_thread(
        caller.ask(), {"comment": "Fine"}, owner_agent=caller.address
    )
    assert told["thread"]["status"] == "done"
    assert caller.client.get_intent(told["thread"]["intent_id"])["status"] == "COMPLETED"


@calls("reject_inbox_thread")
def _(caller: Caller) -> None:
    told = caller.client.reject_inbox_thread(
        caller.ask(), {"comment": "No"}, owner_agent=caller.address
    )
    assert told["thread"]["status"] == "done"
    assert caller.client.get_intent(told["thread"]["intent_id"])["status"] == "FAILED"


@calls("delete_inbox_messages")
def _(caller: Caller) -> None:
    thread_id = caller.ask()
    caller.client.reply_inbox_thread(thread_id, message="Hello", owner_agent=caller.address)
    told = caller.client.delete_inbox_messages(
        thread_id, {"mode": "self", "limit": 1}, owner_agent=caller.address
    )
    assert (told["mode"], told["deleted_count"]) == ("self", 1)
    assert len(told["message_ids"]) == 1


@calls("decide_approval")
def _(caller: Caller) -> None:
    intent_id = caller.ask()
    gate_id = caller.gate(intent_id)
    told = caller.client.decide_approval(gate_id, decision="approve", comment="Fine")["approval"]
    assert (told["approval_id"], told["decision"], told["comment"]) == (gate_id, "approve", "Fine")
    assert caller.client.get_intent(intent_id)["status"] == "COMPLETED"
