"""auth.*: codes, signing in and up, the cloud password's check, signing out. https://core.telegram.org/api/auth"""

from __future__ import annotations

import re

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.protocol.srp import SrpError
from sandbox.services import authorizations
from sandbox.services.news import tell
from sandbox.world.accounts import MAX_NAME, SERVICE_USER_ID, Account, digits, email_pattern
from sandbox.world.logins import DAY, HOUR, SET_UP_EMAIL, SentCode, next_route
from sandbox.world.posts import Post

_PHONE = re.compile(r"\+?[1-9][0-9 ()\-]{5,24}")
_FRAGMENT = "888"
"""How numbers begin that are sold on fragment.com."""
API_HASH = re.compile(r"[0-9a-f]{32}")
_CODE_MESSAGE = (
    "Login code: {code}. Do not give this code to anyone, even if they say they are from Telegram!\n\n"
    "This code can be used to log in to your Telegram account. We never ask it for anything else.\n\n"
    "If you didn't request this code by trying to log in on another device, simply ignore this message."
)


@registry.method(functions.auth.SendCodeRequest, anonymous=True)
async def send_code(ctx: Context, request: functions.auth.SendCodeRequest) -> types.auth.TypeSentCode:
    """https://core.telegram.org/method/auth.sendCode"""
    if request.api_id <= 0 or not API_HASH.fullmatch(request.api_hash):
        raise RpcError(400, "API_ID_INVALID")
    phone = _phone(request.phone_number)
    account = ctx.world.accounts.by_phone(phone)
    if account is not None and account.banned:
        raise RpcError(400, "PHONE_NUMBER_BANNED")
    if account is not None and account.home_dc != ctx.dc_id:
        raise RpcError(303, f"PHONE_MIGRATE_{account.home_dc}")
    logins = ctx.world.logins
    if account is not None and logins.redeem_logout_token(account.user_id, request.settings.logout_tokens or []):
        return types.auth.SentCodeSuccess(_enter(ctx, account))
    _count_code(ctx, phone, account)
    sent = logins.send(phone, ctx.key.id, _route(ctx, phone, account))
    _deliver(ctx, sent, account)
    return sent_code(ctx, sent)


@registry.method(functions.auth.ResendCodeRequest, anonymous=True)
async def resend_code(ctx: Context, request: functions.auth.ResendCodeRequest) -> types.auth.TypeSentCode:
    """https://core.telegram.org/method/auth.resendCode"""
    sent = find_code(ctx, request.phone_number, request.phone_code_hash)
    account = ctx.world.accounts.by_phone(sent.phone)
    if next_route(sent.route) is None:
        raise RpcError(406, "SEND_CODE_UNAVAILABLE")
    _count_code(ctx, sent.phone, account)
    ctx.world.logins.resend(sent)
    _deliver(ctx, sent, account)
    return sent_code(ctx, sent)


@registry.method(functions.auth.CancelCodeRequest, anonymous=True)
async def cancel_code(ctx: Context, request: functions.auth.CancelCodeRequest) -> bool:
    """https://core.telegram.org/method/auth.cancelCode"""
    ctx.world.logins.forget(find_code(ctx, request.phone_number, request.phone_code_hash))
    return True


@registry.method(functions.auth.SignInRequest, anonymous=True)
async def sign_in(ctx: Context, request: functions.auth.SignInRequest) -> types.auth.TypeAuthorization:
    """https://core.telegram.org/method/auth.signIn"""
    by_email = isinstance(request.email_verification, types.EmailVerificationCode)
    given = request.email_verification.code if by_email else request.phone_code
    if not given:
        _phone(request.phone_number)
        raise RpcError(400, "PHONE_CODE_EMPTY")
    sent = find_code(ctx, request.phone_number, request.phone_code_hash)
    logins = ctx.world.logins
    if given.strip() != sent.code or by_email != (sent.route == "email") or sent.route == SET_UP_EMAIL:
        logins.wrong_code(sent)
        raise RpcError(400, "PHONE_CODE_INVALID")
    account = ctx.world.accounts.by_phone(sent.phone)
    if account is None:
        logins.confirm(sent)
        return types.auth.AuthorizationSignUpRequired(_terms())
    if account.banned:
        raise RpcError(400, "PHONE_NUMBER_BANNED")
    entered = _enter(ctx, account)
    logins.forget(sent)
    return entered


@registry.method(functions.auth.SignUpRequest, anonymous=True)
async def sign_up(ctx: Context, request: functions.auth.SignUpRequest) -> types.auth.TypeAuthorization:
    """https://core.telegram.org/method/auth.signUp"""
    sent = find_code(ctx, request.phone_number, request.phone_code_hash)
    accounts = ctx.world.accounts
    if accounts.by_phone(sent.phone) is not None:
        raise RpcError(400, "PHONE_NUMBER_OCCUPIED")
    if not sent.confirmed:
        raise RpcError(400, "PHONE_CODE_INVALID")
    first, last = request.first_name.strip(), request.last_name.strip()
    if not 0 < len(first) <= MAX_NAME:
        raise RpcError(400, "FIRSTNAME_INVALID")
    if len(last) > MAX_NAME:
        raise RpcError(400, "LASTNAME_INVALID")
    account = accounts.create(sent.phone, first, last, home_dc=ctx.dc_id)
    ctx.world.logins.forget(sent)
    for owner in accounts.knowing(account.user_id):  # those who had saved the number have a new contact
        tell(ctx, owner.user_id, types.UpdateUser(account.user_id), about=[account.user_id])
        if not request.no_joined_notifications:
            _announce(ctx, account, owner)
    return _enter(ctx, account)


@registry.method(functions.auth.CheckPasswordRequest, anonymous=True)
async def check_password(ctx: Context, request: functions.auth.CheckPasswordRequest) -> types.auth.TypeAuthorization:
    """https://core.telegram.org/method/auth.checkPassword"""
    account = authorizations.owing_password(ctx)
    if account is None:  # signed in already, perhaps by an answer that never arrived
        verify_password(ctx, ctx.account, request.password)
        return authorizations.signed_in(ctx, ctx.account)
    verify_password(ctx, account, request.password)
    sent = ctx.world.logins.by_phone(account.phone)
    if sent is not None and sent.key_id == ctx.key.id:
        ctx.world.logins.forget(sent)
    return authorizations.grant(ctx, account)


@registry.method(functions.auth.LogOutRequest, anonymous=True)
async def log_out(ctx: Context, _: functions.auth.LogOutRequest) -> types.auth.LoggedOut:
    """https://core.telegram.org/method/auth.logOut

    A key that owes the password may log out as well: the half sign-in is forgotten.
    """
    if authorizations.owing_password(ctx) is not None:
        ctx.key.extra = {}
        return types.auth.LoggedOut()
    account = ctx.account
    authorizations.end_imported(ctx, ctx.key)
    ctx.key.user_id = None
    ctx.key.extra = {}
    return types.auth.LoggedOut(ctx.world.logins.give_logout_token(account.user_id))


@registry.method(functions.auth.ExportAuthorizationRequest)
async def export_authorization(
    ctx: Context, request: functions.auth.ExportAuthorizationRequest
) -> types.auth.ExportedAuthorization:
    """https://core.telegram.org/method/auth.exportAuthorization"""
    if not 1 <= request.dc_id <= ctx.server.dcs or request.dc_id == ctx.dc_id:
        raise RpcError(400, "DC_ID_INVALID")
    user_id = ctx.account.user_id
    return types.auth.ExportedAuthorization(user_id, ctx.world.logins.export(user_id, ctx.key.id, request.dc_id))


@registry.method(functions.auth.ImportAuthorizationRequest, anonymous=True)
async def import_authorization(
    ctx: Context, request: functions.auth.ImportAuthorizationRequest
) -> types.auth.TypeAuthorization:
    """https://core.telegram.org/method/auth.importAuthorization"""
    fact = ctx.world.logins.redeem_export(request.bytes, ctx.dc_id)
    if fact is None:
        raise RpcError(400, "AUTH_BYTES_INVALID")
    if fact["user_id"] != request.id:
        raise RpcError(400, "USER_ID_INVALID")
    parent = ctx.server.keys.get(fact["key_id"])
    if parent is None or parent.user_id != fact["user_id"]:
        raise RpcError(400, "AUTH_BYTES_INVALID")
    return authorizations.grant_import(ctx, ctx.server.account_of(parent), parent)


@registry.method(functions.auth.ResetAuthorizationsRequest)
async def reset_authorizations(ctx: Context, _: functions.auth.ResetAuthorizationsRequest) -> bool:
    """https://core.telegram.org/method/auth.resetAuthorizations"""
    user_id = ctx.account.user_id
    authorizations.require_seasoned(ctx)
    own = authorizations.main_key(ctx.server, ctx.key)
    for key in ctx.server.keys_of(user_id):
        if authorizations.main_key(ctx.server, key) is not own:
            ctx.server.revoke(key.id)
    for key in authorizations.sessions_of(ctx.server, user_id):
        if key is not own:  # those that still owed the password
            ctx.server.revoke(key.id)
    return True


def verify_password(ctx: Context, account: Account, given: types.TypeInputCheckPasswordSRP) -> None:
    """Check an InputCheckPasswordSRP against the account's cloud password; raises RpcError as Telegram names it."""
    logins, what = ctx.world.logins, f"password:{account.user_id}"
    wait = logins.wait(what, logins.limits.wrong_passwords_per_hour, HOUR)
    if wait:
        raise RpcError(420, f"FLOOD_WAIT_{wait}")
    if not isinstance(given, types.InputCheckPasswordSRP):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    if account.password is None:
        raise RpcError(400, "SRP_PASSWORD_CHANGED")
    try:
        logins.srp.check(account.user_id, account.password, given.srp_id, given.A, given.M1)
    except SrpError as error:
        if error.name == "PASSWORD_HASH_INVALID":
            logins.tried(what)
        raise RpcError(400, error.name) from None


def _enter(ctx: Context, account: Account) -> types.auth.Authorization:
    """The number is proven: signed in, or 401 SESSION_PASSWORD_NEEDED for an account with a cloud password.

    That state belongs to the key: the same code may be given again by it until the password is.
    """
    if account.password is None:
        return authorizations.grant(ctx, account)
    authorizations.await_password(ctx, account)
    raise RpcError(401, "SESSION_PASSWORD_NEEDED")


def _phone(text: str) -> str:
    """The digits of a phone number; raises 406 PHONE_NUMBER_INVALID for what cannot be one."""
    phone = digits(text)
    if not _PHONE.fullmatch(text.strip()) or not 7 <= len(phone) <= 15:
        raise RpcError(406, "PHONE_NUMBER_INVALID")
    return phone


def find_code(ctx: Context, phone_number: str, code_hash: str) -> SentCode:
    """The live code that this key asked for; raises PHONE_CODE_EXPIRED and what is wrong with the number."""
    phone = _phone(phone_number)
    if not code_hash:
        raise RpcError(400, "PHONE_CODE_HASH_EMPTY")
    sent = ctx.world.logins.find(phone, code_hash, ctx.key.id)
    if sent is None:
        raise RpcError(400, "PHONE_CODE_EXPIRED")
    return sent


def _count_code(ctx: Context, phone: str, account: Account | None) -> None:
    """Note that a code is asked for; raises the flood errors of auth.sendCode."""
    logins, what = ctx.world.logins, f"code:{phone}"
    if account is not None:
        wrong = logins.count(f"password:{account.user_id}", HOUR)
        if wrong >= logins.limits.wrong_passwords_per_hour:
            raise RpcError(406, "PHONE_PASSWORD_FLOOD")
    if logins.count(what, DAY) >= logins.limits.codes_per_day:
        raise RpcError(400, "PHONE_NUMBER_FLOOD")
    wait = logins.wait(what, logins.limits.codes_per_hour, HOUR)
    if wait:
        raise RpcError(420, f"FLOOD_WAIT_{wait}")
    logins.tried(what)


def _route(ctx: Context, phone: str, account: Account | None) -> str:
    """How the first code of a sign-in travels (https://core.telegram.org/api/auth#email-verification)."""
    if phone.startswith(_FRAGMENT):
        return "fragment"
    if account is not None and account.login_email:
        return "email"
    if account is not None and account.needs_login_email:
        return SET_UP_EMAIL
    elsewhere = account is not None and any(key is not ctx.key for key in ctx.server.keys_of(account.user_id))
    return "app" if elsewhere else "sms"


def _deliver(ctx: Context, sent: SentCode, account: Account | None) -> None:
    if sent.route == SET_UP_EMAIL:
        return
    ctx.server.note_code(sent.phone, sent.code)
    if sent.route == "app" and account is not None and ctx.world.logins.limits.service_messages:
        ctx.world.send(SERVICE_USER_ID, account.user_id, _CODE_MESSAGE.format(code=sent.code))


def sent_code(ctx: Context, sent: SentCode) -> types.auth.SentCode:
    """auth.sentCode for a code on its way, or for one that waits for a login email."""
    following = next_route(sent.route)
    next_type = {None: None, "sms": types.auth.CodeTypeSms(), "call": types.auth.CodeTypeCall()}[following]
    timeout = ctx.world.logins.limits.resend_seconds if following else None
    return types.auth.SentCode(_code_type(ctx, sent), sent.hash, next_type, timeout)


def _code_type(ctx: Context, sent: SentCode) -> types.auth.TypeSentCodeType:
    length = len(sent.code)
    if sent.route == SET_UP_EMAIL:
        return types.auth.SentCodeTypeSetUpEmailRequired()
    if sent.route == "email":
        account = ctx.world.accounts.by_phone(sent.phone)
        return types.auth.SentCodeTypeEmailCode(email_pattern(account.login_email if account else ""), length)
    if sent.route == "fragment":
        return types.auth.SentCodeTypeFragmentSms(f"https://fragment.com/number/{sent.phone}/code", length)
    kinds = {"app": types.auth.SentCodeTypeApp, "sms": types.auth.SentCodeTypeSms, "call": types.auth.SentCodeTypeCall}
    return kinds[sent.route](length)


def _announce(ctx: Context, account: Account, owner: Account) -> None:
    """The message "has joined", which stands in the box of whoever had saved the number and in no other."""
    joined = types.MessageActionContactSignUp()
    post = Post(0, account.user_id, owner.user_id, ctx.world.now(), action=joined)
    ctx.world.message_actions.post(post, ctx.push, owners=[owner.user_id])


def _terms() -> types.help.TermsOfService:
    return types.help.TermsOfService(types.DataJSON("{}"), "This is a sandbox. Nothing here reaches Telegram.", [])
