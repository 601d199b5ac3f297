"""The demo's world: a small kayak company, its customers, and what they have written to each other so far.

`build` makes it once; the phones in `PHONES` are those that staff may sign in with.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from telethon.tl import TLObject, types

from sandbox.demo import texts
from sandbox.world import World
from sandbox.world.accounts import Account, Contact
from sandbox.world.chats import ADMIN_RIGHTS, Kind
from sandbox.world.ids import is_channel
from sandbox.world.posts import Post

PHONES = ["9996621001", "9996621002"]  # test numbers have this form: 99966, a digit for the data centre, four more
PASSWORDS = {"9996621002": "north-star-24"}  # the second account's cloud password
HINT = "where the compass points"
_DAY = 86_400
_JUST_NOW, _LEAST_AGO = 60, 600  # seconds ago: the greeting; whatever else was said last
_SEED = 20_241


@dataclass(frozen=True)
class Person:
    """Somebody in the demo: how many messages they and the first account have exchanged, how many of theirs are
    unread."""

    phone: str
    first_name: str
    last_name: str
    language: str
    messages: int
    unread: int = 0
    username: str | None = None


PEOPLE = [
    Person("9996622001", "Marta", "Kowalczyk", "en", 340, 2, "marta_k_demo"),
    Person("9996622002", "ليلى", "حداد", "ar", 46, 1),
    Person("9996622003", "Jonas", "Weber", "de", 58),
    Person("9996622004", "Дмитрий", "Соколов", "ru", 31, 3),
    Person("9996622005", "さくら", "田中", "ja", 18),
    Person("9996622006", "Amélie", "Dubois", "fr", 24),
    Person("9996622007", "Sofía", "Herrera", "es", 12, 1),
    Person("9996622008", "Aoife", "O’Sullivan", "en", 7),
    Person("9996622009", "Bjørn", "Ødegård", "en", 3),
]
GREETS = PEOPLE[0]
"""Who has written last, in English, and waits for an answer: what whoever tries the demo sees first."""
LANGUAGES = {person.phone: person.language for person in PEOPLE}
GROUP_TITLE = "Boathouse crew"
COMMUNITY_TITLE = "Sea kayak friends"
CHANNEL_TITLE = "Nordlicht Kayak · News"


@dataclass(frozen=True)
class Line:
    """One message of the past."""

    date: int
    author: int
    to: int
    text: str = ""
    action: object = None


def build(world: World) -> list[str]:
    """Make the demo's world if it is not there yet; the phones that staff may sign in with."""
    if world.accounts.by_phone(PHONES[0]) is None:
        _Builder(world).build()
        world.store.commit()  # all of it or nothing: a killed start leaves no half world
    return list(PHONES)


def greeting(world: World) -> int:
    """The user id of GREETS in a world that was built."""
    account = world.accounts.by_phone(GREETS.phone)
    if account is None:
        raise LookupError("the demo's world has not been made")
    return account.user_id


def _tell_nobody(user_id: int, updates: TLObject) -> None:
    """Nobody is told of the past."""


class _Builder:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(_SEED)
        self._now = world.now()

    def build(self) -> None:
        staff = [self._staff(PHONES[0], "Nordlicht", "Support"), self._staff(PHONES[1], "Nordlicht", "Booking")]
        people = [self._person(person) for person in PEOPLE]
        for account in staff:
            for person, other in zip(PEOPLE, people, strict=True):
                self._acquaint(account, person, other)
        lines: list[Line] = []
        for person, other in zip(PEOPLE, people, strict=True):
            lines += self._private(person, other, staff[0])
        lines += self._private(PEOPLE[2], people[2], staff[1])
        lines += self._private(PEOPLE[7], people[7], staff[1])
        crew, friends, news = self._rooms(staff, people)
        lines += self._shared(crew, [staff[0], staff[1], *people[2:4], people[7]], texts.GROUP, 60)
        lines += self._shared(friends, [staff[0], *people], texts.COMMUNITY, 90)
        lines += self._shared(news, [people[8]], texts.CHANNEL, 12)
        # Ids grow with time in every box, so the past happens in its order.
        for line in sorted(lines, key=lambda line: line.date):
            post = Post(0, line.author, line.to, line.date, line.text, action=line.action)
            self._world.message_actions.post(post, _tell_nobody)
        self._read_all(staff, people)

    def _staff(self, phone: str, first_name: str, last_name: str) -> Account:
        password = PASSWORDS.get(phone)
        return self._world.accounts.create(
            phone, first_name, last_name, password=password, hint=HINT if password else ""
        )

    def _person(self, person: Person) -> Account:
        return self._world.accounts.create(
            person.phone, person.first_name, person.last_name, username=person.username, is_scripted=True
        )

    def _acquaint(self, account: Account, person: Person, other: Account) -> None:
        accounts = self._world.accounts
        accounts.add_contact(account, other.user_id, Contact(person.first_name, person.last_name, person.phone))
        accounts.add_contact(other, account.user_id, Contact(account.first_name, account.last_name, account.phone))

    def _private(self, person: Person, other: Account, staff: Account) -> Iterator[Line]:
        """Question and answer in turn, in bursts of some days, the last of them today or yesterday; whoever greets has
        just done so."""
        pairs = [text for pair in texts.DIALOGUES[person.language] for text in pair]
        start = self._rng.randrange(0, len(pairs), 2)
        greets = person is GREETS
        dates = self._dates(person.messages, _JUST_NOW if greets else None)
        last = len(dates) - len(texts.GREETING)
        for number, date in enumerate(dates):
            asks = number % 2 == 0 or number >= person.messages - person.unread
            author, to = (other, staff) if asks else (staff, other)
            said = texts.GREETING[number - last] if greets and number >= last else pairs[(start + number) % len(pairs)]
            text = self._filled(said, person.language)
            yield Line(date, author.user_id, to.user_id, text)

    def _shared(self, chat: int, authors: list[Account], pool: list[str], count: int) -> Iterator[Line]:
        room = self._world.chats[chat]
        dates = self._dates(count + 1)
        people = [account.user_id for account in authors]
        if room.is_group:
            action: object = types.MessageActionChatCreate(room.title, list(room.members))
        else:
            action = types.MessageActionChannelCreate(room.title)
        room.date = dates[0]
        self._world.chats.save(room)
        yield Line(dates[0], room.creator, chat, action=action)
        for number, date in enumerate(dates[1:]):
            yield Line(date, self._rng.choice(people), chat, self._filled(pool[number % len(pool)], "en"))

    def _rooms(self, staff: list[Account], people: list[Account]) -> tuple[int, int, int]:
        owner = people[8]
        everybody = [*staff, *people]
        crew = self._room("group", GROUP_TITLE, staff[0], [staff[1], *people[2:4], people[7]])
        friends = self._room("supergroup", COMMUNITY_TITLE, people[0], everybody, username="sea_kayak_friends_demo")
        news = self._room("channel", CHANNEL_TITLE, owner, everybody, username="nordlicht_news_demo")
        chat = self._world.chats[friends]
        chat.members[staff[0].user_id].admin_rights = list(ADMIN_RIGHTS["supergroup"])
        self._world.chats.save_member(chat, chat.members[staff[0].user_id])
        return crew, friends, news

    def _room(self, kind: Kind, title: str, creator: Account, members: list[Account], *, username: str = "") -> int:
        chat = self._world.chats.create(kind, title, creator.user_id)
        for account in members:
            if account.user_id != creator.user_id:
                self._world.chats.add_member(chat, account.user_id, creator.user_id)
        if username:
            self._world.chats.set_username(chat, username)
        if kind != "group":
            for user_id in chat.members:
                self._world.boxes.save_dialog(user_id, self._world.boxes.dialog(user_id, chat.marked))
        return chat.marked

    def _read_all(self, staff: list[Account], people: list[Account]) -> None:
        """Everything has been read, but the last messages that wait for the first account."""
        waiting = {account.user_id: person.unread for person, account in zip(PEOPLE, people, strict=True)}
        boxes = self._world.boxes
        for account in [*staff, *people]:
            for peer in list(boxes.box(account.user_id).dialogs):
                ids = self._world.message_actions.box_of(account.user_id, peer).thread(peer)
                unread = waiting.get(peer, 0) if account is staff[0] else 0
                if len(ids) > unread:
                    read = self._world.reading.read_channel if is_channel(peer) else self._world.reading.read
                    read(account.user_id, peer, ids[-1 - unread], _tell_nobody)

    def _dates(self, count: int, ago: int | None = None) -> list[int]:
        """That many ascending moments, a few minutes apart within a conversation, days between conversations. `ago`:
        how many seconds ago the last of them was."""
        moment = self._now - (self._rng.randrange(_LEAST_AGO, _DAY) if ago is None else ago)
        dates: list[int] = []
        for _ in range(count):
            dates.append(moment)
            pause = self._rng.randrange(_DAY, 6 * _DAY) if self._rng.random() < 0.1 else self._rng.randrange(20, 900)
            moment -= pause
        return dates[::-1]

    def _filled(self, text: str, language: str) -> str:
        return text.format(n=self._rng.randrange(2, 9), day=self._rng.choice(texts.DAYS[language]))
