"""Which button goes with which code."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, SuggestedAction
from tgadmin.core.errors.table import messages

_BY_ACTION = {
    Action.FAIL: SuggestedAction.NONE,
    Action.STOP: SuggestedAction.SIGN_IN_AGAIN,
    Action.ASK_PASSWORD: SuggestedAction.SIGN_IN,
    Action.RESTART_SIGN_IN: SuggestedAction.SEND_CODE,
}
_BY_CODE = {
    Code.DISABLED: SuggestedAction.ENABLE,
    Code.DISABLED_BY_STAFF: SuggestedAction.ENABLE,
    Code.PHONE_CODE_EMPTY: SuggestedAction.CHECK_CODE,
    Code.PHONE_CODE_EXPIRED: SuggestedAction.NEW_CODE,
    Code.PHONE_CODE_HASH_EMPTY: SuggestedAction.NEW_CODE,
    Code.PHONE_HASH_EXPIRED: SuggestedAction.NEW_CODE,
    Code.PHONE_CODE_INVALID: SuggestedAction.CHECK_CODE,
    Code.PHONE_NOT_OCCUPIED: SuggestedAction.CHANGE_NUMBER,
    Code.PHONE_NUMBER_UNOCCUPIED: SuggestedAction.CHANGE_NUMBER,
    Code.PHONE_NUMBER_BANNED: SuggestedAction.SEND_CODE,
    Code.PHONE_NUMBER_INVALID: SuggestedAction.SEND_CODE,
    Code.PASSWORD_EMPTY: SuggestedAction.SIGN_IN,
    Code.PASSWORD_HASH_INVALID: SuggestedAction.SIGN_IN,
    Code.PROXY_NO_WAY: SuggestedAction.PROXY,
    Code.PROXY_REFUSED: SuggestedAction.PROXY,
    Code.PROXY_SILENT: SuggestedAction.PROXY,
    Code.PROXY_UNREACHABLE: SuggestedAction.PROXY,
    Code.REPLACED: SuggestedAction.NONE,
    Code.SMS_CODE_CREATE_FAILED: SuggestedAction.RESEND,
    Code.SRP_ID_INVALID: SuggestedAction.SIGN_IN,
    Code.SRP_PASSWORD_CHANGED: SuggestedAction.SIGN_IN,
}


def suggested_action_for(code: str, action: Action) -> SuggestedAction:
    """A failed message has its own button; else the code's, else what goes with the action."""
    if code in _BY_CODE:
        return _BY_CODE[Code(code)]
    if code in messages.ROWS and action is Action.FAIL:
        return SuggestedAction.RETRY_MESSAGE
    return _BY_ACTION.get(action, SuggestedAction.NONE)
