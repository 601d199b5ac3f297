"""Service messages are sentences, whatever Telegram's action is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.kit.service_actions import ACTIONS, examples
from tgadmin.core.service_messages import FORMS, RULES, duration, sentence
from tgadmin.telegram.convert.text import kind_of

pytestmark = pytest.mark.pure


def test_every_action_of_telegrams_has_its_rules_and_no_other_has() -> None:
    assert {kind_of(action, "MessageAction") for action in ACTIONS} == RULES.keys()


def test_every_rule_is_well_formed_and_the_last_one_always_holds_or_is_not_needed() -> None:
    for kind, rules in RULES.items():
        assert [condition for condition, _ in rules].count("") == 1, kind
        assert rules[-1][0] == "", kind
        for _, said in rules:
            assert set(re.findall(r"\{\w+:(\w+)\}", said)) <= set(FORMS), kind
            assert not said.endswith("."), kind


def test_no_sentence_has_holes() -> None:
    for facts in examples():
        said = sentence(facts, "Anna", sender_id=7)
        assert said.strip(), facts
        assert not re.search(r"[{}“]”|None|\(\)| $|  ", said), (facts, said)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"kind": "chat_add_user", "users": [7]}, "Anna joined the channel"),
        ({"kind": "chat_add_user", "users": [8, 9]}, "Anna added Ben and somebody"),
        ({"kind": "chat_delete_user", "user_id": 7}, "Anna left the channel"),
        ({"kind": "topic_edit", "closed": False}, "Anna reopened the topic"),
        ({"kind": "phone_call", "reason": "missed"}, "Anna called (missed)"),
        ({"kind": "phone_call", "duration": 125, "video": True}, "Anna made a video call (2 minutes)"),
        ({"kind": "set_messages_ttl", "period": 86_400}, "Anna set messages to be deleted after 1 day"),
        ({"kind": "payment_sent", "currency": "EUR", "total_amount": 1999}, "Anna paid 19.99 EUR"),
        ({"kind": "chat_edit_title"}, "Anna changed the name"),
        ({"kind": "later"}, "Anna: later"),
        ({}, "Anna: event"),
        ({"kind": []}, "Anna: event"),
    ],
)
def test_what_is_said(facts: dict[str, Any], said: str) -> None:
    assert sentence(facts, "Anna", sender_id=7, names={8: "Ben"}, chat="channel") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (3599, "59 minutes"), (86_400, "1 day"), (604_800, "1 week")],
)
def test_durations(seconds: int, said: str) -> None:
    assert duration(seconds) == said
