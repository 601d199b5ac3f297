"""Which button goes with which code."""

from __future__ import annotations

from tgadmin.core.error_codes import TelegramErrorCode as Code
from tgadmin.core.error_kinds import Action, Press
from tgadmin.core.error_table import messages

_BY_ACTION = {
    Action.FAIL: Press.NONE,
    Action.STOP: Press.SIGN_IN_AGAIN,
    Action.ASK_PASSWORD: Press.SIGN_IN,
    Action.RESTART_SIGN_IN: Press.SEND_CODE,
}
_BY_CODE = {
    Code.DISABLED: Press.ENABLE,
    Code.DISABLED_BY_STAFF: Press.ENABLE,
    Code.PHONE_CODE_EMPTY: Press.CHECK_CODE,
    Code.PHONE_CODE_EXPIRED: Press.NEW_CODE,
    Code.PHONE_CODE_HASH_EMPTY: Press.NEW_CODE,
    Code.PHONE_HASH_EXPIRED: Press.NEW_CODE,
    Code.PHONE_CODE_INVALID: Press.CHECK_CODE,
    Code.PHONE_NOT_OCCUPIED: Press.CHANGE_NUMBER,
    Code.PHONE_NUMBER_UNOCCUPIED: Press.CHANGE_NUMBER,
    Code.PHONE_NUMBER_BANNED: Press.SEND_CODE,
    Code.PHONE_NUMBER_INVALID: Press.SEND_CODE,
    Code.PASSWORD_EMPTY: Press.SIGN_IN,
    Code.PASSWORD_HASH_INVALID: Press.SIGN_IN,
    Code.PROXY_NO_WAY: Press.PROXY,
    Code.PROXY_REFUSED: Press.PROXY,
    Code.PROXY_SILENT: Press.PROXY,
    Code.PROXY_UNREACHABLE: Press.PROXY,
    Code.REPLACED: Press.NONE,
    Code.SMS_CODE_CREATE_FAILED: Press.RESEND,
    Code.SRP_ID_INVALID: Press.SIGN_IN,
    Code.SRP_PASSWORD_CHANGED: Press.SIGN_IN,
}


def press_for(code: str, action: Action) -> Press:
    """A failed message has its own button; else the code's, else what goes with the action."""
    if code in _BY_CODE:
        return _BY_CODE[Code(code)]
    if code in messages.ROWS and action is Action.FAIL:
        return Press.RETRY_MESSAGE
    return _BY_ACTION.get(action, Press.NONE)
