"""The accounts of the sandbox's world: looked up, changed, and read back from the store."""

import random
from pathlib import Path

import pytest

from sandbox.protocol.srp import SrpSessions
from sandbox.store import Store
from sandbox.world.accounts import (
    ONLINE_SECONDS,
    SERVICE_USER_ID,
    Account,
    Accounts,
    Contact,
    PendingEmail,
    valid_username,
)
from tests.kit.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(clock: Clock) -> Accounts:
    return Accounts(Store(None), clock, random.Random(1))


def test_create_and_look_up(accounts: Accounts) -> None:
    anna = accounts.create("+49 151 1234567", "Anna", "Ba", username="Anna_B")
    assert accounts.get(anna.user_id) is anna
    assert anna.user_id in accounts
    assert accounts.by_phone("491511234567") is anna
    assert accounts.by_username("@anna_b") is anna
    assert anna.user_id > 2**32
    assert accounts.get(1) is None


def test_ids_phones_and_usernames_are_unique(accounts: Accounts) -> None:
    anna = accounts.create("491511234567", "Anna", username="anna_b")
    bob = accounts.create("491511234568", "Bob")
    assert anna.user_id != bob.user_id
    with pytest.raises(ValueError):
        accounts.create("+49 1511234567", "Other")
    with pytest.raises(ValueError):
        accounts.create("491511234569", "Other", username="ANNA_B")
    with pytest.raises(ValueError):
        accounts.create("491511234569", "Other", user_id=bob.user_id)


def test_telegrams_own_account_is_always_there(accounts: Accounts) -> None:
    assert accounts[SERVICE_USER_ID].is_service


def test_everything_is_read_back_from_the_store(tmp_path: Path, clock: Clock) -> None:
    path = str(tmp_path / "state.sqlite")
    store = Store(path)
    accounts = Accounts(store, clock, random.Random(1))
    anna = accounts.create("491511234567", "Anna", "Ba", password="secret", hint="h", username="anna_b")
    bob = accounts.create("491511234568", "Bob", user_id=77, is_scripted=True)
    accounts.add_contact(anna, bob.user_id, Contact("Bobby", "", bob.phone))
    anna.saved_phones["491511234500"] = Contact("Later")
    anna.blocked[bob.user_id] = 5
    assert anna.password is not None
    anna.pending_email = PendingEmail("a@b.example", "123456", anna.password)
    accounts.save(anna)
    accounts.set_online(bob, True)
    accounts.ban(bob.user_id)
    store.close()

    again = Accounts(Store(path), clock, random.Random(2))
    assert {account.user_id: account for account in again} == {account.user_id: account for account in accounts}
    assert again.by_username("anna_b") == anna
    assert again.by_phone(bob.phone) == bob


def test_password_is_kept_as_a_verifier_only(accounts: Accounts, clock: Clock) -> None:
    anna = accounts.create("491511234567", "Anna", password="open sesame")
    assert "open sesame" not in str(anna.to_dict())
    assert anna.password is not None
    srp_id, _ = SrpSessions(clock).open(anna.user_id, anna.password)
    assert srp_id


def test_online_ends_by_itself(accounts: Accounts, clock: Clock) -> None:
    anna = accounts.create("491511234567", "Anna")
    assert not accounts.is_online(anna)
    accounts.set_online(anna, True)
    assert accounts.is_online(anna)
    clock.now += ONLINE_SECONDS
    assert not accounts.is_online(anna)
    accounts.set_online(anna, True)
    accounts.set_online(anna, False)
    assert not accounts.is_online(anna)
    assert anna.last_online == int(clock.now)


def test_a_deleted_account_frees_its_names_and_forgets_its_life(accounts: Accounts) -> None:
    anna = accounts.create("491511234567", "Anna", username="anna_b", password="x")
    accounts.add_contact(anna, SERVICE_USER_ID, Contact("T"))
    accounts.delete(anna.user_id)
    assert accounts.by_phone("491511234567") is None
    assert accounts.by_username("anna_b") is None
    assert anna == Account(anna.user_id, "", "", deleted=True, created=anna.created)
    assert accounts.create("491511234567", "Next").user_id != anna.user_id


def test_a_banned_account_keeps_its_number(accounts: Accounts) -> None:
    anna = accounts.create("491511234567", "Anna")
    accounts.ban(anna.user_id)
    assert not anna.live
    with pytest.raises(ValueError):
        accounts.create("491511234567", "Anna")
    accounts.unban(anna.user_id)
    assert anna.live


def test_a_saved_number_becomes_a_contact_when_it_signs_up(accounts: Accounts) -> None:
    anna = accounts.create("491511234567", "Anna")
    anna.saved_phones["491511234568"] = Contact("Bobby", "", "491511234568")
    bob = accounts.create("491511234568", "Robert")
    assert anna.contacts == {bob.user_id: Contact("Bobby", "", "491511234568")}
    assert anna.saved_phones == {}
    assert accounts.knowing(bob.user_id) == [anna]
    accounts.remove_contact(anna, bob.user_id)
    assert accounts.knowing(bob.user_id) == []


@pytest.mark.parametrize("name", ["anna_b", "Abcde", "a1234", "a" * 32, "user_name_1"])
def test_usernames_that_telegram_allows(name: str) -> None:
    assert valid_username(name)


@pytest.mark.parametrize(
    "name", ["", "abcd", "1abcd", "_abcd", "abcd_", "a__bcd", "a" * 33, "abc de", "äbcde", "@abcde"]
)
def test_usernames_that_it_does_not(name: str) -> None:
    assert not valid_username(name)
