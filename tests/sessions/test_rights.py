"""Rights: who sees and does what, asked in one place."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.commands.command_kinds import SPECS, CommandKind
from apps.commands.models import Command
from apps.sessions import selectors
from apps.sessions.models import Session, SessionEvent, SessionGrant
from apps.sessions.services import rights, sessions
from apps.signin.models import SignInAttempt
from apps.signin.services.rights import may_drive, visible_attempts
from apps.staff.models import AuditEntry, Authenticator, Policy
from apps.staff.roles import Role

Staff = Callable[..., User]
Account = Callable[..., Session]
Grant = Callable[[User, Session, Role], SessionGrant]


def test_a_session_is_seen_by_those_with_a_grant_only(staff: Staff, account: Account, grant: Grant) -> None:
    mine, other = account("Mine"), account("Other")
    marta = staff("marta")
    grant(marta, mine, Role.VIEWER)
    assert list(rights.visible_sessions(marta)) == [mine]
    assert rights.role(marta, mine.pk) == Role.VIEWER
    assert rights.role(marta, other.pk) is None


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("asked", list(Role))
def test_a_role_includes_those_before_it(staff: Staff, account: Account, grant: Grant, held: Role, asked: Role) -> None:
    session, user = account(), staff("marta")
    grant(user, session, held)
    if held >= asked:
        rights.require(user, session.pk, asked)
    else:
        with pytest.raises(rights.Forbidden):
            rights.require(user, session.pk, asked)


def test_an_unknown_session_answers_as_a_hidden_one(staff: Staff, account: Account, admin: User) -> None:
    hidden, user = account(), staff("marta")
    with pytest.raises(PermissionDenied) as of_hidden:
        rights.require(user, hidden.pk, Role.VIEWER)
    for asker in (user, admin):
        with pytest.raises(PermissionDenied) as of_unknown:
            rights.require(asker, 10**12, Role.VIEWER)
        assert str(of_unknown.value) == str(of_hidden.value)


def test_superusers_manage_every_session(admin: User, account: Account) -> None:
    session = account()
    assert rights.role(admin, session.pk) == Role.MANAGER
    assert list(rights.managed_sessions(admin)) == [session]


@pytest.mark.parametrize(
    "facts", [{"is_staff": False}, {"is_active": False}, {"is_staff": False, "is_superuser": True}]
)
def test_whoever_is_not_active_staff_has_no_right(
    staff: Staff, account: Account, grant: Grant, facts: dict[str, bool]
) -> None:
    session = account()
    user = staff("gone", "add_account", "reveal_phone", **facts)
    grant(user, session, Role.MANAGER)
    attempt = SignInAttempt.objects.create(session=session, phone="49151", started_by=user)
    for somebody in (user, AnonymousUser()):
        assert not rights.visible_sessions(somebody).exists()
        assert rights.role(somebody, session.pk) is None
        assert not rights.may_add_account(somebody)
        assert not rights.may_reveal_phone(somebody, session.pk)
        assert not may_drive(somebody, attempt)
        assert not visible_attempts(somebody).exists()


def test_the_place_of_a_sign_in_that_came_to_nothing_is_not_shown(admin: User, account: Account) -> None:
    account("Place", telegram_user_id=None, enabled=False)
    assert not rights.visible_sessions(admin).exists()


def test_a_sign_in_belongs_to_its_starter_and_to_managers_of_its_account(
    staff: Staff, account: Account, grant: Grant, admin: User
) -> None:
    place = account("New", telegram_user_id=None)
    starter, other, manager = staff("starter", "add_account"), staff("other", "add_account"), staff("manager")
    attempt = SignInAttempt.objects.create(session=place, phone="49151", started_by=starter)
    known = account("Known")
    grant(manager, known, Role.MANAGER)
    again = SignInAttempt.objects.create(session=known, phone="49152", started_by=admin)
    expected = {starter: {attempt}, other: set(), manager: {again}, admin: {attempt, again}}
    for user, visible in expected.items():
        assert set(visible_attempts(user)) == visible
        assert {row for row in (attempt, again) if may_drive(user, row)} == visible


def test_revealing_a_phone_needs_the_permission_and_a_role(staff: Staff, account: Account, grant: Grant) -> None:
    session = account()
    without, outside, both = staff("without"), staff("outside", "reveal_phone"), staff("both", "reveal_phone")
    grant(without, session, Role.MANAGER)
    grant(both, session, Role.VIEWER)
    assert [rights.may_reveal_phone(user, session.pk) for user in (without, outside, both)] == [False, False, True]


def test_a_manager_who_lost_the_account_lost_its_sign_ins_too(staff: Staff, account: Account, grant: Grant) -> None:
    known, former = account("Known"), staff("former", "add_account")
    held = grant(former, known, Role.MANAGER)
    attempt = SignInAttempt.objects.create(session=known, phone=known.phone, started_by=former)
    assert may_drive(former, attempt)
    held.delete()
    assert not may_drive(former, attempt)
    assert not visible_attempts(former).exists()


@pytest.mark.parametrize(
    ("own", "groups", "expected"),
    [
        (None, [Role.OPERATOR], Role.OPERATOR),
        (Role.VIEWER, [Role.MANAGER], Role.MANAGER),
        (Role.MANAGER, [Role.VIEWER], Role.MANAGER),
        (Role.OPERATOR, [Role.VIEWER, Role.OPERATOR], Role.OPERATOR),
        (None, [Role.VIEWER, Role.MANAGER], Role.MANAGER),
    ],
)
def test_the_highest_of_own_and_groups_rights_counts(
    staff: Staff, account: Account, grant: Grant, own: Role | None, groups: list[Role], expected: Role
) -> None:
    session, user = account(), staff("marta")
    account("Other")
    if own is not None:
        grant(user, session, own)
    for number, held in enumerate(groups):
        group = Group.objects.create(name=f"Team {number}")
        user.groups.add(group)
        SessionGrant.objects.create(session=session, group=group, role=held)
    assert rights.role(user, session.pk) == expected
    assert rights.roles([user]) == {user.pk: {session.pk: expected}}
    assert list(rights.visible_sessions(user)) == [session]
    assert list(rights.managed_sessions(user)) == ([session] if expected == Role.MANAGER else [])
    attempt = SignInAttempt.objects.create(session=session, phone="49151", started_by=None)
    assert may_drive(user, attempt) == (expected == Role.MANAGER)
    assert list(visible_attempts(user)) == ([attempt] if expected == Role.MANAGER else [])


def test_a_groups_right_is_for_its_members_only(staff: Staff, account: Account) -> None:
    session, inside, outside = account(), staff("inside"), staff("outside")
    plain = staff("plain", is_staff=False)
    team, other = Group.objects.create(name="Team"), Group.objects.create(name="Other")
    inside.groups.add(team)
    plain.groups.add(team)
    outside.groups.add(other)
    SessionGrant.objects.create(session=session, group=team, role=Role.OPERATOR)
    held = rights.roles([inside, outside, plain])
    assert held == {inside.pk: {session.pk: Role.OPERATOR}, outside.pk: {}}
    assert [rights.role(user, session.pk) for user in (outside, plain)] == [None, None]
    inside.groups.remove(team)
    assert rights.role(inside, session.pk) is None


def test_a_right_is_for_a_user_or_a_group_never_both_or_none(staff: Staff, account: Account) -> None:
    session, user, team = account(), staff("marta"), Group.objects.create(name="Team")
    for holders in ({}, {"user": user, "group": team}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SessionGrant.objects.create(session=session, **holders)


def test_rights_cost_the_same_for_many(staff: Staff, account: Account, grant: Grant) -> None:
    def cost(users: list[User], session: Session) -> list[int]:
        counts = []
        for work in (
            lambda: rights.roles(users),
            lambda: rights.role(users[0], session.pk),
            lambda: list(rights.visible_sessions(users[0])),
            lambda: list(visible_attempts(users[0])),
        ):
            with CaptureQueriesContext(connection) as queries:
                work()
            counts.append(len(queries))
        return counts

    session, users = account(), [staff("first")]
    users[0].has_perm(rights.ADD_ACCOUNT)  # kept with the user from here on
    few = cost(users, session)
    for number in range(30):
        team, more = Group.objects.create(name=f"Team {number}"), account(f"A{number}")
        users.append(staff(f"user {number}"))
        users[0].groups.add(team)
        users[-1].groups.add(team)
        SessionGrant.objects.create(session=more, group=team, role=Role.VIEWER)
        grant(users[-1], more, Role.MANAGER)
    assert cost(users, session) == few == [1, 1, 1, 1]
    assert len(rights.roles(users)[users[0].pk]) == 30


def test_giving_and_taking_a_groups_right_is_told(staff: Staff, account: Account, admin: User) -> None:
    session, team = account(), Group.objects.create(name="Team")
    sessions.grant(admin, session, team, Role.OPERATOR)
    sessions.revoke(admin, session, team)
    sessions.revoke(admin, session, team)
    told = AuditEntry.objects.filter(action__startswith="right.").order_by("pk")
    acting_as = {"acting_as": admin.username}
    assert list(told.values_list("action", "session_id", "details")) == [
        ("right.granted", session.pk, {"to": "group Team", "role": "Operator"} | acting_as),
        ("right.revoked", session.pk, {"of": "group Team"} | acting_as),
    ]
    events = SessionEvent.objects.filter(session=session).order_by("pk")
    assert [selectors.event_text(event, facts=True) for event in events] == [
        "Right given: group Team, Operator",
        "Right taken away: group Team",
    ]


# --- once more, when a command is claimed ---------------------------------------------------------------------------

ASKED_KINDS = (
    CommandKind.SEND,
    CommandKind.HISTORY,
    CommandKind.DEVICES_END,
    CommandKind.LOG_OUT,
    CommandKind.SIGN_IN_CODE,
)
"""One for each sort of need."""
ASKED = """
SELECT c.id, {lack} FROM telegram_commands c
    LEFT JOIN auth_user u ON u.id = c.created_by_id
    LEFT JOIN unnest(%s::text[], %s::int[], %s::bool[], %s::bool[]) n(kind, role, or_starter, system) ON n.kind = c.kind
"""


def lacks() -> dict[int, str]:
    """What the asker of each stored command lacks, by the SQL of the claim."""
    declared = {kind: spec.need for kind, spec in SPECS.items()}
    needs = [(kind, int(need.role or 0), need.or_starter, need.system) for kind, need in declared.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            ASKED.replace("{lack}", rights.lack_sql()), [list(column) for column in zip(*needs, strict=True)]
        )
        return dict(cursor.fetchall())


def by_python(user: User, command: Command, attempt: SignInAttempt) -> str:
    """The same by what pages and services ask, but for the second factor."""
    need = SPECS[CommandKind(command.kind)].need
    if need.role is None or not user.is_active or not user.is_staff:
        return "" if need.role is None else "not_staff" if user.is_active else "inactive"
    if need.or_starter:
        return "" if may_drive(user, attempt) else "role"
    held = rights.role(user, command.session_id)
    return "" if held is not None and held >= need.role else "role"


@dataclass
class Case:
    user: User
    command: Command
    attempt: SignInAttempt
    has_factor: bool


@pytest.fixture
def cases(account: Account, admin: User) -> list[Case]:
    """Every combination of own right, group's right, standing, permission and second factor, in three accounts (the
    known one disabled), for each sort of need."""
    permission = Permission.objects.get(codename="add_account")
    adders = Group.objects.create(name="Adders")
    adders.permissions.add(permission)
    known = account("Known", enabled=False)
    new, others = account("New", telegram_user_id=None), account("Other", telegram_user_id=None)
    teams = {}
    for role in (Role.VIEWER, Role.MANAGER):
        teams[role] = Group.objects.create(name=role.label)
        SessionGrant.objects.create(session=known, group=teams[role], role=role)
    standings: tuple[dict[str, bool], ...] = (
        {}, {"is_active": False}, {"is_staff": False}, {"is_superuser": True},
        {"is_superuser": True, "is_active": False}, {"is_superuser": True, "is_staff": False},
    )  # fmt: skip
    combined = list(
        itertools.product((None, *Role), (None, *teams), standings, (None, "own", "group"), (None, False, True))
    )
    users = User.objects.bulk_create(
        User(username=f"u{number}", **({"is_staff": True} | standing))
        for number, (_, _, standing, _, _) in enumerate(combined)
    )
    found = []
    for user, (own, group, _, adds, factor) in zip(users, combined, strict=True):
        if own is not None:
            SessionGrant.objects.create(session=known, user=user, role=own)
        user.groups.through.objects.bulk_create(
            user.groups.through(user=user, group=one)
            for one in (group and teams[group], adders if adds == "group" else None)
            if one is not None
        )
        if adds == "own":
            user.user_permissions.through.objects.bulk_create(
                [user.user_permissions.through(user=user, permission=permission)]
            )
        if factor is not None:
            Authenticator.objects.create(user=user, name="app", confirmed=factor)
        for place in (known, new, others):
            attempt = SignInAttempt.objects.create(session=place, started_by=admin if place == others else user)
            rows = Command.objects.bulk_create(
                Command(session=place, kind=kind, lane="x", payload={"attempt": str(attempt.pk)}, created_by=user)
                for kind in ASKED_KINDS
            )
            found += [Case(user, row, attempt, bool(factor)) for row in rows]
    return found


def test_the_claim_asks_as_everybody_else_does(cases: list[Case], settings: Any) -> None:
    expected = {case.command.pk: by_python(case.user, case.command, case.attempt) for case in cases}
    assert lacks() == expected
    assert set(expected.values()) == {"", "inactive", "not_staff", "role"}
    for case in cases:
        free = SPECS[CommandKind(case.command.kind)].need.role is None
        if not free and not case.has_factor and expected[case.command.pk] in ("", "role"):
            expected[case.command.pk] = "second_factor"
    settings.SECOND_FACTOR_REQUIRED = True
    assert lacks() == expected
    settings.SECOND_FACTOR_REQUIRED = False
    Policy.objects.create(second_factor_required=True)
    assert lacks() == expected


def test_a_payload_that_names_no_attempt_is_refused_not_an_error(staff: Staff, account: Account) -> None:
    starter, place = staff("starter", "add_account"), account("New", telegram_user_id=None)
    SignInAttempt.objects.create(session=place, started_by=starter)
    for payload in ({}, {"attempt": "x"}, {"attempt": 5}, [1]):
        Command.objects.create(session=place, kind="sign_in.code", lane="x", payload=payload, created_by=starter)
    assert set(lacks().values()) == {"role"}
