"""contacts.*: the contact list, finding people, blocking them. https://core.telegram.org/api/contacts"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import list_hash
from sandbox.services.news import about_user, tell
from sandbox.services.users import peer_settings
from sandbox.world.accounts import Account, Contact, digits, valid_username
from sandbox.world.peers import peer

MIN_QUERY = 3  # characters of a global search
MAX_FOUND = 50
_INT32_END = 2**31


@registry.method(functions.contacts.GetContactsRequest)
async def get_contacts(ctx: Context, request: functions.contacts.GetContactsRequest) -> types.contacts.TypeContacts:
    """https://core.telegram.org/method/contacts.getContacts

    The hash covers saved_count and the sorted user ids.
    """
    account = ctx.account
    ids = sorted(account.contacts)
    saved = len(account.saved_phones) + sum(1 for contact in account.contacts.values() if contact.phone)
    if request.hash and request.hash == list_hash([saved, *ids]):
        return types.contacts.ContactsNotModified()
    accounts = ctx.world.accounts
    contacts = [types.Contact(user_id, account.user_id in accounts[user_id].contacts) for user_id in ids]
    return types.contacts.Contacts(contacts, saved, [_see(ctx, user_id) for user_id in ids])


@registry.method(functions.contacts.GetContactIDsRequest)
async def get_contact_ids(ctx: Context, request: functions.contacts.GetContactIDsRequest) -> list[int]:
    """https://core.telegram.org/method/contacts.getContactIDs

    The method answers 32-bit numbers: contacts whose ids are longer cannot be named by it.
    """
    ids = sorted(ctx.account.contacts)
    if request.hash and request.hash == list_hash(ids):
        return []
    return [user_id for user_id in ids if user_id < _INT32_END]


@registry.method(functions.contacts.GetStatusesRequest)
async def get_statuses(ctx: Context, _: functions.contacts.GetStatusesRequest) -> list[types.ContactStatus]:
    """https://core.telegram.org/method/contacts.getStatuses"""
    accounts, peers = ctx.world.accounts, ctx.world.peers
    return [
        types.ContactStatus(user_id, peers.status(accounts[user_id], ctx.account.user_id) or types.UserStatusEmpty())
        for user_id in sorted(ctx.account.contacts)
    ]


@registry.method(functions.contacts.ImportContactsRequest)
async def import_contacts(
    ctx: Context, request: functions.contacts.ImportContactsRequest
) -> types.contacts.ImportedContacts:
    """https://core.telegram.org/method/contacts.importContacts

    Numbers without an account are kept: whoever signs up with one becomes a contact then.
    """
    account, accounts = ctx.account, ctx.world.accounts
    imported: list[types.ImportedContact] = []
    for given in request.contacts:
        phone = digits(given.phone)
        if not phone or not (given.first_name or given.last_name).strip():
            continue
        contact = Contact(given.first_name.strip(), given.last_name.strip(), phone)
        found = accounts.by_phone(phone)
        if found is None:
            account.saved_phones[phone] = contact
        else:
            account.contacts[found.user_id] = contact
            imported.append(types.ImportedContact(found.user_id, given.client_id))
    accounts.save(account)
    ids = [each.user_id for each in imported]
    _tell_settings(ctx, account, ids)
    return types.contacts.ImportedContacts(imported, [], [], [_see(ctx, user_id) for user_id in dict.fromkeys(ids)])


@registry.method(functions.contacts.AddContactRequest)
async def add_contact(ctx: Context, request: functions.contacts.AddContactRequest) -> types.Updates:
    """https://core.telegram.org/method/contacts.addContact"""
    account = ctx.account
    other = ctx.world.peers.resolve_user(account, request.id, error="CONTACT_ID_INVALID")
    if other is account or other.deleted:
        raise RpcError(400, "CONTACT_ID_INVALID")
    first, last = request.first_name.strip(), request.last_name.strip()
    if not first:
        raise RpcError(400, "CONTACT_NAME_EMPTY")
    ctx.world.accounts.add_contact(account, other.user_id, Contact(first, last, digits(request.phone)))
    return _tell_settings(ctx, account, [other.user_id])


@registry.method(functions.contacts.DeleteContactsRequest)
async def delete_contacts(ctx: Context, request: functions.contacts.DeleteContactsRequest) -> types.Updates:
    """https://core.telegram.org/method/contacts.deleteContacts

    Those who are no contacts are passed over.
    """
    account, peers = ctx.account, ctx.world.peers
    ids = [peers.resolve_user(account, each, error="CONTACT_ID_INVALID").user_id for each in request.id]
    for user_id in ids:
        ctx.world.accounts.remove_contact(account, user_id)
    return _tell_settings(ctx, account, ids)


@registry.method(functions.contacts.ResolveUsernameRequest)
async def resolve_username(
    ctx: Context, request: functions.contacts.ResolveUsernameRequest
) -> types.contacts.ResolvedPeer:
    """https://core.telegram.org/method/contacts.resolveUsername"""
    if not valid_username(request.username):
        raise RpcError(400, "USERNAME_INVALID")
    return _resolved(ctx, ctx.world.peers.by_username(request.username), "USERNAME_NOT_OCCUPIED")


@registry.method(functions.contacts.ResolvePhoneRequest)
async def resolve_phone(ctx: Context, request: functions.contacts.ResolvePhoneRequest) -> types.contacts.ResolvedPeer:
    """https://core.telegram.org/method/contacts.resolvePhone"""
    found = ctx.world.accounts.by_phone(request.phone)
    if found is not None and not ctx.world.privacy.allows(found, "AddedByPhone", ctx.account.user_id):
        found = None
    return _resolved(ctx, found.user_id if found else None, "PHONE_NOT_OCCUPIED")


@registry.method(functions.contacts.SearchRequest)
async def search(ctx: Context, request: functions.contacts.SearchRequest) -> types.contacts.Found:
    """https://core.telegram.org/method/contacts.search

    my_results: contacts and own chats (private ones too) whose names or username contain the words; results: everybody
    else whose public username begins with them.
    """
    query = request.q.strip().removeprefix("@").lower()
    if not query:
        raise RpcError(400, "SEARCH_QUERY_EMPTY")
    if len(query) < MIN_QUERY:
        raise RpcError(400, "QUERY_TOO_SHORT")
    limit = max(1, min(request.limit or MAX_FOUND, MAX_FOUND))
    own = [marked for marked, text in _own(ctx) if all(word in text for word in query.split())][:limit]
    public = [marked for marked, name in _public(ctx) if name.startswith(query) and marked not in own][:limit]
    users, chats = ctx.world.peers.entities(ctx.account.user_id, [*own, *public])
    return types.contacts.Found([peer(each) for each in own], [peer(each) for each in public], chats, users)


@registry.method(functions.contacts.BlockRequest)
async def block(ctx: Context, request: functions.contacts.BlockRequest) -> bool:
    """https://core.telegram.org/method/contacts.block"""
    account = ctx.account
    marked = _to_block(ctx, request.id)
    account.blocked.setdefault(marked, int(ctx.world.clock()))
    return _blocked(ctx, account, marked, now_blocked=True)


@registry.method(functions.contacts.UnblockRequest)
async def unblock(ctx: Context, request: functions.contacts.UnblockRequest) -> bool:
    """https://core.telegram.org/method/contacts.unblock"""
    account = ctx.account
    marked = _to_block(ctx, request.id)
    account.blocked.pop(marked, None)
    return _blocked(ctx, account, marked, now_blocked=False)


@registry.method(functions.contacts.GetBlockedRequest)
async def get_blocked(ctx: Context, request: functions.contacts.GetBlockedRequest) -> types.contacts.TypeBlocked:
    """https://core.telegram.org/method/contacts.getBlocked

    The last blocked first; a slice with the total count when there are more than asked for.
    """
    account = ctx.account
    if request.offset < 0 or request.limit < 0:
        raise RpcError(400, "LIMIT_INVALID")
    everybody = sorted(account.blocked.items(), key=lambda item: item[1], reverse=True)
    part = everybody[request.offset : request.offset + min(request.limit or 100, 100)]
    users, chats = ctx.world.peers.entities(account.user_id, [marked for marked, _ in part])
    rows = [types.PeerBlocked(peer(marked), datetime.fromtimestamp(when, UTC)) for marked, when in part]
    if len(part) == len(everybody):
        return types.contacts.Blocked(rows, chats, users)
    return types.contacts.BlockedSlice(len(everybody), rows, chats, users)


def _see(ctx: Context, user_id: int) -> types.TypeUser:
    return ctx.world.peers.user(ctx.account.user_id, user_id)


def _resolved(ctx: Context, marked: int | None, error: str) -> types.contacts.ResolvedPeer:
    if marked is None:
        raise RpcError(400, error)
    users, chats = ctx.world.peers.entities(ctx.account.user_id, [marked])
    return types.contacts.ResolvedPeer(peer(marked), chats, users)


def _own(ctx: Context) -> Iterable[tuple[int, str]]:
    """The account's contacts and chats, with the words by which they are found."""
    account, accounts = ctx.account, ctx.world.accounts
    partners = (
        peer for peer, dialog in ctx.world.boxes.box(account.user_id).dialogs.items() if peer > 0 and dialog.ids
    )
    for user_id in dict.fromkeys((*account.contacts, *partners)):
        other = accounts[user_id]
        shown = account.contacts.get(user_id) or other
        yield user_id, f"{shown.first_name} {shown.last_name} {other.username or ''}".lower()
    for chat in ctx.world.chats.of_user(account.user_id):
        if chat.deactivated:
            continue
        yield chat.marked, f"{chat.title} {chat.username}".lower()


def _public(ctx: Context) -> Iterable[tuple[int, str]]:
    """Everybody with a username."""
    for account in ctx.world.accounts:
        if account.username and account.live:
            yield account.user_id, account.username.lower()
    for chat in ctx.world.chats:
        if chat.username:
            yield chat.marked, chat.username.lower()


def _tell_settings(ctx: Context, account: Account, ids: list[int]) -> types.Updates:
    """The updates about chats whose partner became, or ceased to be, a contact; told to the other sessions too."""
    updates: list[types.TypeUpdate] = [
        types.UpdatePeerSettings(types.PeerUser(user_id), peer_settings(account, user_id)) for user_id in ids
    ]
    if updates:
        tell(ctx, account.user_id, *updates, about=ids)
    return about_user(ctx, account.user_id, updates, ids)


def _to_block(ctx: Context, given: types.TypeInputPeer) -> int:
    """The peer to block or unblock: any user but oneself, or a channel; raises as Telegram names it."""
    marked = ctx.world.peers.resolve(ctx.account, given, error="PEER_ID_INVALID")
    if marked == ctx.account.user_id:
        raise RpcError(400, "CONTACT_ID_INVALID")
    return marked


def _blocked(ctx: Context, account: Account, marked: int, *, now_blocked: bool) -> bool:
    ctx.world.accounts.save(account)
    tell(ctx, account.user_id, types.UpdatePeerBlocked(peer(marked), now_blocked or None), about=[marked])
    return True
