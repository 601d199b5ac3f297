"""Login by QR code: a client shows a token, a signed-in one accepts it. https://core.telegram.org/api/qr-login"""

from __future__ import annotations

from datetime import UTC, datetime

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.protocol.keys import AuthKey
from sandbox.services import authorizations
from sandbox.services.auth import API_HASH
from sandbox.world.accounts import Account
from sandbox.world.login_tokens import LoginToken


@registry.method(functions.auth.ExportLoginTokenRequest, anonymous=True)
async def export_login_token(
    ctx: Context, request: functions.auth.ExportLoginTokenRequest
) -> types.auth.TypeLoginToken:
    """https://core.telegram.org/method/auth.exportLoginToken

    Called again after the token was accepted it signs the key in, or sends it to the account's own data centre. A key
    that is signed in already (by an answer that never arrived, say) is told so.
    """
    if request.api_id <= 0 or not API_HASH.fullmatch(request.api_hash):
        raise RpcError(400, "API_ID_INVALID")
    if ctx.key.user_id is not None:
        return types.auth.LoginTokenSuccess(authorizations.signed_in(ctx, ctx.account))
    owing = authorizations.owing_password(ctx)
    if owing is not None and "by_token" in ctx.key.extra:
        raise RpcError(401, "SESSION_PASSWORD_NEEDED")
    tokens = ctx.world.logins.tokens
    accepted = tokens.accepted(ctx.key.id)
    account = _account(ctx, accepted) if accepted is not None else None
    if accepted is None or account is None:
        token = tokens.give(ctx.key.id, list(request.except_ids))
        return types.auth.LoginToken(datetime.fromtimestamp(token.expires, UTC), bytes.fromhex(token.token))
    if account.home_dc != ctx.dc_id:
        return types.auth.LoginTokenMigrateTo(account.home_dc, bytes.fromhex(accepted.token))
    return _enter(ctx, accepted, account)


@registry.method(functions.auth.ImportLoginTokenRequest, anonymous=True)
async def import_login_token(
    ctx: Context, request: functions.auth.ImportLoginTokenRequest
) -> types.auth.TypeLoginToken:
    """https://core.telegram.org/method/auth.importLoginToken

    For the key that auth.loginTokenMigrateTo has sent here. Asked again, that key gets the same answer.
    """
    token = ctx.world.logins.tokens.find(request.token)
    if token is None or token.accepted_by is None:
        raise RpcError(400, "AUTH_TOKEN_INVALID")
    if token.imported_by is not None and token.imported_by != ctx.key.id:
        raise RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
    account = _account(ctx, token)
    if account is None:
        raise RpcError(400, "AUTH_TOKEN_INVALID")
    if token.imported_by == ctx.key.id:
        if ctx.key.user_id is None:
            raise RpcError(401, "SESSION_PASSWORD_NEEDED")
        return types.auth.LoginTokenSuccess(authorizations.signed_in(ctx, ctx.account))
    if ctx.world.logins.tokens.is_late(token):
        raise RpcError(400, "AUTH_TOKEN_EXPIRED")
    if account.home_dc != ctx.dc_id:
        return types.auth.LoginTokenMigrateTo(account.home_dc, request.token)
    return _enter(ctx, token, account)


@registry.method(functions.auth.AcceptLoginTokenRequest)
async def accept_login_token(ctx: Context, request: functions.auth.AcceptLoginTokenRequest) -> types.Authorization:
    """https://core.telegram.org/method/auth.acceptLoginToken

    Whoever shows the code is told by updateLoginToken. AUTH_TOKEN_EXCEPTION: this account was excepted by it.
    """
    account, tokens = ctx.account, ctx.world.logins.tokens
    token = tokens.find(request.token)
    shown_by = None if token is None else ctx.server.keys.get(token.key_id)
    if token is None or shown_by is None:
        raise RpcError(400, "AUTH_TOKEN_INVALID")
    if token.accepted_by is not None:
        raise RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
    if tokens.is_late(token):
        raise RpcError(400, "AUTH_TOKEN_EXPIRED")
    if account.user_id in token.except_ids:
        raise RpcError(400, "AUTH_TOKEN_EXCEPTION")
    tokens.accept(token, account.user_id)
    update = types.UpdateShort(types.UpdateLoginToken(), datetime.fromtimestamp(int(ctx.world.clock()), UTC))
    ctx.after(lambda: ctx.server.push_to_key(shown_by, update))
    return _accepted(ctx, shown_by, account)


def _account(ctx: Context, token: LoginToken) -> Account | None:
    account = None if token.accepted_by is None else ctx.world.accounts.get(token.accepted_by)
    return account if account is not None and account.live else None


def _enter(ctx: Context, token: LoginToken, account: Account) -> types.auth.LoginTokenSuccess:
    """Signed in; or 401 SESSION_PASSWORD_NEEDED, and auth.checkPassword follows."""
    ctx.world.logins.tokens.used_up(token, ctx.key.id)
    shown_by = ctx.server.keys.get(token.key_id)
    name = authorizations.authorization_hash(ctx.key if shown_by is None else shown_by)
    if account.password is not None:
        authorizations.await_password(ctx, account, {"by_token": True, "hash": name})
        raise RpcError(401, "SESSION_PASSWORD_NEEDED")
    return types.auth.LoginTokenSuccess(authorizations.grant(ctx, account, {"hash": name}))


def _accepted(ctx: Context, key: AuthKey, account: Account) -> types.Authorization:
    """The session to be, as the one who accepts it is shown it."""
    facts = authorizations.described(key)
    facts.unconfirmed = True
    facts.password_pending = account.password is not None or None
    facts.date_created = facts.date_active = datetime.fromtimestamp(int(ctx.world.clock()), UTC)
    return facts
