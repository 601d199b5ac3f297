"""A colleague from the administrator's form to their first answer, in two browsers; the form by keyboard; its looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.chats.models import Message
from apps.sessions.models import Session, SessionGrant
from apps.sessions.services import rights
from apps.staff.models import Authenticator, JoinLink
from apps.staff.roles import Role
from apps.staff.services import joining, second_factor
from tests.e2e.chat_page import all_taken, bubble, connected
from tests.e2e.conftest import Pages
from tests.e2e.test_staff_pages import code
from tests.kit import world

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]
PASSWORD = "quite a long password"
LOOKS = [(1440, False), (1440, True), (360, False), (360, True)]


def sound(page: Page, axe: Axe) -> None:
    expect(page.get_by_role("main")).to_be_visible()
    assert axe(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


@pytest.fixture
def accounts(web: Any) -> list[Session]:
    names = ("Sales EU", "Sales PL", "Support 1", "Support 2", "Events MENA")
    return [world.make_session(name, phone=f"49151234{number}4063") for number, name in enumerate(names)]


def choose(page: Page, account: str, role: str) -> None:
    page.get_by_role("radio", name=f"{account}: {role}", exact=True).check()


@pytest.mark.parametrize("required", [False, True])
def test_added_joined_and_answering(
    open_page: Pages, admin_user: User, accounts: list[Session], axe: Axe, required: bool
) -> None:
    """With a second factor and without, as all staff are asked for."""
    second_factor.require_of_all(admin_user, required)
    open_page.web.restart()  # it has kept content types of a test before, whose rows were flushed
    chat = world.make_chat(accounts[0], "Anna Kowalska")
    world.make_message(chat, 1, "Is anybody there?")
    link = added(open_page, admin_user, required)
    theirs = open_page(link)
    joined(open_page, theirs, axe, required)
    theirs.goto(f"/chats/{chat.session_id}/{chat.pk}/")
    connected(theirs)
    theirs.get_by_label("Message", exact=True).fill("Yes, I am")
    theirs.keyboard.press("Enter")
    expect(bubble(theirs, "Yes, I am").get_by_text("Sending")).to_be_attached()
    all_taken(theirs)
    user = User.objects.get(first_name="İpek")
    assert Message.objects.get(text="Yes, I am").staff == user
    assert rights.roles([user])[user.pk] == {accounts[0].pk: Role.OPERATOR, accounts[2].pk: Role.VIEWER}
    open_page.tolerate("status of 422")
    again = open_page(link)
    expect(again.get_by_text("This link does not work, or no longer")).to_be_visible()
    sound(again, axe)


def added(open_page: Pages, admin_user: User, required: bool) -> str:
    """By the administrator, who confirms that it is them; gives the link."""
    password = "a long enough password"
    if required:
        begun = second_factor.begin(admin_user)
        second_factor.confirm(admin_user, code(begun.secret_row.key), keep=None)
    page = open_page("/admin/login/")
    page.get_by_label("Username").fill("marta")
    page.get_by_label("Password", exact=False).first.fill(password)
    page.keyboard.press("Enter")
    if required:
        page.get_by_role("textbox", name="Code").fill(code(begun.secret_row.key, 1))
        page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    page.goto("/admin/colleagues/")
    page.get_by_role("link", name="Add colleague").click()
    Authenticator.objects.update(last_step=-1)  # codes are good once, and time is not waited for
    confirm(page, code(begun.secret_row.key) if required else password)
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("İpek Yıldırım")
    choose(page, "Sales EU", "Operator")
    choose(page, "Support 1", "Viewer")
    expect(page.get_by_text("Operator of 1, viewer of 1.")).to_be_visible()
    page.get_by_role("button", name="Make one-time link").click()
    link = page.get_by_label("One-time link", exact=True).input_value()
    assert re.fullmatch(rf"{open_page.web.url}/join/#[\w-]{{32}}", link)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Link open until")).to_be_visible()
    return link


def joined(open_page: Pages, theirs: Page, axe: Axe, required: bool) -> None:
    """By whoever got the link."""
    expect(theirs.get_by_text("İpek Yıldırım")).to_be_visible()
    assert theirs.url == f"{open_page.web.url}/join/"
    for width, dark in LOOKS:
        theirs.set_viewport_size({"width": width, "height": 800})
        theirs.emulate_media(color_scheme="dark" if dark else "light")
        sound(theirs, axe)
    theirs.get_by_label("New password").fill(PASSWORD)
    theirs.get_by_label("The same again").fill(PASSWORD)
    theirs.keyboard.press("Enter")
    if required:
        expect(theirs.get_by_role("img", name="QR code")).to_be_visible()
        key = Authenticator.objects.get(user__username__startswith="i").secret_row.key
        theirs.get_by_role("textbox", name="Code").fill(code(key))
        theirs.keyboard.press("Enter")
        theirs.get_by_role("link", name="I have kept them").click()
    theirs.wait_for_url(re.compile(r"/(admin/|chats/.*)$"))


def confirm(page: Page, answer: str) -> None:
    page.get_by_label(re.compile("^(Code|Your password)$")).fill(answer)
    page.keyboard.press("Enter")


def test_a_forgotten_password(open_page: Pages, admin_user: User, accounts: list[Session]) -> None:
    """The new link signs them in; the page that was open with the old password is signed out."""
    user = User.objects.create_user("jo", password="the old one 123", is_staff=True, first_name="Jo")
    SessionGrant.objects.create(session=accounts[0], user=user, role=Role.OPERATOR)
    page = open_page(f"/admin/colleagues/{user.pk}/", user=admin_user)
    page.get_by_role("button", name="New one-time link").click()
    link = page.get_by_label("One-time link", exact=True).input_value()
    old = open_page("/admin/", user=user)
    theirs = open_page(link)
    theirs.get_by_label("New password").fill(PASSWORD)
    theirs.get_by_label("The same again").fill(PASSWORD)
    theirs.keyboard.press("Enter")
    theirs.wait_for_url(re.compile(r"/(admin|chats)/"))
    old.reload()
    expect(old).to_have_url(re.compile("/admin/login/"))


def test_the_form_by_keyboard(open_page: Pages, admin_user: User, accounts: list[Session]) -> None:
    page = open_page("/admin/colleagues/add/", user=admin_user)
    page.get_by_label("Name", exact=True).fill("Jo Doe")
    finder = page.get_by_label("Find an account")
    finder.fill("support")
    expect(page.get_by_text("2 of 5 shown")).to_be_visible()
    page.get_by_role("radio", name="Support 2: None", exact=True).focus()
    page.keyboard.press("o")
    finder.fill("sales pl")
    expect(page.get_by_text("2 of 5 shown")).to_be_visible()  # and what was chosen
    page.get_by_role("radio", name="Sales PL: None", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Operator of 1, viewer of 1.")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.keyboard.press("Escape")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jo Doe")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("One-time link for")).to_be_visible()
    user = User.objects.get(username="jo.doe")
    assert rights.roles([user])[user.pk] == {accounts[3].pk: Role.OPERATOR, accounts[1].pk: Role.VIEWER}


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_its_looks(
    open_page: Pages, admin_user: User, accounts: list[Session], axe: Axe, width: int, dark: bool
) -> None:
    open_page.tolerate("status of 422")
    people(admin_user, accounts)
    page = open_page("/admin/colleagues/", user=admin_user, width=width, dark=dark)
    expect(page.get_by_role("link", name="Maximiliane")).to_be_visible()
    sound(page, axe)
    page.goto("/admin/colleagues/?q=zzz")
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    page.goto("/admin/colleagues/add/")
    page.get_by_label("Name", exact=True).fill("İpek Yıldırım-Karaosmanoğlu")
    page.get_by_label("E-mail (optional)").fill("james@northwind.example")
    choose(page, "Sales EU", "Operator")
    choose(page, "Support 1", "Viewer")
    page.get_by_role("button", name="Make one-time link").click()
    expect(page.get_by_text("Already used by")).to_be_visible()
    expect(page.get_by_label("E-mail (optional)")).to_be_focused()
    sound(page, axe)
    page.get_by_label("E-mail (optional)").fill("ipek@northwind.example")
    page.get_by_role("button", name="Make one-time link").click()
    expect(page.get_by_text("One-time link for")).to_be_visible()
    page.get_by_text("Show QR code").click()
    sound(page, axe)
    page.goto(f"/admin/colleagues/{User.objects.get(first_name='James').pk}/")
    sound(page, axe)


def people(marta: User, accounts: list[Session]) -> None:
    """As in the mock."""

    def person(first: str, last: str, roles: dict[Role, list[int]], **facts: Any) -> User:
        name = f"{first}.{last}".lower().replace(" ", ".")
        user = User.objects.create_user(name, is_staff=True, first_name=first, last_name=last, **facts)
        for role, places in roles.items():
            for place in places:
                SessionGrant.objects.create(session=accounts[place], user=user, role=role)
        return user

    here = timezone.now() - timedelta(minutes=9)
    email = "james@northwind.example"
    james = {Role.MANAGER: [4], Role.OPERATOR: [0, 1, 2, 3]}
    second_factor.begin(person("James", "Okafor", james, last_login=here, email=email))
    Authenticator.objects.update(confirmed=True)
    person("ليلى", "الحداد", {Role.OPERATOR: [0, 4]}, last_login=here)
    max_ = person("Maximiliane Freifrau von", "Schönburg-Hohenstein", {Role.OPERATOR: [0, 2], Role.VIEWER: [3]})
    joining.make(marta, max_)
    JoinLink.objects.update(expires_at=here)
    joining.make(marta, person("Вадим", "Пономаренко", {Role.VIEWER: [0]}))
    person("Nguyễn Minh", "Quân", {Role.VIEWER: [1]}, is_active=False, last_login=here)
