"""Confirm that it is you: what a login must not do before its user has shown it again, and how it is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from apps.sessions.models import Authorization, AuthorizationSecret, RoleEverywhere, SessionGrant
from apps.staff import selectors
from apps.staff.confirming import ADDRESSES, When
from apps.staff.models import AuditEntry, JoinLink
from apps.staff.services import second_factor
from apps.staff.services.audit import CONFIRMED_FIRST
from tests.kit import world
from tests.kit.accounts import key as auth_key
from tests.kit.routes import routes
from tests.staff.conftest import PASSWORD, Password, code, equip

pytestmark = pytest.mark.django_db

CONFIRM = "/admin/security/confirm/"
ANSWER = {"confirm-password": PASSWORD}
ROOT = Path(__file__).resolve().parent.parent.parent

Form = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """What is sent, and whether it has been done: seen in the rows, not in the audit alone."""

    address: str
    form: Form
    is_done: Callable[[], bool]


def colleague(name: str = "colleague") -> User:
    made: User = User.objects.filter(username=name).first() or User.objects.create_user(name, is_staff=True)
    return made


def export(root: User) -> Deed:
    session = world.make_session("Support")
    row = Authorization.objects.create(session=session, key_id=1, dc_id=2)
    AuthorizationSecret.objects.create(authorization=row, secret=auth_key())
    done = AuditEntry.objects.filter(action="session.exported")
    form = {"_form_submitted": "True", "reason": "to see who may"}
    return Deed(f"/admin/tg_sessions/session/{session.pk}/export/", form, done.exists)


def grant(root: User) -> Deed:
    session, user = world.make_session("Support"), colleague()
    form = {
        "name": session.name, "grants-TOTAL_FORMS": 1, "grants-INITIAL_FORMS": 0,
        "grants-0-user": user.pk, "grants-0-role": 2, "grants-0-session": session.pk, "grants-0-id": "",
    }  # fmt: skip
    return Deed(f"/admin/tg_sessions/session/{session.pk}/change/", form, SessionGrant.objects.filter(user=user).exists)


def everywhere(root: User) -> Deed:
    user = colleague()
    form = {"name": "Ben", "username": user.username, "everywhere": "2"}
    return Deed(f"/admin/colleagues/{user.pk}/", form, RoleEverywhere.objects.filter(user=user).exists)


def user_form(user: User, **changed: Any) -> Form:
    form = {"username": user.username, "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return form | ({"is_staff": "on"} if user.is_staff else {}) | changed


def change(root: User, **changed: Any) -> Deed:
    user = colleague()
    form = user_form(user, **changed)
    return Deed(f"/admin/auth/user/{user.pk}/change/", form, User.objects.filter(pk=user.pk, is_superuser=True).exists)


def power(root: User) -> Deed:
    user, permission = colleague(), Permission.objects.get(codename="add_account")
    done = User.objects.filter(pk=user.pk, user_permissions=permission)
    return Deed(f"/admin/auth/user/{user.pk}/change/", user_form(user, user_permissions=[permission.pk]), done.exists)


def no_power(root: User) -> Deed:
    user, permission = colleague(), Permission.objects.get(codename="add_account")
    user.user_permissions.add(permission)
    kept = User.objects.filter(pk=user.pk, user_permissions=permission)
    return Deed(f"/admin/auth/user/{user.pk}/change/", user_form(user), lambda: not kept.exists())


def add_user(root: User) -> Deed:
    form = {"username": "planted", "usable_password": "false"}
    return Deed("/admin/auth/user/add/", form, User.objects.filter(username="planted").exists)


def remove_user(root: User) -> Deed:
    user = colleague()
    return Deed(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}, lambda: not User.objects.filter(pk=user.pk))


def add_group(root: User) -> Deed:
    return Deed("/admin/auth/group/add/", {"name": "Team"}, Group.objects.filter(name="Team").exists)


def save_group(root: User) -> Deed:
    group = Group.objects.create(name="Before")
    return Deed(f"/admin/auth/group/{group.pk}/change/", {"name": "After"}, Group.objects.filter(name="After").exists)


def remove_group(root: User) -> Deed:
    group = Group.objects.create(name="Before")
    form = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    return Deed("/admin/auth/group/", form, lambda: not Group.objects.filter(pk=group.pk))


def reset_factor(root: User) -> Deed:
    user = colleague()
    equip(user)
    form = {"_form_submitted": "True"}
    return Deed(f"/admin/auth/user/{user.pk}/reset-second-factor/", form, lambda: not selectors.authenticator_of(user))


def require_factor(root: User) -> Deed:
    return Deed("/admin/security/second-factor/require/", {"required": "1"}, selectors.is_required)


def make_link(root: User) -> Deed:
    user = colleague()
    return Deed(f"/admin/colleagues/{user.pk}/link/", {}, JoinLink.objects.filter(user=user).exists)


def unlock(root: User) -> Deed:
    user = colleague()
    for _ in range(5):
        Client(REMOTE_ADDR="198.51.100.1").post("/admin/login/", {"username": user.username, "password": "wrong"})
    form = {"_form_submitted": "True"}
    return Deed(f"/admin/auth/user/{user.pk}/unlock/", form, lambda: not selectors.lock_outs([user.username]))


DEEDS: dict[str, Callable[[User], Deed]] = {
    "session.exported": export,
    "right.granted": grant,
    "right.everywhere": everywhere,
    "powers.given": power,
    "powers.taken": no_power,
    "user.added": add_user,
    "user.changed": lambda root: change(root, is_superuser="on"),
    "user.removed": remove_user,
    "group.added": add_group,
    "group.saved": save_group,
    "group.removed": remove_group,
    "factor.reset": reset_factor,
    "settings.changed": require_factor,
    "login.unlocked": unlock,
    "link.made": make_link,
}
OF_ONES_OWN = {"factor.added", "factor.replaced", "factor.removed", "factor.codes_renewed"}
"""Of one's own second factor: below."""
BY_NO_FORM = {"powers.cleared"}


def test_every_deed_has_an_example() -> None:
    assert DEEDS.keys() | OF_ONES_OWN | BY_NO_FORM == CONFIRMED_FIRST


def was_asked(response: Any) -> bool:
    return response.status_code == 403 and b"Confirm that it is you" in response.content


@pytest.mark.parametrize("action", sorted(DEEDS))
def test_a_deed_waits_until_it_is_confirmed(root: User, with_password: Password, action: str) -> None:
    here, there, deed = with_password(root), with_password(root), DEEDS[action](root)
    assert was_asked(here.post(deed.address, deed.form))
    assert not deed.is_done()
    assert not AuditEntry.objects.filter(action=action, actor="root")
    with time_machine.travel(timezone.now(), tick=True) as clock:
        # Confirmed in one login, long ago; and in another.
        assert here.post(CONFIRM, ANSWER).status_code == 302
        clock.shift(timedelta(minutes=10, seconds=1))
        assert was_asked(here.post(deed.address, deed.form))
        assert there.post(CONFIRM, ANSWER).status_code == 302
        assert was_asked(here.post(deed.address, deed.form))
        assert not deed.is_done()
        # The answer travels with the form: one step.
        answer = here.post(deed.address, deed.form | ANSWER)
        assert answer.status_code in (200, 302), answer.content[:2000]
        assert deed.is_done()
        assert AuditEntry.objects.filter(action=action, actor="root").exists()


def test_ones_own_second_factor(root: User, with_password: Password) -> None:
    add = "/admin/security/second-factor/"
    here = with_password(root)
    begun = second_factor.begin(root)
    assert was_asked(here.post(add, {"token": code(begun)}))
    assert here.get(add).headers["Location"].startswith(CONFIRM)
    assert selectors.authenticator_of(root) is None
    here.post(CONFIRM, ANSWER)
    assert here.post(add, {"token": code(begun)}).status_code == 200
    authenticator = selectors.authenticator_of(root)
    assert authenticator is not None
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
        replaced = second_factor.begin(root)
        for address, form in ((add, {"token": code(replaced)}), (f"{add}codes/", {}), (f"{add}remove/", {})):
            assert was_asked(here.post(address, form)), address
            assert was_asked(here.post(address, form | ANSWER)) or selectors.authenticator_of(root) == authenticator
            assert selectors.authenticator_of(root) == authenticator
        # The password is no answer any more: a second factor is asked of who has one.
        assert here.post(CONFIRM, ANSWER).status_code == 422
        assert here.post(CONFIRM, {"confirm-token": code(authenticator)}).status_code == 302
        assert here.post(f"{add}codes/").status_code == 200
        assert here.post(f"{add}remove/").status_code == 302
        assert selectors.authenticator_of(root) is None


def test_what_was_just_signed_in_is_asked_too(root: User, with_password: Password) -> None:
    client = with_password(root)
    assert client.get("/admin/auth/user/add/").headers["Location"] == f"{CONFIRM}?next=%2Fadmin%2Fauth%2Fuser%2Fadd%2F"


# --- the list -------------------------------------------------------------------------------------------------------

NOT_ASKED = {
    "access.declined", "command.refused",
    "demo.made", "demo.removed", "device.appeared", "device.ended", "device.known", "device.others_ended",
    "device.ttl_set", "login.all_ended", "login.ended", "login.others_ended", "login.succeeded", "login.verified",
    "proxy.asked", "proxy.chosen", "right.revoked", "right.not_everywhere", "session.added", "session.disabled",
    "session.enabled",
    "session.logged_out", "session.phone_revealed", "session.removed", "session.renamed", "session.signed_in",
    "sign_in.ended", "sign_in.refused", "sign_in.started", "login.confirmed", "message.code_shown",
    "link.used",
}  # fmt: skip
"""What is told, and done without confirming: it gives nobody anything, or is the account's own sign-in."""


def test_every_deed_that_is_told_is_decided_about() -> None:
    told = {
        found
        for path in [*ROOT.glob("apps/**/*.py"), *ROOT.glob("tgadmin/**/*.py")]
        for call in re.findall(r"\baudit\((.*?)\)\n", path.read_text(), re.DOTALL)
        for found in re.findall(r'"([a-z_]+\.[a-z_]+)"', call)
    }
    assert len(told) > 30
    undecided = told - CONFIRMED_FIRST - NOT_ASKED
    assert not undecided, f"confirm first (services/audit.py), or not (here)? {sorted(undecided)}"


def test_the_addresses_that_ask_are_there(root: User, with_password: Password) -> None:
    names = set()

    def walk(resolver: Any, space: str = "") -> None:
        for one in resolver.url_patterns:
            if hasattr(one, "url_patterns"):
                walk(one, f"{space}{one.namespace}:" if one.namespace else space)
            else:
                names.add(f"{space}{one.name}")

    walk(get_resolver())
    assert ADDRESSES.keys() <= names


def test_forms_that_serve_nothing_else_ask_before_they_are_filled_in(root: User, with_password: Password) -> None:
    client, user, group = with_password(root), colleague(), Group.objects.create(name="Team")
    session = world.make_session("Support")
    shown = {
        "admin/tg_sessions/session/<path:object_id>/export/": session.pk,
        "admin/auth/user/add/": None, "admin/auth/user/<path:object_id>/delete/": user.pk,
        "admin/auth/user/<id>/password/": user.pk, "admin/auth/group/add/": None,
        "admin/auth/group/<path:object_id>/delete/": group.pk, "admin/password_change/": None,
        "admin/security/second-factor/": None,
        "admin/auth/user/<path:object_id>/reset-second-factor/": user.pk,
        "admin/auth/user/<path:object_id>/unlock/": user.pk,
        "admin/axes/accessattempt/<path:object_id>/unlock/": 1,
        "admin/colleagues/add/": None, "admin/tg_sessions/sessiongrant/add/": None,
    }  # fmt: skip
    assert len(shown) == sum(when is When.SHOWN for when, _ in ADDRESSES.values())
    assert shown.keys() <= set(routes())
    for route, pk in shown.items():
        where = "/" + re.sub(r"<[\w:]+>", str(pk), route)
        answer = client.get(where)
        assert answer.status_code == 302, where
        assert answer.headers["Location"].startswith(CONFIRM), where
    # What is for reading stays so.
    for where in (f"/admin/auth/user/{user.pk}/change/", "/admin/auth/user/", "/admin/security/"):
        assert client.get(where).status_code == 200
