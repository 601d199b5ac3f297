"""`manage.py chat`: list, history, send."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from django.core.management.base import CommandError, CommandParser

from apps.chats import sight
from apps.chats.forms import MAX_ID
from apps.chats.models import Chat, Message
from apps.chats.payloads import Message as Shown
from apps.chats.selectors import messages as selectors
from apps.chats.services import messages
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command as BusCommand
from apps.commands.services import commands
from apps.common.commandline import (
    DEFAULT_WAIT,
    ReportingCommand,
    acting_user,
    at_most,
    read_stdin,
    table,
)
from apps.common.explain import explain
from apps.sessions.commandline import find_session
from apps.sessions.services import rights
from tgadmin.core.preview import preview
from tgadmin.core.service_messages import sentence

LIMIT, MOST = 20, 100_000


def _line(message: Shown, chat: Chat) -> str:
    """Who wrote what; a service message is a sentence of its own."""
    who = "You" if message["out"] else message["sender"]["name"]
    if message["out"] and message["staff"] is not None:
        who = message["staff"]["name"]
    if message["deleted"]:
        return f"{who}: (deleted)"
    if (service := message["service"]) is not None:
        names = {int(peer_id): name for peer_id, name in service.get("names", {}).items()}
        kind = "channel" if chat.kind == "channel" else "group"
        return sentence(service, who, sender_id=message["sender"]["id"], names=names, chat=kind)
    return f"{who}: {message['text'] or preview('', message['media'])}"


class Command(ReportingCommand):
    help = "Chats: list them, show a chat's messages, send one."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="an account's chats, newest first")
        history = actions.add_parser("history", help="a chat's stored messages, oldest first")
        send = actions.add_parser("send", help="send a text")
        for each in (listing, history, send):
            self.add_common(each)
        listing.add_argument("session", help="id or name of the account")
        for each in (history, send):
            each.add_argument("chat", type=int, help="id of the chat, as chat list shows it")
        for each in (listing, history):
            each.add_argument("--limit", type=at_most(MOST), default=LIMIT)
        text = send.add_mutually_exclusive_group(required=True)
        text.add_argument("--text", help="the text (visible in the process list)")
        text.add_argument("--text-stdin", action="store_true", help="read the text from standard input")
        send.add_argument("--reply-to", type=at_most(MAX_ID), help="Telegram id of the message that is answered")
        send.add_argument("--timeout", type=float, default=DEFAULT_WAIT, help="seconds to wait; 0: do not wait")

    def handle(self, *args: Any, **options: Any) -> None:
        {"list": self._list, "history": self._history, "send": self._send}[options["action"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        user = acting_user(options["user"])
        session = find_session(user, options["session"])
        rows = list(sight.chats(user).filter(session=session)[: options["limit"]])
        data = [
            {
                "id": chat.pk,
                "peer_id": chat.peer_id,
                "title": chat.title,
                "kind": chat.kind,
                "unread": chat.unread_count,
                "last_message_at": chat.last_message_at,
                "last_message": chat.last_message_text,
            }
            for chat in rows
        ]
        shown = [
            (chat.pk, chat.title, chat.get_kind_display(), chat.unread_count, f"{chat.last_message_at:%Y-%m-%d %H:%M}")
            for chat in rows
        ]
        self.show(options, data, table(("ID", "CHAT", "KIND", "UNREAD", "LAST"), shown))

    def _history(self, options: dict[str, Any]) -> None:
        chat = self._chat(options)
        whole = rights.sees_telegram(rights.role(acting_user(options["user"]), chat.session_id))
        stored = sight.shown_messages(Message.objects.filter(chat=chat), whole=whole).order_by("-date", "-pk")
        rows = list(reversed(stored[: options["limit"]]))
        shown = {one["id"]: one for one in selectors.payloads([row.pk for row in rows], whole=whole)}
        data = [
            {
                "id": row.pk,
                "telegram_id": row.telegram_id,
                "date": row.date,
                "out": row.out,
                "sender_id": row.sender_id,
                "sender": shown[row.pk]["sender"]["name"],
                "state": row.state,
                "text": row.text,
                "deleted": row.deleted_at is not None,
            }
            for row in rows
            if row.pk in shown
        ]
        lines = [
            f"{row.date:%Y-%m-%d %H:%M} {'→' if row.out else '←'} {_line(shown[row.pk], chat)}"
            for row in rows
            if row.pk in shown
        ]
        self.show(options, data, "\n".join(lines))

    def _send(self, options: dict[str, Any]) -> None:
        user, chat = acting_user(options["user"]), self._chat(options)
        text = read_stdin(whole=True) if options["text_stdin"] else options["text"]
        message = messages.send(user, chat, text.rstrip("\n"), cid=uuid4(), reply_to_id=options["reply_to"])
        message = self._wait(message, options["timeout"])
        data = {
            "id": message.pk,
            "state": message.state,
            "telegram_id": message.telegram_id,
            "error": message.error_code,
        }
        if message.state == Message.State.FAILED:
            known = explain(message.error_code)
            raise CommandError(
                f"{message.error_message or known.message} {known.next_step} ({known.code})"
                if known
                else "It was not sent."
            )
        until = f"; it goes out at {message.waits_until:%H:%M:%S} UTC" if message.waits_until else ""
        self.show(options, data, f"Message {message.pk}: {message.get_state_display().lower()}{until}.")

    def _wait(self, message: Message, timeout: float) -> Message:
        """The message when its command has ended, or as it stands after ``timeout`` seconds: it goes out anyway."""
        deadline = time.monotonic() + timeout
        command = BusCommand.objects.filter(
            session_id=message.session_id, kind=CommandKind.SEND, payload__message=message.pk
        ).first()
        if command is not None and timeout > 0:
            commands.wait(command.pk, max(0.0, deadline - time.monotonic()))
        message.refresh_from_db()
        return message

    def _chat(self, options: dict[str, Any]) -> Chat:
        user = acting_user(options["user"])
        chat = sight.chats(user).filter(pk=options["chat"]).first()
        if chat is None:
            raise CommandError(f"There is no chat {options['chat']}, or you may not see it.")
        return chat
