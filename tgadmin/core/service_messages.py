"""Service messages ("Anna added Ben") as sentences: one rule table for the stream, the chat list, and command output.

The kinds are Telegram's (https://core.telegram.org/type/MessageAction), named as tgadmin.telegram.convert names them.
The pages' copy of the table, static/chats/logic/service_rules.js, is made from this one by
tests/js/test_service_rules.py, which also holds that both read it alike. Past tense throughout: it fits "You" as well
as a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Rule = tuple[str, str]
"""A condition and a sentence. A condition is "" (always), the name of a fact that is to be true, "name=value", or
"self": whom it is about is who did it; "+" joins some. Of a sentence, ``{who}`` did it, ``{people}`` it is about;
``{chat}`` is "group" or "channel"; ``{name}`` is a fact, ``{name:form}`` a fact in one of FORMS."""

_SUPERGROUP = "The group became a supergroup"
_OWNER = "{who} made {people} the owner"
RULES: dict[str, tuple[Rule, ...]] = {
    "boost_apply": (("boosts=1", "{who} boosted the {chat}"), ("", "{who} boosted the {chat} {boosts} times")),
    "bot_allowed": (
        ("domain", "The bot may write since a login at {domain}"),
        ("attach_menu", "The bot was added to the attachment menu"),
        ("", "The bot was allowed to write"),
    ),
    "change_community": (("", "{who} changed the community of the {chat}"),),
    "change_creator": (("", _OWNER),),
    "channel_create": (("", "The {chat} “{title}” was created"),),
    "channel_migrate_from": (("", _SUPERGROUP),),
    "chat_add_user": (("self", "{who} joined the {chat}"), ("", "{who} added {people}")),
    "chat_create": (("", "{who} created the group “{title}”"),),
    "chat_delete_photo": (("", "{who} removed the photo"),),
    "chat_delete_user": (("self", "{who} left the {chat}"), ("", "{who} removed {people}")),
    "chat_edit_photo": (("", "{who} changed the photo"),),
    "chat_edit_title": (("title", "{who} changed the name to “{title}”"), ("", "{who} changed the name")),
    "chat_joined_by_link": (("", "{who} joined by an invitation link"),),
    "chat_joined_by_request": (("", "{who} was admitted to the {chat}"),),
    "chat_joined_via_community": (("", "{who} joined by way of the community"),),
    "chat_migrate_to": (("", _SUPERGROUP),),
    "conference_call": (
        ("missed", "{who} started a group call (missed)"),
        ("duration", "{who} started a group call ({duration:time})"),
        ("", "{who} started a group call"),
    ),
    "contact_sign_up": (("", "{who} joined Telegram"),),
    "custom_action": (("message", "{message}"), ("", "{who} did something")),
    "empty": (("", "A service message without content"),),
    "game_score": (("", "{who} scored {score} in a game"),),
    "geo_proximity_reached": (("", "{from_id:person} came within {distance} m of {to_id:person}"),),
    "gift_code": (
        ("via_giveaway", "Won in a giveaway: Telegram Premium for {days} days"),
        ("", "{who} sent a gift code: Telegram Premium for {days} days"),
    ),
    "gift_premium": (("", "{who} gave Telegram Premium for {days} days"),),
    "gift_stars": (("", "{who} gave {stars} Stars"),),
    "gift_ton": (("", "{who} gave Toncoin"),),
    "giveaway_launch": (("", "{who} started a giveaway"),),
    "giveaway_results": (
        ("winners_count=1", "The giveaway is over: 1 winner"),
        ("", "The giveaway is over: {winners_count} winners"),
    ),
    "group_call": (
        ("duration", "The video chat ended ({duration:time})"),
        ("", "{who} started a video chat"),
    ),
    "group_call_scheduled": (("", "{who} scheduled a video chat for {schedule_date:date}"),),
    "history_clear": (("", "The history was cleared"),),
    "invite_to_group_call": (("", "{who} invited {people} to the video chat"),),
    "managed_bot_created": (("", "{who} created the bot {people}"),),
    "new_creator_pending": (("", "{who} asked {people} to become the owner"),),
    "no_forwards_request": (
        ("expired", "{who} had asked to change who may copy and forward; the request expired"),
        ("new_value", "{who} asked to forbid copying and forwarding"),
        ("", "{who} asked to allow copying and forwarding"),
    ),
    "no_forwards_toggle": (
        ("new_value", "{who} forbade copying and forwarding"),
        ("", "{who} allowed copying and forwarding"),
    ),
    "paid_messages_price": (
        ("stars", "{who} set the price of a message to {stars} Stars"),
        ("", "{who} made messages free"),
    ),
    "paid_messages_refunded": (("", "{who} gave back {stars} Stars for {count} messages"),),
    "payment_refunded": (("", "{who} gave a payment of {total_amount:money} back"),),
    "payment_sent": (("", "{who} paid {total_amount:money}"),),
    "payment_sent_me": (("", "{who} paid {total_amount:money}"),),
    "phone_call": (
        ("video+reason=missed", "{who} made a video call (missed)"),
        ("video+reason=busy", "{who} made a video call (declined)"),
        ("video+duration", "{who} made a video call ({duration:time})"),
        ("video", "{who} made a video call"),
        ("reason=missed", "{who} called (missed)"),
        ("reason=busy", "{who} called (declined)"),
        ("duration", "{who} called ({duration:time})"),
        ("", "{who} called"),
    ),
    "pin_message": (("", "{who} pinned a message"),),
    "poll_append_answer": (("", "{who} added an answer to the poll"),),
    "poll_delete_answer": (("", "{who} removed an answer from the poll"),),
    "prize_stars": (("", "Won in a giveaway: {stars} Stars"),),
    "requested_peer": (("", "{who} shared {people} with the bot"),),
    "requested_peer_sent_me": (("", "{who} shared {people}"),),
    "screenshot_taken": (("", "{who} took a screenshot"),),
    "secure_values_sent": (("", "{who} sent documents of Telegram Passport"),),
    "secure_values_sent_me": (("", "{who} sent documents of Telegram Passport"),),
    "set_chat_theme": (("", "{who} changed the theme of the chat"),),
    "set_chat_wall_paper": (("same", "{who} took the same wallpaper"), ("", "{who} changed the wallpaper")),
    "set_messages_ttl": (
        ("period", "{who} set messages to be deleted after {period:time}"),
        ("", "{who} turned automatic deletion off"),
    ),
    "star_gift": (
        ("refunded", "{who} sent a gift; it was given back"),
        ("message", "{who} sent a gift: {message}"),
        ("", "{who} sent a gift"),
    ),
    "star_gift_purchase_offer": (
        ("accepted", "{who} offered to buy a gift; the offer was accepted"),
        ("declined", "{who} offered to buy a gift; the offer was declined"),
        ("", "{who} offered to buy a gift"),
    ),
    "star_gift_purchase_offer_declined": (
        ("expired", "The offer to buy a gift expired"),
        ("", "{who} declined the offer to buy a gift"),
    ),
    "star_gift_unique": (
        ("upgrade", "{who} made a gift a collectible"),
        ("transferred", "{who} passed a collectible gift on"),
        ("", "{who} sent a collectible gift"),
    ),
    "suggest_birthday": (("", "{who} suggested a birthday"),),
    "suggest_profile_photo": (("", "{who} suggested a profile photo"),),
    "suggested_post_approval": (
        ("reject_comment", "{who} rejected the suggested post: {reject_comment}"),
        ("rejected", "{who} rejected the suggested post"),
        ("balance_too_low", "The suggested post waits: there are not enough Stars for it"),
        ("", "{who} approved the suggested post"),
    ),
    "suggested_post_refund": (("", "The payment for the suggested post was given back"),),
    "suggested_post_success": (("", "The suggested post was published and paid"),),
    "todo_append_tasks": (("", "{who} added tasks to the list"),),
    "todo_completions": (
        ("completed", "{who} marked tasks as done"),
        ("", "{who} marked tasks as not done"),
    ),
    "topic_create": (("", "{who} created the topic “{title}”"),),
    "topic_edit": (
        ("title", "{who} renamed the topic to “{title}”"),
        ("closed", "{who} closed the topic"),
        ("closed=false", "{who} reopened the topic"),
        ("hidden", "{who} hid the topic"),
        ("hidden=false", "{who} showed the topic again"),
        ("", "{who} changed the topic"),
    ),
    "web_view_data_sent": (("", "{who} sent “{text}” to the bot"),),
    "web_view_data_sent_me": (("", "{who} sent “{text}”"),),
}

ABOUT = ("users", "user_id", "new_creator_id", "peers", "bot_id")
"""Facts that name whom a service message is about."""
PERSONS = ("from_id", "to_id")
"""Facts that name one person each, which a sentence asks for by themselves."""
SOMEBODY = "somebody"
MAX_NAMED = 3
"""More people than these are counted."""
UNITS = (("year", 31_536_000), ("month", 2_592_000), ("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60))
WHOLE_CURRENCIES = ("JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "RWF")
"""Currencies without a smaller unit; Telegram tells amounts in the smallest one."""
_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


def sentence(
    service: Mapping[str, Any],
    who: str,
    *,
    sender_id: int | None = None,
    names: Mapping[int, str] | None = None,
    chat: str = "group",
) -> str:
    """What happened, for people. ``service``: the action's kind and facts; ``who``: its sender's name, ``sender_id``
    their id; ``names`` of people by their ids; ``chat``: "group" or "channel"."""
    kind = service.get("kind")
    rules = RULES.get(kind) if isinstance(kind, str) else None
    if rules is None:
        return f"{who}: {str(kind or 'event').replace('_', ' ')}"
    about = _about(service)
    by_self = about == [sender_id]
    template = next(said for when, said in rules if all(_holds(one, service, by_self) for one in when.split("+")))
    known = names or {}

    def filled(field: re.Match[str]) -> str:
        name, form = field[1], field[2]
        if name in ("who", "chat"):
            return who if name == "who" else chat
        if name == "people":
            return _named(about, known)
        return _formed(service.get(name), form, service, known)

    return _FIELD.sub(filled, template).replace(" “”", "")


def people_in(service: object) -> list[int]:
    """Ids of those whom an action may name."""
    if not isinstance(service, Mapping):
        return []
    return [*_about(service), *(one for name in PERSONS if isinstance(one := service.get(name), int))]


def _about(service: Mapping[str, Any]) -> list[int]:
    for name in ABOUT:
        value = service.get(name)
        found = value if isinstance(value, list) else [value]
        if ids := [each for each in found if isinstance(each, int)]:
            return ids
    return []


def _holds(condition: str, service: Mapping[str, Any], by_self: bool) -> bool:
    if condition in ("", "self"):
        return by_self or not condition
    name, _, wanted = condition.partition("=")
    if wanted:
        return _plain(service.get(name)) == wanted
    return bool(service.get(condition))


def _plain(value: Any) -> str:
    """As JavaScript writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float, str)) else ""


def _named(ids: Sequence[int], names: Mapping[int, str]) -> str:
    shown = [names.get(one) or SOMEBODY for one in ids[: MAX_NAMED if len(ids) <= MAX_NAMED else MAX_NAMED - 1]]
    if len(ids) > MAX_NAMED:
        shown.append(f"{len(ids) - len(shown)} others")
    if not shown:
        return SOMEBODY
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _formed(value: Any, form: str | None, service: Mapping[str, Any], names: Mapping[int, str]) -> str:
    if form == "time":
        return duration(value) if isinstance(value, (int, float)) else ""
    if form == "date":
        return f"{value[:10]} {value[11:16]} UTC" if isinstance(value, str) else ""
    if form == "money":
        return _money(value, service.get("currency"))
    if form == "person":
        return (names.get(value) if isinstance(value, int) else None) or SOMEBODY
    return _plain(value)


FORMS = ("time", "date", "money", "person")


def duration(seconds: float) -> str:
    """``1 day``, ``2 minutes``: in the largest unit that fits, rounded down."""
    for unit, size in UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(seconds)} second{'' if int(seconds) == 1 else 's'}"


def _money(amount: Any, currency: Any) -> str:
    if not isinstance(amount, int) or not isinstance(currency, str):
        return "something"
    if currency == "XTR":
        return f"{amount} Stars"
    return f"{amount} {currency}" if currency in WHOLE_CURRENCIES else f"{amount / 100:.2f} {currency}"
