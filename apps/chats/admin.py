"""Chats, messages, peers and gaps in the admin: to look at; writing is for the live pages."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apps.chats import sight
from apps.chats.models import Chat, Gap, Message, Peer, UnreadableUpdate
from apps.common.admin.display import badge, moment
from apps.common.admin.names import named
from apps.sessions.admin.base import OfAccountAdmin, VisibleSessionFilter
from apps.sessions.services import rights
from tgadmin.core import phones
from tgadmin.core.encryption import DecryptionError

EXCERPT = 120
"""Characters of a message's text in the list."""

SHOWN_BYTES = 2048
"""Of an update that could not be read."""

_STATES: dict[str, tuple[str, str]] = {
    Message.State.RECEIVED: ("off", "call_received"),
    Message.State.SENDING: ("info", "schedule"),
    Message.State.SENT: ("ok", "done"),
    Message.State.FAILED: ("bad", "error"),
}


named(Chat, "chat record", "chat records")  # "Chats" are the live pages


@admin.register(Chat)
class ChatAdmin(OfAccountAdmin):
    empty = "No chats yet: they come when an account is signed in."
    list_display = ("named", "account", "kind", "unread_count", "last_text", "last_at", "open_link")
    list_filter = (VisibleSessionFilter, "kind", "archived", "left")
    search_fields = ("title", "username")
    for_managers = sight.OFFICIAL_PEERS
    ordering = ("-last_message_at", "-id")
    fields = (
        "named",
        "account",
        "kind",
        "peer_id",
        "username",
        "members_count",
        "unread_count",
        "can_send",
        "left",
        "muted",
        "pinned",
        "archived",
        "last_text",
        "last_at",
        "history_complete",
        "open_link",
    )
    readonly_fields = fields

    @display(description="Chat", ordering="title")
    def named(self, chat: Chat) -> SafeString:
        return format_html('<b dir="auto">{}</b>', str(chat))

    @display(description="Last message")
    def last_text(self, chat: Chat) -> SafeString:
        return format_html('<span class="tg-cut" dir="auto">{}</span>', chat.last_message_text)

    @display(description="At", ordering="last_message_at")
    def last_at(self, chat: Chat) -> SafeString | str:
        return moment(chat.last_message_at)

    @display(description="Muted until")
    def muted(self, chat: Chat) -> SafeString | str:
        return moment(chat.muted_until)

    @display(description="Open")
    def open_link(self, chat: Chat) -> SafeString:
        return format_html(
            '<a class="tg-button" href="{}">Open</a>', reverse("chats:chat", args=(chat.session_id, chat.pk))
        )


@admin.register(Message)
class MessageAdmin(OfAccountAdmin):
    empty = "No messages yet: they come when an account is signed in."
    for_managers = sight.FOR_MANAGERS
    list_display = ("when", "in_chat", "account", "excerpt", "state_shown", "by_staff")
    list_filter = (("state", admin.ChoicesFieldListFilter), "out", VisibleSessionFilter)
    search_fields = ("text",)
    ordering = ("-id",)
    list_select_related = ("chat__session", "staff")
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = (
        "in_chat",
        "account",
        "when",
        "state_shown",
        "by_staff",
        "telegram_id",
        "sender_id",
        "reply_to_id",
        "edited",
        "deleted",
        "whole_text",
    )
    readonly_fields = fields

    @display(description="Date", ordering="date")
    def when(self, message: Message) -> SafeString | str:
        return moment(message.date)

    @display(description="Chat")
    def in_chat(self, message: Message) -> SafeString:
        return format_html('<span dir="auto">{}</span>', str(message.chat))

    @display(description="Account")
    def account(self, message: Message) -> SafeString:
        return format_html('<span dir="auto">{}</span>', message.chat.session.name)

    @display(description="Text")
    def excerpt(self, message: Message) -> SafeString:
        return format_html('<span class="tg-cut" dir="auto">{}</span>', self._text(message)[:EXCERPT])

    @display(description="Text")
    def whole_text(self, message: Message) -> SafeString:
        return format_html('<div class="tg-text" dir="auto">{}</div>', self._text(message))

    def _text(self, message: Message) -> str:
        if message.deleted_at is not None:
            return "(deleted at Telegram)"
        if message.text:
            return message.text
        return "(service message)" if message.service else "(no text)"

    @display(description="State", ordering="state")
    def state_shown(self, message: Message) -> SafeString:
        kind, icon = _STATES.get(message.state, ("off", "help"))
        return format_html(
            '{} <span class="tg-code">{}</span>', badge(kind, icon, message.get_state_display()), message.error_code
        )

    @display(description="Sent by")
    def by_staff(self, message: Message) -> str:
        return "–" if message.staff is None else message.staff.get_username()

    @display(description="Edited")
    def edited(self, message: Message) -> SafeString | str:
        return moment(message.edit_date)

    @display(description="Deleted")
    def deleted(self, message: Message) -> SafeString | str:
        return moment(message.deleted_at)


@admin.register(Peer)
class PeerAdmin(OfAccountAdmin):
    empty = "No peers yet: people, groups and channels come with an account's chats."
    list_display = ("named", "account", "kind", "username", "number", "is_contact", "seen")
    list_filter = (VisibleSessionFilter, "kind", "is_contact")
    search_fields = ("name", "username")
    for_managers = sight.OFFICIAL_PEERS
    ordering = ("-id",)
    fields = (
        "named",
        "account",
        "kind",
        "peer_id",
        "username",
        "number",
        "is_self",
        "is_contact",
        "is_deleted",
        "seen",
    )
    readonly_fields = fields

    @display(description="Name", ordering="name")
    def named(self, peer: Peer) -> SafeString:
        return format_html('<b dir="auto">{}</b>', str(peer))

    @display(description="Phone")
    def number(self, peer: Peer) -> SafeString:
        return format_html('<bdi class="tg-num">{}</bdi>', phones.masked(peer.phone) or "–")

    @display(description="Last seen", ordering="last_seen_at")
    def seen(self, peer: Peer) -> SafeString | str:
        return badge("ok", "circle", "online") if peer.is_online_at(timezone.now()) else moment(peer.last_seen_at)


@admin.register(Gap)
class GapAdmin(OfAccountAdmin):
    empty = "No gaps: nothing was missed so far."
    list_display = ("when", "account", "where", "how", "low_pts", "high_pts", "recovered", "closed")
    list_filter = (VisibleSessionFilter, "how")
    ordering = ("-at",)
    fields = list_display
    readonly_fields = list_display

    @display(description="Found", ordering="at")
    def when(self, gap: Gap) -> SafeString | str:
        return moment(gap.at)

    @display(description="Where", ordering="box")
    def where(self, gap: Gap) -> str:
        return "account" if gap.box == 0 else f"channel {gap.box}"

    @display(description="Closed", ordering="closed_at")
    def closed(self, gap: Gap) -> SafeString | str:
        return moment(gap.closed_at)


@admin.register(UnreadableUpdate)
class UnreadableUpdateAdmin(OfAccountAdmin):
    """For managers: nobody knows whose words are in the bytes."""

    empty = "Nothing was set aside: all that Telegram sent could be read."
    list_display = ("when", "account", "kind", "reason")
    list_filter = (VisibleSessionFilter, "kind")
    ordering = ("-at",)
    fields = (*list_display, "size", "hex")
    readonly_fields = fields
    for_managers = Q(pk__isnull=False)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnreadableUpdate]:
        return super().get_queryset(request).defer("data")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return rights.manages_any(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if obj is None:
            return self.has_module_permission(request)
        return rights.sees_telegram(rights.role(request.user, self.session_id_of(obj)))

    @display(description="Kept", ordering="at")
    def when(self, update: UnreadableUpdate) -> SafeString | str:
        return moment(update.at)

    @display(description="Bytes")
    def size(self, update: UnreadableUpdate) -> str:
        data = self._bytes(update)
        return str(len(data)) if isinstance(data, bytes) else "–"

    @display(description="Its bytes")
    def hex(self, update: UnreadableUpdate) -> SafeString | str:
        data = self._bytes(update)
        return format_html("<pre>{}</pre>", data[:SHOWN_BYTES].hex(" ", 4)) if isinstance(data, bytes) else data

    def _bytes(self, update: UnreadableUpdate) -> bytes | str:
        """The bytes, or why they cannot be read."""
        try:
            return bytes(update.data)
        except DecryptionError as error:
            return error.message
