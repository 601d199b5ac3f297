"""Login emails, each method driven by a stock client. https://core.telegram.org/api/auth#email-verification"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import Account
from tests.sandbox.services.signing_in import PHONE, ClientFor, Refused, Stranger, code_of, request_code

EMAIL = "support@example.org"


def with_email(sandbox: Sandbox, **facts: object) -> Account:
    return sandbox.world.accounts.create(PHONE, "Anna", **facts)  # type: ignore[arg-type]


def email_code_of(sandbox: Sandbox) -> str:
    sent = sandbox.world.logins.by_phone(PHONE)
    assert sent is not None
    return sent.email_code


def last_code(path: Path) -> str:
    return str(json.loads(path.read_text().splitlines()[-1])["code"])


def setup(code_hash: str, phone: str = PHONE) -> types.EmailVerifyPurposeLoginSetup:
    return types.EmailVerifyPurposeLoginSetup(phone, code_hash)


def proof(code: str) -> types.EmailVerificationCode:
    return types.EmailVerificationCode(code)


async def test_the_code_goes_to_the_login_email(sandbox: Sandbox, stranger: Stranger, refused: Refused) -> None:
    anna = with_email(sandbox, login_email=EMAIL)
    client = await stranger()
    sent = await client(request_code())
    assert isinstance(sent.type, types.auth.SentCodeTypeEmailCode)
    assert (sent.type.email_pattern, sent.type.length, sent.next_type) == ("s*****t@example.org", 6, None)
    code, code_hash = code_of(sandbox), sent.phone_code_hash
    assert await refused(client(functions.auth.SignInRequest(PHONE, code_hash, code))) == "PHONE_CODE_INVALID"
    wrong = functions.auth.SignInRequest(PHONE, code_hash, email_verification=proof("000000x"))
    assert await refused(client(wrong)) == "PHONE_CODE_INVALID"
    nothing = functions.auth.SignInRequest(PHONE, code_hash, email_verification=proof(""))
    assert await refused(client(nothing)) == "PHONE_CODE_EMPTY"
    answer = await client(functions.auth.SignInRequest(PHONE, code_hash, email_verification=proof(code)))
    assert answer.user.id == anna.user_id
    password = await client(functions.account.GetPasswordRequest())
    assert password.login_email_pattern == "s*****t@example.org"


async def test_one_is_set_up_on_the_way(sandbox: Sandbox, stranger: Stranger, refused: Refused) -> None:
    anna = with_email(sandbox, needs_login_email=True)
    client = await stranger()
    sent = await client(request_code())
    assert isinstance(sent.type, types.auth.SentCodeTypeSetUpEmailRequired)
    no_code = functions.auth.SignInRequest(PHONE, sent.phone_code_hash, code_of(sandbox))
    assert await refused(client(no_code)) == "PHONE_CODE_INVALID"
    purpose = setup(sent.phone_code_hash)
    early = functions.account.VerifyEmailRequest(purpose, proof("123456"))
    assert await refused(client(early)) == "EMAIL_VERIFY_EXPIRED"
    asked = await client(functions.account.SendVerifyEmailCodeRequest(purpose, EMAIL))
    assert (asked.email_pattern, asked.length) == ("s*****t@example.org", 6)
    assert await refused(client(functions.account.VerifyEmailRequest(purpose, proof("x")))) == "CODE_INVALID"
    verified = await client(functions.account.VerifyEmailRequest(purpose, proof(email_code_of(sandbox))))
    assert isinstance(verified, types.account.EmailVerifiedLogin)
    assert verified.email == EMAIL
    login = verified.sent_code
    assert isinstance(login.type, types.auth.SentCodeTypeEmailCode)
    signed_in = functions.auth.SignInRequest(PHONE, login.phone_code_hash, email_verification=proof(code_of(sandbox)))
    assert (await client(signed_in)).user.id == anna.user_id
    assert (anna.login_email, anna.needs_login_email) == (EMAIL, False)


@pytest.mark.parametrize(
    ("phone", "hash_", "email", "name"),
    [
        (PHONE, None, "no address", "EMAIL_INVALID"),
        (PHONE, "wrong", EMAIL, "PHONE_HASH_EXPIRED"),
        ("12", None, EMAIL, "PHONE_NUMBER_INVALID"),
    ],
)
async def test_wrong_uses_of_setting_up(
    sandbox: Sandbox, stranger: Stranger, refused: Refused, phone: str, hash_: str | None, email: str, name: str
) -> None:
    with_email(sandbox, needs_login_email=True)
    client = await stranger()
    sent = await client(request_code())
    purpose = setup(hash_ or sent.phone_code_hash, phone)
    assert await refused(client(functions.account.SendVerifyEmailCodeRequest(purpose, email))) == name


async def test_whoever_has_a_code_sets_none_up(sandbox: Sandbox, stranger: Stranger, refused: Refused) -> None:
    with_email(sandbox)
    client = await stranger()
    sent = await client(request_code())
    request = functions.account.SendVerifyEmailCodeRequest(setup(sent.phone_code_hash), EMAIL)
    assert await refused(client(request)) == "PHONE_HASH_EXPIRED"


async def test_it_is_changed_by_who_is_signed_in(
    sandbox: Sandbox, client_for: ClientFor, refused: Refused, tmp_path: Path
) -> None:
    sandbox.codes_path = str(tmp_path / "codes")
    anna = with_email(sandbox)
    client, change = await client_for(PHONE), types.EmailVerifyPurposeLoginChange()
    ask = functions.account.SendVerifyEmailCodeRequest
    assert await refused(client(ask(change, EMAIL))) == "EMAIL_NOT_SETUP"
    sandbox.world.accounts.set_login_email(anna, "old@example.org")
    assert await refused(client(functions.account.VerifyEmailRequest(change, proof("1")))) == "EMAIL_VERIFY_EXPIRED"
    await client(ask(change, EMAIL))
    code = last_code(tmp_path / "codes")
    assert await refused(client(functions.account.VerifyEmailRequest(change, proof("1")))) == "CODE_INVALID"
    verified = await client(functions.account.VerifyEmailRequest(change, proof(code)))
    assert isinstance(verified, types.account.EmailVerified)
    assert anna.login_email == EMAIL


async def test_a_number_of_fragment(sandbox: Sandbox, stranger: Stranger) -> None:
    phone = "88801234567"
    sandbox.world.accounts.create(phone, "Collectible")
    sent = await (await stranger())(request_code(phone))
    assert isinstance(sent.type, types.auth.SentCodeTypeFragmentSms)
    assert (sent.type.length, sent.next_type) == (5, None)
    assert sent.type.url.startswith("https://fragment.com/")
