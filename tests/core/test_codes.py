"""Codes in messages of Telegram's own accounts are masked, however they are written; what is no code stays readable."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core.codes import BULLET, masked
from tgadmin.core.official import OFFICIAL, conceal, is_from_telegram
from tgadmin.core.types import Entity, Message

pytestmark = pytest.mark.pure

LOGIN = (
    "Login code: {}. Do not give this code to anyone, even if they say they are from Telegram!\n\n"
    "This code can be used to log in to your Telegram account. We never ask it for anything else.\n\n"
    "If you didn't request this code by trying to log in on another device, simply ignore this message."
)
WEB = (
    "Web login code. Dear Alex, we received a request from your account to log in on my.telegram.org. "
    "This is your login code:\n{}\n\nDo not give this code to anyone, even if they say they're from Telegram! "
    "This code can be used to delete your Telegram account. We never ask to send it anywhere.\n\n"
    "If you didn't request this code by trying to log in on my.telegram.org, simply ignore this message."
)
TEXTS = (
    (LOGIN, "12345"),
    (LOGIN, "123456"),
    (LOGIN, "12-345"),
    (LOGIN, "123 456"),
    (LOGIN, "1 2 3 4 5"),
    (LOGIN, "1-2-3-4-5"),
    (LOGIN, "1\u20132\u20133\u20134\u20135"),
    (LOGIN, "1.2.3.4.5"),
    (LOGIN, "12\u00a0345"),
    (LOGIN, "1\u200b2\u200b3\u200b4\u200b5"),
    (LOGIN, "\u206612345\u2069"),
    (LOGIN, "１２３４５"),
    (LOGIN, "١٢٣٤٥"),
    (LOGIN, "۱۲۳۴۵"),
    (LOGIN, "१२३४५"),
    (LOGIN, "𝟏𝟐𝟑𝟒𝟓"),
    (LOGIN, "①②③④⑤"),
    (LOGIN, "1️⃣2️⃣3️⃣4️⃣5️⃣"),
    (LOGIN, "1️⃣ 2️⃣ 3️⃣ 4️⃣ 5️⃣"),
    (LOGIN, "AB12-CD34"),
    (LOGIN, "abcdefg"),
    (WEB, "abcDEF123"),
    (WEB, "Zq7RtXw_9Lk"),
    (WEB, "-w3RtYx8b4_"),
    (WEB, "XbQkLmnPwRt"),
    (WEB, "xbqklmnpwrt"),
    (WEB, "ａｂｃＤＥＦ１２３"),
    ("Код для входа в Telegram: {}. Не давайте код никому, даже если его требуют от имени Telegram!", "12345"),
    ("Код подтверждения для my.telegram.org:\n{}\n\nНе сообщайте его никому.", "XbQkLmnPwRt"),
    ("Anmeldecode: {}. Gib diesen Code niemandem, auch nicht, wenn er von Telegram zu sein scheint!", "12 345"),
    ("Código de inicio de sesión: {}. No le des este código a nadie.", "12345"),
    ("Code de connexion : {}. Ne le donnez à personne.", "12 345"),
    ("Codice di accesso: {}. Non darlo a nessuno.", "12345"),
    ("Código de login: {}. Não envie este código a ninguém.", "12345"),
    ("Giriş kodu: {}. Bu kodu kimseyle paylaşmayın.", "12345"),
    ("رمز تسجيل الدخول: {}. لا تعطِ هذا الرمز لأي أحد", "١٢٣٤٥"),
    ("کد ورود: {}. این کد را به هیچ‌کس ندهید", "۱۲۳۴۵"),
    ("קוד התחברות: \u200f{}. אל תמסרו את הקוד לאיש", "12345"),
    ("ログインコード：{}。このコードを誰にも教えないでください", "12345"),
    ("登录代码：{}。请不要将此代码发送给任何人", "１２３４５"),
    ("로그인 코드: {}. 아무에게도 알려주지 마세요", "12345"),
    ("लॉगिन कोड: {}", "१२३४५"),
    ("{} is your verification code for Example Shop", "1234"),
    ("Your code is {}", "12345678"),
    ("Confirm: https://t.me/login/{}", "12345"),
    ("Confirm: t.me/login/{}", "abcdef"),
    ("Confirm: https://telegram.me/login/{} now", "aQx"),
    ("tg://login?code={}", "12345"),
    ("tg://login?token={}", "AQIabcdefgh=="),
    ("tg:login?token={}", "abcdefgh"),
    ("tg://login?token={}", "%61%62%63"),
    ("https://oauth.telegram.org/auth?hash={}", "deadbeef"),
    ("https://my.telegram.org/reset/{}", "abcdef"),
    ("https://telegram.org/confirm?{}", "abcdef"),
)


def seen(text: str) -> str:
    """Digits and letters of a text, in their plain form."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())


@pytest.mark.parametrize(("frame", "code"), TEXTS, ids=[f"{n}-{code}" for n, (_, code) in enumerate(TEXTS)])
def test_codes_are_masked_and_the_words_around_them_stay(frame: str, code: str) -> None:
    text = frame.format(code)
    hidden = masked(text)
    before, after = frame.split("{}")
    shown = hidden[len(before) : len(hidden) - len(after)] if after else hidden[len(before) :]
    assert seen(shown.replace(BULLET, "")) == ""
    assert BULLET in shown
    assert hidden.startswith(before.rstrip("\u200f \n"))
    assert hidden.endswith(after)
    assert len(hidden.encode("utf-16-le")) == len(text.encode("utf-16-le"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "New login. Dear Alex, we detected a login into your account from a new device on 14/08/2023 at "
        "13:25:12 UTC.\n\n"
        "Device: Telegram Desktop, 4.9 x64\nLocation: Berlin, Germany (IP = 192.168.100.200)\n\n"
        "If this wasn't you, you can terminate that session in Settings > Devices.",
        "2023-08-14 13:25",
        "14.08.2023",
        "Telegram\nStories are here: https://telegram.org/blog/stories, WhatsApp and YouTube follow @premium.",
        "👇👇👇👇👇",
        "Реклама. О новых функциях: telegram.org/blog",
    ],
)
def test_what_is_no_code_stays(text: str) -> None:
    assert masked(text) == text


@given(
    st.text(max_size=60),
    st.lists(st.sampled_from("0123456789٠١٢٣٤٥٦٧٨٩０１２３４５６７８９"), min_size=5, max_size=6),
    st.sampled_from(["", " ", "-", " - ", "\u200b", "\u200f", "\n", "\u00a0", "_", "·"]),
    st.text(max_size=60),
)
def test_digits_are_masked_in_whatever_text(before: str, digits: list[str], between: str, after: str) -> None:
    code = between.join(digits)
    text = f"{before} code {code} {after}"
    hidden = masked(text)
    assert len(hidden.encode("utf-16-le", "surrogatepass")) == len(text.encode("utf-16-le", "surrogatepass"))
    at = text.index(code, len(before) + 6)
    units = len(text[:at].encode("utf-16-le", "surrogatepass"))
    there = hidden.encode("utf-16-le", "surrogatepass")[units:][: 2 * len(code)].decode("utf-16-le", "surrogatepass")
    assert not any(char.isdigit() for char in there)


@given(st.text())
def test_masking_twice_masks_no_more_digits(text: str) -> None:
    once = masked(text)
    assert len(masked(once)) == len(once)


def test_it_is_linear() -> None:
    """The gateway's loop waits for it: the longest text that there is, of the kinds that patterns stumble over."""
    for piece in ("a", "1 ", "/", "/login", "code", "=a?", "aB", ":\n", "\u200b", "1/", "IP=", "12:", "code: x "):
        short, long = (piece * (size // len(piece)) for size in (4_000, 40_000))
        took = []
        for text in (short, long):
            began = time.process_time()
            masked(text)
            took.append(time.process_time() - began)
        assert took[1] < 40 * max(took[0], 0.002), piece


# --- messages ---------------------------------------------------------------------------------------------------------

AT = datetime(2026, 1, 1, tzinfo=UTC)
CODE = "73915"


def official(text: str = "", **facts: Any) -> Message:
    return Message(**({"peer_id": 777000, "id": 1, "date": AT, "text": text, "sender_id": 777000} | facts))


@pytest.mark.parametrize("account", sorted(OFFICIAL))
def test_who_counts_as_telegram(account: int) -> None:
    assert is_from_telegram(Message(account, 1, AT))
    assert is_from_telegram(Message(account, 1, AT, out=True, sender_id=5))
    assert is_from_telegram(Message(-5, 1, AT, sender_id=account))
    assert is_from_telegram(Message(5, 1, AT, sender_id=6, forward={"from_id": account}))
    assert is_from_telegram(Message(5, 1, AT, sender_id=5, forward={"from_id": 6, "saved_from_id": account}))
    assert not is_from_telegram(Message(5, 1, AT, sender_id=5))
    assert not is_from_telegram(Message(-account, 1, AT, sender_id=5, forward={"from_id": 6, "from_name": "Telegram"}))


def test_whatever_field_of_a_message_holds_a_code_it_is_masked() -> None:
    """Those that are added later too: a field of text, of facts, of rows of buttons."""
    whole = official(
        f"Login code: {CODE}.",
        entities=(Entity("text_url", 0, 5, f"tg://login?code={CODE}"), Entity("pre", 0, 5, CODE)),
        service={"kind": "custom_action", "message": f"code {CODE}", "list": [f"code {CODE}", {"x": f"{CODE}!"}]},
        media={"kind": "web_page", "url": f"https://t.me/login/{CODE}", "title": CODE, "answers": [CODE]},
        forward={"from_id": 777000, "from_name": f"x {CODE}", "date": AT.isoformat()},
        post_author=f"Bot {CODE}",
    )
    plain = (int, bool, datetime, type(None))
    for field in fields(Message):
        value = getattr(whole, field.name)
        assert isinstance(value, plain) or CODE in repr(value), f"{field.name}: give it a code in this test"
    hidden, before = conceal(whole)
    assert CODE not in repr(hidden)
    assert before is not None
    assert before["text"] == whole.text
    assert before["entities"][0] == ["text_url", 0, 5, f"tg://login?code={CODE}"]
    assert before["media"] == whole.media
    assert hidden.forward == {"from_id": 777000, "from_name": f"x {BULLET * 5}", "date": AT.isoformat()}
    assert hidden.media is not None
    assert hidden.media["kind"] == "web_page"


def test_spans_that_hide_or_set_apart_are_masked_whole() -> None:
    text = "😀 Use swordfish here"
    for kind in ("code", "pre", "spoiler"):
        hidden, before = conceal(official(text, entities=(Entity(kind, 7, 9),)))
        assert hidden.text == f"😀 Use {BULLET * 9} here"
        assert hidden.entities == (Entity(kind, 7, 9),)
        assert before is not None
    hidden, before = conceal(
        official(text, entities=(Entity("bold", 7, 9), Entity("code", 500, 3), Entity("pre", -2, 1)))
    )
    assert (hidden.text, before) == (text, None)


def test_pictures_of_digits_go() -> None:
    """Custom emoji are drawn in place of their text: over a masked code, or so many that they may spell one."""
    keycaps = "1️⃣2️⃣3️⃣4️⃣5️⃣"
    over = tuple(Entity("custom_emoji", 3 * n, 3, str(5_000_000 + n)) for n in range(5))
    hidden, before = conceal(official(keycaps, entities=over))
    assert (hidden.text, hidden.entities) == (BULLET * 15, ())
    assert before is not None
    assert len(before["entities"]) == 5
    flames = tuple(Entity("custom_emoji", 2 * n, 2, str(n)) for n in range(5))
    assert conceal(official("🔥🔥🔥🔥🔥", entities=flames))[0].entities == ()
    assert conceal(official("🔥🔥🔥🔥🔥", entities=flames[:2]))[0].entities == flames[:2]


def test_a_notice_without_a_code_is_left_as_it_is() -> None:
    notice = official("Welcome to Telegram.", entities=(Entity("bold", 0, 7), Entity("mention_name", 0, 7, "12345678")))
    assert conceal(notice) == (notice, None)
