"""What is done and said about codes that a sign-in meets."""

from __future__ import annotations

from tgadmin.core.errors.codes import TelegramErrorCode as Code
from tgadmin.core.errors.kinds import Action, Rows

ROWS: Rows = {
    Code.PHONE_NUMBER_INVALID: (
        Action.FAIL,
        "Telegram does not know this as a phone number.",
        "Enter it with its country code, as +49 151 23456789.",
    ),
    Code.PHONE_NUMBER_BANNED: (
        Action.FAIL,
        "Telegram has banned this phone number; no account can be signed in with it.",
        "Write to recover@telegram.org from the number's owner, or use another number.",
    ),
    Code.PHONE_NUMBER_FLOOD: (
        Action.FAIL,
        "Codes were asked for too often for this number; Telegram sends none for now.",
        "Wait a day, then start the sign-in again.",
    ),
    Code.PHONE_NUMBER_UNOCCUPIED: (
        Action.FAIL,
        "No Telegram account exists for this number, and none is made from here.",
        "Check the number, or register it in an official Telegram app first.",
    ),
    Code.PHONE_NOT_OCCUPIED: (
        Action.FAIL,
        "No Telegram account exists for this number, and none is made from here.",
        "Check the number, or register it in an official Telegram app first.",
    ),
    Code.PHONE_NUMBER_APP_SIGNUP_FORBIDDEN: (
        Action.FAIL,
        "This number has no account, and Telegram does not let this application register it.",
        "Register the number in an official Telegram app first.",
    ),
    Code.PHONE_PASSWORD_FLOOD: (
        Action.FAIL,
        "The sign-in was tried too often; Telegram refuses further tries for now.",
        "Wait some hours, then start the sign-in again.",
    ),
    Code.PHONE_PASSWORD_PROTECTED: (
        Action.ASK_PASSWORD,
        "This account is protected by a cloud password.",
        "Enter the cloud password.",
    ),
    Code.PHONE_CODE_INVALID: (
        Action.FAIL,
        "This code is not the one that Telegram sent; the sign-in stays open.",
        "Enter the newest code, or have another one sent.",
    ),
    Code.PHONE_CODE_EMPTY: (
        Action.FAIL,
        "No code was entered; the sign-in stays open.",
        "Enter the code that Telegram sent.",
    ),
    Code.PHONE_CODE_EXPIRED: (
        Action.RESTART_SIGN_IN,
        "This code is no longer valid.",
        "Have a new code sent: the sign-in begins again with the same number.",
    ),
    Code.PHONE_CODE_HASH_EMPTY: (
        Action.RESTART_SIGN_IN,
        "Telegram no longer knows this sign-in.",
        "Start again from the phone number.",
    ),
    Code.PHONE_HASH_EXPIRED: (
        Action.RESTART_SIGN_IN,
        "Telegram no longer knows this sign-in.",
        "Start again from the phone number.",
    ),
    Code.SEND_CODE_UNAVAILABLE: (
        Action.FAIL,
        "Telegram has no further way to send a code to this number; the codes sent so far stay valid.",
        "Enter the code that came last, or wait and start the sign-in again.",
    ),
    Code.SMS_CODE_CREATE_FAILED: (
        Action.RETRY,
        "Telegram could not make a code just now; the sign-in stays open.",
        "Have the code sent again in a minute.",
    ),
    Code.AUTH_RESTART: (
        Action.RESTART_SIGN_IN,
        "Telegram asks to begin this sign-in again.",
        "Start again from the phone number.",
    ),
    Code.SIGN_IN_FAILED: (
        Action.RESTART_SIGN_IN,
        "Telegram could not complete this sign-in.",
        "Start again from the phone number.",
    ),
    Code.SESSION_PASSWORD_NEEDED: (
        Action.ASK_PASSWORD,
        "The code was right; this account is also protected by a cloud password.",
        "Enter the cloud password.",
    ),
    Code.PASSWORD_HASH_INVALID: (
        Action.FAIL,
        "This is not the account's cloud password; the sign-in stays open.",
        "Enter the password again; mind the hint.",
    ),
    Code.PASSWORD_EMPTY: (
        Action.FAIL,
        "No password was entered; the sign-in stays open.",
        "Enter the cloud password.",
    ),
    Code.SRP_ID_INVALID: (
        Action.RETRY,
        "The password check took too long; the sign-in stays open.",
        "Enter the password again.",
    ),
    Code.SRP_PASSWORD_CHANGED: (
        Action.RETRY,
        "The cloud password was changed meanwhile; the sign-in stays open.",
        "Enter the new password.",
    ),
    Code.PASSWORD_RECOVERY_NA: (
        Action.FAIL,
        "This account has no recovery address for its cloud password.",
        "Ask the account's owner for the password.",
    ),
    Code.UPDATE_APP_TO_LOGIN: (
        Action.FAIL,
        "Telegram wants a newer application for this sign-in.",
        "Update this installation, then start the sign-in again.",
    ),
    Code.CODE_INVALID: (
        Action.FAIL,
        "This is not the code that Telegram sent to the address.",
        "Check it and give it again, or use another address.",
    ),
    Code.EMAIL_INVALID: (
        Action.FAIL,
        "Telegram does not take this email address.",
        "Check it, or give another one.",
    ),
    Code.EMAIL_NOT_ALLOWED: (
        Action.FAIL,
        "Telegram does not allow this address as a login email.",
        "Give one of another provider.",
    ),
    Code.EMAIL_NOT_SETUP: (
        Action.FAIL,
        "The account has no login email that could be changed.",
        "Set one up in an official Telegram app.",
    ),
    Code.EMAIL_HASH_EXPIRED: (
        Action.FAIL,
        "The code that was sent to the address has expired.",
        "Give the address again: Telegram sends a new code.",
    ),
    Code.EMAIL_VERIFY_EXPIRED: (
        Action.FAIL,
        "The code that was sent to the address has expired.",
        "Give the address again: Telegram sends a new code.",
    ),
    Code.EMAIL_UNCONFIRMED: (
        Action.FAIL,
        "The account's recovery address is not confirmed yet.",
        "Confirm it in an official Telegram app first.",
    ),
    Code.API_ID_INVALID: (
        Action.FAIL,
        "Telegram does not know this installation's API id and hash.",
        "Check TELEGRAM_API_ID and TELEGRAM_API_HASH against my.telegram.org.",
    ),
    Code.API_ID_PUBLISHED_FLOOD: (
        Action.FAIL,
        "This API id was published and is blocked by Telegram for new sign-ins.",
        "Make an own API id at my.telegram.org and enter it in the configuration.",
    ),
    Code.USER_ALREADY_AUTHORIZED: (
        Action.SUCCESS,
        "The account is signed in already.",
        "Nothing to do.",
    ),
    Code.IMPORT_UNREADABLE: (
        Action.FAIL,
        "What was given holds no session that could be used; nothing was kept of it.",
        "Export it again from the program that made it, or sign in by QR code.",
    ),
    Code.IMPORT_OTHER_NETWORK: (
        Action.FAIL,
        "This session belongs to another Telegram network than this installation's; it was shown to nobody and erased.",
        "Import it where that network is served, or sign in by QR code.",
    ),
    Code.KEY_IN_USE: (
        Action.FAIL,
        "This session's key is in use here already: used twice, Telegram would destroy it. Nothing was changed.",
        "Look for the account among those here, or sign in by QR code to get a key of its own.",
    ),
    Code.AUTH_TOKEN_EXPIRED: (
        Action.FAIL,
        "This QR code has expired.",
        "Scan the code that is shown now.",
    ),
    Code.AUTH_TOKEN_INVALID: (
        Action.FAIL,
        "Telegram does not know this QR code.",
        "Scan the code that is shown now.",
    ),
    Code.AUTH_TOKEN_ALREADY_ACCEPTED: (
        Action.FAIL,
        "This QR code was used already.",
        "Look whether the account is signed in; else scan the code that is shown now.",
    ),
    Code.AUTH_TOKEN_EXCEPTION: (
        Action.RETRY,
        "Telegram could not take this QR code just now.",
        "Scan the code that is shown now.",
    ),
    Code.AUTH_BYTES_INVALID: (
        Action.RETRY,
        "The authorization's copy for another data centre was no longer valid.",
        "Nothing to do: another one is made.",
    ),
    Code.PASSWORD_MISSING: (
        Action.RESTART_SIGN_IN,
        "The account's cloud password was taken away meanwhile.",
        "Start again from the phone number.",
    ),
    Code.PASSWORD_UNSUPPORTED: (
        Action.FAIL,
        "This account's cloud password is of a kind that this version does not know.",
        "Update this installation.",
    ),
    Code.RESEND_TOO_EARLY: (
        Action.FAIL,
        "Another code cannot be asked for yet.",
        "Wait until the time that is shown.",
    ),
    Code.SIGN_IN_BUSY: (
        Action.FAIL,
        "The last step is still under way.",
        "Wait for its answer.",
    ),
    Code.SIGN_IN_STEP: (
        Action.FAIL,
        "This sign-in waits for another step.",
        "Go on with the step that is shown.",
    ),
    Code.DISABLED: (
        Action.FAIL,
        "The account is disabled.",
        "Enable it first.",
    ),
    Code.INVALID: (
        Action.FAIL,
        "What was entered cannot be used.",
        "Mend what is marked.",
    ),
}
