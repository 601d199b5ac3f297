"""account.*Password*: the cloud password, set, changed, removed, and its recovery e-mail.

https://core.telegram.org/api/srp
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from telethon.tl import functions, types
from telethon.tl.types import PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow as Algo

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.protocol import srp
from sandbox.protocol.srp import Password
from sandbox.services import authorizations
from sandbox.services.auth import verify_password
from sandbox.world.accounts import EMAIL, Account, PendingEmail, email_pattern
from sandbox.world.logins import EMAIL_CODE_LENGTH


@registry.method(functions.account.GetPasswordRequest, anonymous=True)
async def get_password(ctx: Context, _: functions.account.GetPasswordRequest) -> types.account.Password:
    """https://core.telegram.org/method/account.getPassword

    Also for a key that owes the password: it is how the client gets the parameters of auth.checkPassword.
    """
    account = authorizations.owing_password(ctx) or ctx.account
    password, pending = account.password, account.pending_email
    srp_id, srp_b = ctx.world.logins.srp.open(account.user_id, password) if password else (None, None)
    return types.account.Password(
        new_algo=_new_algo(ctx, account),
        new_secure_algo=types.SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000(secrets.token_bytes(8)),
        secure_random=secrets.token_bytes(256),
        has_recovery=bool(password and password.email) or None,
        has_password=password is not None or None,
        current_algo=_algo(bytes.fromhex(password.salt1), bytes.fromhex(password.salt2)) if password else None,
        srp_B=srp_b,
        srp_id=srp_id,
        hint=(password.hint or None) if password else None,
        email_unconfirmed_pattern=email_pattern(pending.email) if pending else None,
        login_email_pattern=email_pattern(account.login_email) if account.login_email else None,
    )


@registry.method(functions.account.GetPasswordSettingsRequest)
async def get_password_settings(
    ctx: Context, request: functions.account.GetPasswordSettingsRequest
) -> types.account.PasswordSettings:
    """https://core.telegram.org/method/account.getPasswordSettings"""
    account = ctx.account
    verify_password(ctx, account, request.password)
    return types.account.PasswordSettings(email=(account.password.email or None) if account.password else None)


@registry.method(functions.account.UpdatePasswordSettingsRequest)
async def update_password_settings(ctx: Context, request: functions.account.UpdatePasswordSettingsRequest) -> bool:
    """https://core.telegram.org/method/account.updatePasswordSettings

    An empty new_password_hash removes the password; a new recovery e-mail holds everything back until it is confirmed.
    """
    account, settings = ctx.account, request.new_settings
    if account.password is not None:
        verify_password(ctx, account, request.password)
    elif not isinstance(request.password, types.InputCheckPasswordEmpty):
        raise RpcError(400, "PASSWORD_HASH_INVALID")
    changed = _settings(ctx, account, settings)
    if changed is not None and settings.email and settings.email != changed.email:
        _ask_email(ctx, account, changed, settings.email)
    account.pending_email = None
    ctx.world.accounts.set_password(account, changed)
    return True


@registry.method(functions.account.ConfirmPasswordEmailRequest)
async def confirm_password_email(ctx: Context, request: functions.account.ConfirmPasswordEmailRequest) -> bool:
    """https://core.telegram.org/method/account.confirmPasswordEmail"""
    account = ctx.account
    if account.pending_email is None:
        raise RpcError(400, "EMAIL_HASH_EXPIRED")
    if not hmac.compare_digest(request.code.encode(), account.pending_email.code.encode()):
        raise RpcError(400, "CODE_INVALID")
    confirmed = account.pending_email
    account.pending_email = None
    confirmed.password.email = confirmed.email
    ctx.world.accounts.set_password(account, confirmed.password)
    return True


@registry.method(functions.account.ResendPasswordEmailRequest)
async def resend_password_email(ctx: Context, _: functions.account.ResendPasswordEmailRequest) -> bool:
    """https://core.telegram.org/method/account.resendPasswordEmail"""
    account = ctx.account
    if account.pending_email is None:
        raise RpcError(400, "EMAIL_HASH_EXPIRED")
    ctx.server.note_code(account.phone, account.pending_email.code)
    return True


@registry.method(functions.account.CancelPasswordEmailRequest)
async def cancel_password_email(ctx: Context, _: functions.account.CancelPasswordEmailRequest) -> bool:
    """https://core.telegram.org/method/account.cancelPasswordEmail"""
    account = ctx.account
    if account.pending_email is None:
        raise RpcError(400, "EMAIL_HASH_EXPIRED")
    account.pending_email = None
    ctx.world.accounts.save(account)
    return True


def _settings(ctx: Context, account: Account, settings: types.account.TypePasswordInputSettings) -> Password | None:
    """The password that these settings ask for; None removes it. Raises RpcError as Telegram names it."""
    old = account.password
    if settings.new_password_hash:
        return _new_password(ctx, account, settings)
    if settings.new_algo is not None:  # an algorithm without a password: remove it
        if old is None:
            raise RpcError(400, "NEW_SETTINGS_EMPTY")
        return None
    if old is None or settings.email is None:
        raise RpcError(400, "NEW_SETTINGS_EMPTY" if old is None else "NEW_SETTINGS_INVALID")
    return Password(old.salt1, old.salt2, old.verifier, old.hint, "" if settings.email == "" else old.email)


def _new_password(ctx: Context, account: Account, settings: types.account.TypePasswordInputSettings) -> Password:
    algo, offered = settings.new_algo, _new_algo(ctx, account)
    if not isinstance(algo, Algo) or (algo.g, algo.p) != (srp.G, srp.P_BYTES):
        raise RpcError(400, "NEW_SETTINGS_INVALID")
    if not srp.good_verifier(settings.new_password_hash):
        raise RpcError(400, "NEW_SETTINGS_INVALID")
    lengthened = algo.salt1.startswith(offered.salt1) and len(algo.salt1) >= len(offered.salt1) + srp.SALT1_CLIENT_BYTES
    if not lengthened or algo.salt2 != offered.salt2:
        raise RpcError(400, "NEW_SALT_INVALID")
    email = account.password.email if account.password else ""
    return Password(algo.salt1.hex(), algo.salt2.hex(), settings.new_password_hash.hex(), settings.hint or "", email)


def _ask_email(ctx: Context, account: Account, password: Password, email: str) -> None:
    """Send a code to the recovery e-mail (it lands where sign-in codes do); raises EMAIL_UNCONFIRMED_<its length>."""
    if not EMAIL.fullmatch(email):
        raise RpcError(400, "EMAIL_INVALID")
    code = ctx.world.logins.email_code()
    account.pending_email = PendingEmail(email, code, password)
    ctx.world.accounts.save(account)
    ctx.server.note_code(account.phone, code)
    raise RpcError(400, f"EMAIL_UNCONFIRMED_{EMAIL_CODE_LENGTH}")


def _new_algo(ctx: Context, account: Account) -> Algo:
    """The algorithm offered for the account's next password; its salts change with every new password."""
    current = account.password.verifier if account.password else ""
    salts = hmac.new(ctx.world.peers.secret, f"salts:{account.user_id}:{current}".encode(), hashlib.sha256).digest()
    return _algo(salts[: srp.SALT1_SERVER_BYTES], salts[-srp.SALT2_BYTES :])


def _algo(salt1: bytes, salt2: bytes) -> Algo:
    return Algo(salt1=salt1, salt2=salt2, g=srp.G, p=srp.P_BYTES)
