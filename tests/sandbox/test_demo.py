"""The demo's world: what staff find when they sign in."""

import random

from telethon import TelegramClient

from sandbox import demo
from sandbox.demo import texts
from sandbox.server import Sandbox
from sandbox.store import Store
from sandbox.world import World
from tests.sandbox.people import ClientFor


def test_it_is_made_once() -> None:
    world = World(Store(None), rng=random.Random(1))
    assert demo.build(world) == demo.PHONES
    account = world.accounts.by_phone(demo.PHONES[0])
    assert account is not None
    before = world.snapshot(account.user_id)
    assert demo.build(world) == demo.PHONES
    assert world.snapshot(account.user_id) == before


def test_histories_are_in_the_order_of_time() -> None:
    world = World(Store(None), rng=random.Random(1))
    demo.build(world)
    for account in list(world.accounts):
        for peer, messages in world.snapshot(account.user_id).items():
            if peer != "read_marks":
                dates = [message["date"] for message in messages]
                assert dates == sorted(dates)
                assert dates[-1] <= world.now()


async def test_what_staff_see(sandbox: Sandbox, client_for: ClientFor) -> None:
    demo.build(sandbox.world)
    first: TelegramClient = await client_for(demo.PHONES[0])
    dialogs = {dialog.name: dialog for dialog in await first.get_dialogs()}
    assert len(dialogs) == 12
    assert {"Marta Kowalczyk", "ليلى حداد", "田中", demo.GROUP_TITLE, demo.COMMUNITY_TITLE, demo.CHANNEL_TITLE} <= {
        name.removeprefix("さくら ") for name in dialogs
    }
    marta = dialogs["Marta Kowalczyk"]
    assert (await first.get_messages(marta.entity, limit=0)).total == 340
    assert (marta.unread_count, dialogs["Дмитрий Соколов"].unread_count) == (2, 3)
    assert len([message async for message in first.iter_messages(marta.entity)]) == 340
    assert (dialogs[demo.GROUP_TITLE].is_group, dialogs[demo.CHANNEL_TITLE].is_channel) == (True, True)
    written = [message.message async for message in first.iter_messages(dialogs["ليلى حداد"].entity)]
    assert any("مرحباً" in text for text in written)


async def test_the_newest_chat_greets_in_english(sandbox: Sandbox, client_for: ClientFor) -> None:
    demo.build(sandbox.world)
    first: TelegramClient = await client_for(demo.PHONES[0])
    newest = (await first.get_dialogs())[0]
    assert newest.name == f"{demo.GREETS.first_name} {demo.GREETS.last_name}"
    assert demo.GREETS.language == "en"
    assert newest.entity.id == demo.greeting(sandbox.world)
    said = [message.message async for message in first.iter_messages(newest.entity, limit=newest.unread_count)]
    assert [text.split()[0] for text in reversed(said)] == [text.split()[0] for text in texts.GREETING]
    assert said[-1].startswith("Hello!")


async def test_the_second_account_has_a_cloud_password(sandbox: Sandbox, client_for: ClientFor) -> None:
    demo.build(sandbox.world)
    phone = demo.PHONES[1]
    second: TelegramClient = await client_for(phone, password=demo.PASSWORDS[phone])
    assert (await second.get_me()).phone == phone
    assert len(await second.get_dialogs()) == 5
