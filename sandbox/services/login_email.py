"""account.*VerifyEmail*: the login email, to which the codes of a sign-in go.

https://core.telegram.org/api/auth#email-verification
"""

from __future__ import annotations

import hmac

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.auth import find_code, sent_code
from sandbox.world.accounts import EMAIL, Account, email_pattern
from sandbox.world.logins import EMAIL_CODE_LENGTH, SET_UP_EMAIL, SentCode


@registry.method(functions.account.SendVerifyEmailCodeRequest, anonymous=True)
async def send_verify_email_code(
    ctx: Context, request: functions.account.SendVerifyEmailCodeRequest
) -> types.account.SentEmailCode:
    """https://core.telegram.org/method/account.sendVerifyEmailCode"""
    asked = _asked(ctx, request.purpose)
    if not EMAIL.fullmatch(request.email):
        raise RpcError(400, "EMAIL_INVALID")
    if isinstance(asked, SentCode):
        ctx.world.logins.send_to_email(asked, request.email)
        ctx.server.note_code(asked.phone, asked.email_code)
    else:
        if isinstance(request.purpose, types.EmailVerifyPurposeLoginChange) and not asked.login_email:
            raise RpcError(400, "EMAIL_NOT_SETUP")
        code = ctx.world.logins.verify_email(asked.user_id, request.email)
        ctx.server.note_code(asked.phone, code)
    return types.account.SentEmailCode(email_pattern(request.email), EMAIL_CODE_LENGTH)


@registry.method(functions.account.VerifyEmailRequest, anonymous=True)
async def verify_email(
    ctx: Context, request: functions.account.VerifyEmailRequest
) -> types.account.EmailVerified | types.account.EmailVerifiedLogin:
    """https://core.telegram.org/method/account.verifyEmail"""
    asked = _asked(ctx, request.purpose)
    given = request.verification
    code = given.code if isinstance(given, types.EmailVerificationCode) else ""
    if isinstance(asked, SentCode):
        return _set_up(ctx, asked, code)
    pending = ctx.world.logins.email_of(asked.user_id)
    if pending is None:
        raise RpcError(400, "EMAIL_VERIFY_EXPIRED")
    _compare(code, pending[1])
    ctx.world.logins.forget_email(asked.user_id)
    if isinstance(request.purpose, types.EmailVerifyPurposeLoginChange):
        ctx.world.accounts.set_login_email(asked, pending[0])
    return types.account.EmailVerified(pending[0])


def _set_up(ctx: Context, sent: SentCode, code: str) -> types.account.EmailVerifiedLogin:
    """The address is proven: it is the login email from now on, and the code of the sign-in goes there."""
    if not sent.email_code:
        raise RpcError(400, "EMAIL_VERIFY_EXPIRED")
    _compare(code, sent.email_code)
    accounts = ctx.world.accounts
    account = accounts.by_phone(sent.phone)
    if account is None:
        raise RpcError(400, "PHONE_CODE_EXPIRED")
    accounts.set_login_email(account, sent.email)
    login = ctx.world.logins.send(sent.phone, ctx.key.id, "email")
    ctx.server.note_code(login.phone, login.code)
    return types.account.EmailVerifiedLogin(account.login_email, sent_code(ctx, login))


def _compare(given: str, code: str) -> None:
    if not hmac.compare_digest(given.strip().encode(), code.encode()):
        raise RpcError(400, "CODE_INVALID")


def _asked(ctx: Context, purpose: types.TypeEmailVerifyPurpose) -> SentCode | Account:
    """The sign-in that must set an address up, or the account that is signed in."""
    if not isinstance(purpose, types.EmailVerifyPurposeLoginSetup):
        return ctx.account
    try:
        sent = find_code(ctx, purpose.phone_number, purpose.phone_code_hash)
    except RpcError as error:
        raise RpcError(400, "PHONE_HASH_EXPIRED") if error.message.startswith("PHONE_CODE") else error from None
    if sent.route != SET_UP_EMAIL:
        raise RpcError(400, "PHONE_HASH_EXPIRED")
    return sent
