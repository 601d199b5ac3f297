"""account.*: profile, username, online state, and the account's other sessions."""

from __future__ import annotations

from datetime import UTC, datetime

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.protocol.keys import AuthKey
from sandbox.services import authorizations
from sandbox.services.news import about_user, tell, tell_contacts
from sandbox.world.accounts import MAX_ABOUT, MAX_NAME, Account, valid_username


@registry.method(functions.account.UpdateStatusRequest)
async def update_status(ctx: Context, request: functions.account.UpdateStatusRequest) -> bool:
    """https://core.telegram.org/method/account.updateStatus"""
    account = ctx.account
    ctx.world.accounts.set_online(account, not request.offline)
    tell_contacts(ctx, account, lambda viewer: _status(ctx, account, viewer), key="StatusTimestamp")
    if not request.offline:
        ctx.world.schedule.came_online(account.user_id, ctx.push)
    return True


@registry.method(functions.account.CheckUsernameRequest)
async def check_username(ctx: Context, request: functions.account.CheckUsernameRequest) -> bool:
    """https://core.telegram.org/method/account.checkUsername"""
    if not valid_username(request.username):
        raise RpcError(400, "USERNAME_INVALID")
    return ctx.world.peers.by_username(request.username) in (None, ctx.account.user_id)


@registry.method(functions.account.UpdateUsernameRequest)
async def update_username(ctx: Context, request: functions.account.UpdateUsernameRequest) -> types.TypeUser:
    """https://core.telegram.org/method/account.updateUsername

    An empty name removes the username.
    """
    account, username = ctx.account, request.username
    if username and not valid_username(username):
        raise RpcError(400, "USERNAME_INVALID")
    if username == (account.username or ""):
        raise RpcError(400, "USERNAME_NOT_MODIFIED")
    if username and ctx.world.peers.by_username(username) not in (None, account.user_id):
        raise RpcError(400, "USERNAME_OCCUPIED")
    ctx.world.accounts.set_username(account, username)
    return _renamed(ctx)


@registry.method(functions.account.UpdateProfileRequest)
async def update_profile(ctx: Context, request: functions.account.UpdateProfileRequest) -> types.TypeUser:
    """https://core.telegram.org/method/account.updateProfile

    A field that is absent stays as it is.
    """
    account = ctx.account
    first, last, about = (
        None if text is None else text.strip() for text in (request.first_name, request.last_name, request.about)
    )
    if first is not None and not 0 < len(first) <= MAX_NAME:
        raise RpcError(400, "FIRSTNAME_INVALID")
    if last is not None and len(last) > MAX_NAME:
        raise RpcError(400, "LASTNAME_INVALID")
    if about is not None and len(about) > MAX_ABOUT:
        raise RpcError(400, "ABOUT_TOO_LONG")
    before = (account.first_name, account.last_name)
    account.first_name = account.first_name if first is None else first
    account.last_name = account.last_name if last is None else last
    account.about = account.about if about is None else about
    ctx.world.accounts.save(account)
    if (account.first_name, account.last_name) != before:
        return _renamed(ctx)
    return ctx.world.peers.user(account.user_id, account.user_id)


@registry.method(functions.account.GetAuthorizationsRequest)
async def get_authorizations(
    ctx: Context, _: functions.account.GetAuthorizationsRequest
) -> types.account.Authorizations:
    """https://core.telegram.org/method/account.getAuthorizations

    The current session comes first, then the others, the last used first; keys that imported an authorization are part
    of its session.
    """
    own = authorizations.main_key(ctx.server, ctx.key)
    others = [key for key in authorizations.sessions_of(ctx.server, ctx.account.user_id) if key is not own]
    others.sort(key=lambda key: key.last_active, reverse=True)
    return types.account.Authorizations(
        ctx.account.authorization_ttl_days,
        [authorizations.described(key, current=key is own) for key in (own, *others)],
    )


@registry.method(functions.account.ResetAuthorizationRequest)
async def reset_authorization(ctx: Context, request: functions.account.ResetAuthorizationRequest) -> bool:
    """https://core.telegram.org/method/account.resetAuthorization"""
    key = _named(ctx, request.hash)
    authorizations.require_seasoned(ctx)
    authorizations.end_imported(ctx, key)
    ctx.server.revoke(key.id)
    return True


@registry.method(functions.account.ChangeAuthorizationSettingsRequest)
async def change_authorization_settings(
    ctx: Context, request: functions.account.ChangeAuthorizationSettingsRequest
) -> bool:
    """https://core.telegram.org/method/account.changeAuthorizationSettings"""
    key = authorizations.main_key(ctx.server, ctx.key) if request.hash == 0 else _named(ctx, request.hash)
    facts = dict(key.extra)
    if request.confirmed:
        facts["unconfirmed"] = False
        tell(ctx, ctx.account.user_id, types.UpdateNewAuthorization(authorizations.authorization_hash(key)))
    if request.encrypted_requests_disabled is not None:
        facts["no_secret_chats"] = request.encrypted_requests_disabled
    if request.call_requests_disabled is not None:
        facts["no_calls"] = request.call_requests_disabled
    key.extra = facts
    return True


@registry.method(functions.account.SetAuthorizationTTLRequest)
async def set_authorization_ttl(ctx: Context, request: functions.account.SetAuthorizationTTLRequest) -> bool:
    """https://core.telegram.org/method/account.setAuthorizationTTL"""
    if not 1 <= request.authorization_ttl_days <= 366:
        raise RpcError(406, "TTL_DAYS_INVALID")
    authorizations.require_seasoned(ctx)
    account = ctx.account
    account.authorization_ttl_days = request.authorization_ttl_days
    ctx.world.accounts.save(account)
    return True


def _status(ctx: Context, account: Account, viewer: int) -> types.UpdateShort:
    status = ctx.world.peers.status(account, viewer) or types.UserStatusEmpty()
    return types.UpdateShort(types.UpdateUserStatus(account.user_id, status), _when(ctx.world.clock()))


def _renamed(ctx: Context) -> types.TypeUser:
    """Tell the account's other sessions and those who have it as a contact of its names; gives the account itself."""
    account, peers = ctx.account, ctx.world.peers
    names = [types.Username(account.username, editable=True, active=True)] if account.username else []
    update = types.UpdateUserName(account.user_id, account.first_name, account.last_name, names)
    tell(ctx, account.user_id, update, about=[account.user_id])
    tell_contacts(ctx, account, lambda viewer: about_user(ctx, viewer, [update], [account.user_id]))
    return peers.user(account.user_id, account.user_id)


def _named(ctx: Context, authorization_hash: int) -> AuthKey:
    """Another session of the account by its hash; raises HASH_INVALID."""
    own = authorizations.main_key(ctx.server, ctx.key)
    for key in authorizations.sessions_of(ctx.server, ctx.account.user_id):
        if key is not own and authorizations.authorization_hash(key) == authorization_hash:
            return key
    raise RpcError(400, "HASH_INVALID")


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
