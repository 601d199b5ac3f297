"""The second factor: added, asked for everywhere, lost and taken away."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken

from apps.common.users import Forbidden
from apps.staff import selectors
from apps.staff.models import FREE_TRIES, MOST_FAILURES, AuditEntry, Authenticator, AuthenticatorSecret, Login
from apps.staff.services import second_factor
from tests.kit import world
from tests.kit.confirmed import confirmed
from tests.staff.conftest import Password, code, equip, next_code
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.django_db
VERIFY, ADD, SECURITY = "/admin/security/verify/", "/admin/security/second-factor/", "/admin/security/"


def told(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


# --- without one ----------------------------------------------------------------------------------------------------


def test_it_is_optional(root: User, with_password: Password) -> None:
    client = with_password(root)
    assert client.get("/admin/").status_code == 200
    assert client.get(VERIFY).headers["Location"] == "/admin/"
    assert b"Add a second factor" in client.get(SECURITY).content
    assert b"Add a second factor to your sign-in" in client.get("/admin/").content


def test_adding_one(root: User, with_password: Password) -> None:
    client, other = with_password(root, confirm=True), with_password(root)
    page = client.get(ADD).content.decode()
    assert "<svg" in page
    begun = Authenticator.objects.get(user=root)
    key = re.search(r'class="tg-key">([A-Z2-7 ]+)<', page)
    assert key is not None
    assert key[1].replace(" ", "") == second_factor.key_of(begun)
    assert key[1] in client.get(ADD).content.decode()  # a reload shows the same key: it may have been scanned
    assert client.post(ADD, {"token": "000000"}).status_code == 422
    assert selectors.authenticator_of(root) is None
    with time_machine.travel(timezone.now() + timezone.timedelta(seconds=5), tick=True):
        done = client.post(ADD, {"token": code(begun)})
    assert done.status_code == 200
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", done.content.decode())
    assert len(set(codes)) == 10
    assert "no-store" in done["Cache-Control"]
    assert client.get("/admin/").status_code == 200  # this login has shown it
    assert other.get("/admin/").headers["Location"].startswith("/admin/login/")  # the other has ended
    assert [entry.details for entry in told("factor.added")] == [{"user": "root"}]


def test_the_address_in_the_code_is_as_apps_read_it(root: User) -> None:
    begun = second_factor.begin(root)
    address = urlsplit(second_factor.address_of(begun))
    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/tgadmin:root")
    asked = parse_qs(address.query)
    assert asked == {"secret": [second_factor.key_of(begun)], "issuer": ["tgadmin"], "digits": ["6"], "period": ["30"]}


# --- with one -------------------------------------------------------------------------------------------------------

BEHIND = (
    "/admin/", "/admin/tg_sessions/session/", "/admin/password_change/", "/admin/security/", "/admin/auth/user/",
    "/admin/search/?s=x", "/admin/autocomplete/?app_label=chats&model_name=chat&field_name=session",
    "/chats/", "/admin/jsi18n/", "/admin/security/second-factor/", "/admin/r/1/1/",
)  # fmt: skip


def test_the_password_alone_opens_nothing(root: User, with_password: Password) -> None:
    world.make_chat(world.make_session("Theirsecret"), "Anna")
    equip(root)
    client = with_password(root)
    for where in BEHIND:
        answer = client.get(where)
        assert answer.status_code == 302, where
        assert answer.headers["Location"].startswith(VERIFY), where
        answer = client.get(where, headers={"accept": "application/json"})
        assert answer.status_code in (302, 401), where
        assert b"Theirsecret" not in answer.content
    for deed in ("remove/", "codes/", "require/"):
        assert client.post(ADD + deed).headers["Location"].startswith(VERIFY)
    assert client.post("/admin/security/logins/end-others/").headers["Location"].startswith(VERIFY)
    assert selectors.authenticator_of(root) is not None
    assert client.get("/healthz").status_code == 200
    assert client.post("/admin/logout/").status_code == 200


def test_the_code_opens_where_one_wanted_to_go(root: User, with_password: Password) -> None:
    authenticator, _ = equip(root)
    client = with_password(root)
    wanted = client.get("/admin/auth/user/?q=x").headers["Location"]
    assert b'name="next" value="/admin/auth/user/?q=x"' in client.get(wanted).content
    before = client.cookies["sessionid"].value
    answer = client.post(VERIFY, {"token": next_code(authenticator), "next": "/admin/auth/user/?q=x"})
    assert answer.headers["Location"] == "/admin/auth/user/?q=x"
    assert client.cookies["sessionid"].value != before
    assert client.get("/admin/auth/user/?q=x").status_code == 200
    assert Login.objects.get(user_id=root.pk).verified
    assert [entry.details for entry in told("login.verified")] == [{"by": "authenticator app"}]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_it_leads_to_no_other_site(root: User, with_password: Password, target: str) -> None:
    authenticator, _ = equip(root)
    answer = with_password(root).post(VERIFY, {"token": next_code(authenticator), "next": target})
    assert answer.headers["Location"] == "/admin/"


def test_a_code_is_good_once(root: User, with_password: Password) -> None:
    authenticator, _ = equip(root)
    used = next_code(authenticator)
    assert with_password(root).post(VERIFY, {"token": used}).status_code == 302
    assert with_password(root).post(VERIFY, {"token": used}).status_code == 422


@pytest.mark.parametrize("wrong", ["", "abc", "12345", "١٢٣٤٥٦", "0" * 64, "-1", "1e5", "\x00" * 6])
def test_what_is_no_code(root: User, with_password: Password, wrong: str) -> None:
    equip(root)
    client = with_password(root)
    assert client.post(VERIFY, {"token": wrong}).status_code == 422
    assert client.get("/admin/").status_code == 302


def test_a_mistyped_code_costs_no_waiting_and_guessing_does(root: User) -> None:
    authenticator, _ = equip(root)
    for _ in range(FREE_TRIES - 1):
        assert second_factor.verify(root, "000000") is None
    assert second_factor.verify(root, next_code(authenticator)) is not None
    for _ in range(FREE_TRIES):
        assert second_factor.verify(root, "000000") is None
    with pytest.raises(UserError) as refused:
        second_factor.verify(root, "000000")
    assert refused.value.code == "TOO_MANY_TRIES"


def test_wrong_codes_make_one_wait_and_no_longer_than_half_an_hour(root: User) -> None:
    authenticator, _ = equip(root)
    for _ in range(MOST_FAILURES + 8):
        Authenticator.objects.update(throttling_failure_timestamp=timezone.now() - timezone.timedelta(days=1))
        assert second_factor.verify(root, "000000") is None
    authenticator.refresh_from_db()
    assert authenticator.throttling_failure_count == MOST_FAILURES
    with pytest.raises(UserError) as refused:
        second_factor.verify(root, next_code(authenticator))
    assert refused.value.until is not None
    wait = (refused.value.until - timezone.now()).total_seconds()
    assert 1_000 < wait <= 2**11


def test_a_recovery_code_is_good_once_and_says_how_many_are_left(root: User, with_password: Password) -> None:
    _, codes = equip(root)
    client = with_password(root)
    assert client.post(VERIFY, {"token": codes[3].lower()}).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert with_password(root).post(VERIFY, {"token": codes[3]}).status_code == 422
    assert selectors.recovery_codes_left(root) == 9
    assert told("login.verified")[0].details == {"by": "recovery code", "left": 9}
    fresh = re.findall(r"<code>([A-Z2-7-]{19})</code>", confirmed(client).post(f"{ADD}codes/").content.decode())
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    # The login that was verified by the old codes' device has to show one again.
    assert client.get("/admin/").headers["Location"].startswith(VERIFY)


def test_nothing_readable_is_stored(root: User) -> None:
    authenticator, codes = equip(root)
    key = AuthenticatorSecret.objects.get(authenticator=authenticator).key
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM staff_authenticators t")
        dump = cursor.fetchone()[0]
        cursor.execute("SELECT encode(secret, 'escape') FROM staff_authenticator_secrets")
        dump += cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(t::text, ' ') FROM otp_static_statictoken t")
        dump += cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(t::text, ' ') FROM audit_entries t")
        dump += cursor.fetchone()[0]
    for secret in (key.hex(), second_factor.key_of(authenticator), *codes, *(one.replace("-", "") for one in codes)):
        assert secret not in dump
    assert StaticToken.objects.count() == 10


def test_replacing_and_removing(root: User, with_password: Password) -> None:
    first, _ = equip(root)
    client, other = with_password(root, confirm=True), with_password(root)
    assert client.post(VERIFY, {"token": next_code(first)}).status_code == 302
    begun = second_factor.begin(root)
    assert client.post(ADD, {"token": code(begun)}).status_code == 200
    assert Authenticator.objects.get(user=root) == begun
    assert other.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert client.get("/admin/").status_code == 200
    assert client.post(f"{ADD}remove/").headers["Location"] == SECURITY
    assert not Authenticator.objects.exists()
    assert not StaticToken.objects.exists()
    assert client.get("/admin/").status_code == 200
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="factor.").order_by("pk")] == [
        "factor.added", "factor.replaced", "factor.removed",
    ]  # fmt: skip


# --- of all staff ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["environment", "switch"])
def test_it_can_be_required_of_all(root: User, marta: User, with_password: Password, settings: Any, by: str) -> None:
    client = with_password(marta, confirm=True)
    assert client.get("/chats/").status_code == 200
    if by == "switch":
        with_password(root, confirm=True).post(f"{ADD}require/", {"required": "1"})
        assert told("settings.changed")[0].details == {"second_factor_required": [False, True]}
    else:
        settings.SECOND_FACTOR_REQUIRED = True
    for where in ("/chats/", "/admin/", SECURITY):
        assert client.get(where).headers["Location"].startswith(ADD), where
    begun = second_factor.begin(marta)
    assert client.post(ADD, {"token": code(begun), "next": "/chats/"}).status_code == 200
    assert client.get("/chats/").status_code == 200
    assert b"Remove</button>" not in client.get(SECURITY).content
    client.post(f"{ADD}remove/")
    assert selectors.authenticator_of(marta) is not None


def test_only_superusers_switch_it(marta: User, root: User, with_password: Password) -> None:
    assert with_password(marta, confirm=True).post(f"{ADD}require/", {"required": "1"}).status_code == 403
    assert not selectors.is_required()
    with_password(root, confirm=True).post(f"{ADD}require/", {"required": "1"})
    assert selectors.is_required()


def test_a_demanded_page_costs_one_query_more_and_none_for_who_has_shown_it(
    root: User, with_password: Password
) -> None:
    client = with_password(root)
    with CaptureQueriesContext(connection) as queries:
        client.get(SECURITY)
    assert sum("staff_authenticators" in query["sql"] and "EXISTS" in query["sql"] for query in queries) == 1


# --- lost -----------------------------------------------------------------------------------------------------------


def test_a_superuser_takes_a_lost_one_away(root: User, marta: User, with_password: Password) -> None:
    equip(marta)
    lost, client = with_password(marta), with_password(root, confirm=True)
    address = f"/admin/auth/user/{marta.pk}/reset-second-factor/"
    assert b"Reset second factor" in client.get(f"/admin/auth/user/{marta.pk}/change/").content
    assert client.post(address, {"_form_submitted": "True"}).status_code in (200, 302)
    assert lost.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert with_password(marta).get("/admin/").headers["Location"] == "/chats/"  # they are in, where their pages begin
    (entry,) = told("factor.reset")
    assert (entry.actor, entry.details) == ("root", {"user": "marta"})


def test_nobody_else_does(root: User, marta: User, with_password: Password) -> None:
    equip(root)
    with pytest.raises(Forbidden):
        second_factor.reset(marta, root)
    with_password(marta, confirm=True).post(
        f"/admin/auth/user/{root.pk}/reset-second-factor/", {"_form_submitted": "True"}
    )
    assert selectors.authenticator_of(root) is not None


def test_at_the_shell(root: User, marta: User, capsys: pytest.CaptureFixture[str]) -> None:
    equip(root)
    call_command("staff", "list", "--json")
    listed = {row["username"]: row["second_factor"] for row in json.loads(capsys.readouterr().out)}
    assert listed == {"root": True, "marta": False}
    call_command("staff", "reset-second-factor", "root")
    assert "signs in by password alone" in capsys.readouterr().out
    assert selectors.authenticator_of(root) is None
    assert told("factor.reset")[0].actor.startswith("command line (")
    with pytest.raises(CommandError, match="There is no user"):
        call_command("staff", "reset-second-factor", "nobody")


def test_the_pages_for_django_otps_own_devices_are_not_there(root: User, with_password: Password) -> None:
    client: Client = with_password(root)
    for name in ("otp_static/staticdevice", "staff/authenticator", "staff/login"):
        assert client.get(f"/admin/{name}/").status_code == 404
