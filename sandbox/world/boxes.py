"""The message boxes: what is done to them, each change in memory and store in one step.

An account's box holds its private chats and basic groups: a message has one copy, with an id of its own, in the box of
each participant. A supergroup or channel has one box for all its members.
"""

from __future__ import annotations

import gc
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.store import Store
from sandbox.world.box import Box, Dialog, Event
from sandbox.world.ids import is_channel
from sandbox.world.posts import Copy, Post

_SIDE_KEPT = 1000  # changes without a pts that an account's box remembers


class MessageBoxes:
    """All boxes. Every method changes memory and store in one step; nothing here checks rights."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._boxes: dict[int, Box] = {}
        self._sent: dict[tuple[int, int], Post] = {}
        self._last_uid = 0
        self._last_side = 0
        with _no_garbage():
            self._load()

    def box(self, owner: int) -> Box:
        """That account's or channel's box; a new one if it has none yet."""
        box = self._boxes.get(owner)
        if box is None:
            box = self._boxes[owner] = Box(owner)
        return box

    def dialog(self, user_id: int, peer: int) -> Dialog:
        """That chat in the account's list; it joins the list if it is not there."""
        dialogs = self.box(user_id).dialogs
        if peer not in dialogs:
            dialogs[peer] = Dialog(peer)
        return dialogs[peer]

    def sent(self, author: int, random_id: int) -> Post | None:
        """What this account has sent with this random_id, if anything; deleted messages are remembered too."""
        return self._sent.get((author, random_id))

    def add(self, post: Post, owners: Iterable[int]) -> Post:
        """Give a new message its uid and put a copy into each of these boxes."""
        self._last_uid += 1
        post.uid = self._last_uid
        for owner in owners:
            box = self.box(owner)
            box.pts += 1
            box.last_id += 1
            post.copies[owner] = Copy(box.last_id, box.pts)
            self._index(box, post, box.last_id)
            box.log.append(Event(box.pts, 1, "new", post.date, post))
            if owner > 0 and post.author != owner:
                self.dialog(owner, post.peer(owner)).unread += 1
        if post.random_id:
            self._sent[post.author, post.random_id] = post
        self.save_post(post)
        return post

    def edited(self, post: Post) -> None:
        """Note a change of a message's content in every box that holds it; `edit_date` has been set."""
        for owner in post.copies:
            self._note(self.box(owner), 1, "edit", post)
        self.save_post(post)

    def delete(self, owner: int, ids: Iterable[int]) -> list[int]:
        """Take messages out of one box, as one event; the ids that were there."""
        box = self.box(owner)
        gone = [number for number in dict.fromkeys(ids) if number in box.posts]
        for number in gone:
            post = box.posts.pop(number)
            self._unlist(box, post, number)
            box.pins.get(post.peer(owner), set()).discard(number)
            del post.copies[owner]
            if post.copies or post.random_id:
                self.save_post(post)
            else:
                self._store.delete("post", post.uid)
        if gone:
            self._note(box, len(gone), "del", gone)
        return gone

    def read_inbox(self, user_id: int, peer: int, max_id: int) -> Event:
        """Move the account's own read mark in a private chat or basic group."""
        dialog = self.dialog(user_id, peer)
        box = self.box(user_id)
        dialog.read_inbox = max_id
        dialog.unread = self._unread(box, dialog)
        self.save_dialog(user_id, dialog)
        return self._note(box, 1, "rin", [peer, max_id, dialog.unread])

    def read_outbox(self, user_id: int, peer: int, max_id: int) -> Event:
        """Note that somebody has read this account's messages up to that one."""
        dialog = self.dialog(user_id, peer)
        dialog.read_outbox = max_id
        self.save_dialog(user_id, dialog)
        return self._note(self.box(user_id), 1, "rout", [peer, max_id])

    def contents_read(self, user_id: int, ids: list[int]) -> Event:
        """Note that the account has seen what these messages held for it."""
        return self._note(self.box(user_id), len(ids), "cont", ids)

    def pin(self, owner: int, posts: list[Post], *, pinned: bool) -> Event:
        """Note that messages of one chat are pinned in that box from now on, or are not."""
        box, peer = self.box(owner), posts[0].peer(owner)
        for post in posts:
            (post.pinned.append if pinned else post.pinned.remove)(owner)
            self.save_post(post)
        ids = [post.copies[owner].id for post in posts]
        known = box.pins.setdefault(peer, set())
        (known.update if pinned else known.difference_update)(ids)
        return self._note(box, len(ids), "pins", [peer, ids, pinned])

    def fold(self, user_id: int, places: list[tuple[int, int]]) -> Event:
        """Put chats of an account's list, (peer, folder) each, into other folders; pins are a folder's own."""
        for peer, folder in places:
            dialog = self.dialog(user_id, peer)
            dialog.folder, dialog.pinned = folder, 0
            self.save_dialog(user_id, dialog)
        return self._note(self.box(user_id), len(places), "fold", [list(place) for place in places])

    def aside(self, user_id: int, kind: str, data: Any) -> None:
        """Remember a change without a pts for the account's next getDifference."""
        box = self.box(user_id)
        event = Event(box.pts, 0, kind, int(self._clock()), data)
        self._last_side += 1
        self._store.put("side", self._last_side, {"o": user_id, "p": event.pts, "k": kind, "d": event.date, "v": data})
        self._add_side(box, self._last_side, event)

    def save_dialog(self, user_id: int, dialog: Dialog) -> None:
        """Write a dialog that was changed in place."""
        marks = [dialog.read_inbox, dialog.read_outbox, dialog.pinned, dialog.folder, dialog.unread_mark]
        row: dict[str, Any] = {"v": marks}
        if dialog.mentions:
            row["n"] = dialog.mentions
        if dialog.reacted:
            row["x"] = dialog.reacted
        self._store.put("dialog", f"{user_id}:{dialog.peer}", row)

    def drop_dialog(self, user_id: int, peer: int) -> None:
        """The chat leaves the account's list."""
        if self.box(user_id).dialogs.pop(peer, None) is not None:
            self._store.delete("dialog", f"{user_id}:{peer}")

    def forget(self, owner: int, before_pts: int) -> None:
        """Drop the log up to that pts, as Telegram drops old ones: whoever asks from there is told "too long"."""
        box = self.box(owner)
        box.floor = min(before_pts, box.pts)
        kept = box.since(box.floor)
        for event in box.log[: len(box.log) - len(kept)]:
            if event.kind != "new":
                self._store.delete("event", f"{owner}:{event.pts}")
        box.log = kept
        self._store.put("floor", owner, {"floor": box.floor, "pts": box.pts, "last_id": box.last_id})

    def unread(self, user_id: int, dialog: Dialog) -> int:
        """How many messages of the chat this account has not read."""
        if not is_channel(dialog.peer):
            return dialog.unread
        ids = self.box(dialog.peer).ids
        return len(ids) - bisect_right(ids, dialog.read_inbox)

    def _unread(self, box: Box, dialog: Dialog) -> int:
        later = dialog.ids[bisect_right(dialog.ids, dialog.read_inbox) :]
        return sum(1 for number in later if box.posts[number].author != box.owner)

    def _note(self, box: Box, count: int, kind: str, data: Any) -> Event:
        box.pts += count
        event = Event(box.pts, count, kind, int(self._clock()), data)
        box.log.append(event)
        stored = data.uid if isinstance(data, Post) else data
        row = {"o": box.owner, "p": event.pts, "n": count, "k": kind, "d": event.date, "v": stored}
        self._store.put("event", f"{box.owner}:{event.pts}", row)
        return event

    def save_post(self, post: Post) -> None:
        """Write a message that was changed in place."""
        self._store.put("post", post.uid, post.row())

    def _index(self, box: Box, post: Post, number: int) -> None:
        box.posts[number] = post
        ids = box.ids if box.owner < 0 else self.dialog(box.owner, post.peer(box.owner)).ids
        if not ids or number > ids[-1]:
            ids.append(number)
        else:
            insort(ids, number)

    def _unlist(self, box: Box, post: Post, number: int) -> None:
        peer = post.peer(box.owner)
        ids = box.thread(peer)
        where = bisect_left(ids, number)
        if where < len(ids) and ids[where] == number:
            del ids[where]
        if box.owner > 0 and post.author != box.owner:
            dialog = self.dialog(box.owner, peer)
            if number > dialog.read_inbox:
                dialog.unread -= 1

    def _load(self) -> None:
        self._load_dialogs()
        posts = self._load_posts()
        for _, row in self._store.rows("event"):
            box = self.box(row["o"])
            data = row["v"]
            if row["k"] == "edit":
                self._last_uid = max(self._last_uid, data)  # a deleted message's uid is not given again
                data = posts.get(data)
            if data is not None:
                box.log.append(Event(row["p"], row["n"], row["k"], row["d"], data))
            if row["k"] == "del":
                box.last_id = max(box.last_id, *data)
            box.pts = max(box.pts, row["p"])
        self._load_rest()
        for box in self._boxes.values():
            box.log.sort(key=lambda event: event.pts)
            box.log = box.since(box.floor)
            for dialog in box.dialogs.values():
                dialog.unread = self._unread(box, dialog)

    def _load_dialogs(self) -> None:
        for key, row in self._store.rows("dialog"):
            user_id, _, peer = key.partition(":")
            dialog = self.dialog(int(user_id), int(peer))
            dialog.read_inbox, dialog.read_outbox, dialog.pinned, dialog.folder, dialog.unread_mark = row["v"]
            dialog.mentions = row.get("n", [])
            dialog.reacted = row.get("x", [])

    def _load_posts(self) -> dict[int, Post]:
        posts: dict[int, Post] = {}
        for key, row in self._store.rows("post"):
            post = posts[int(key)] = Post.from_row(int(key), row)
            self._last_uid = max(self._last_uid, post.uid)
            if post.random_id:
                self._sent[post.author, post.random_id] = post
            for owner, copy in post.copies.items():
                box = self.box(owner)
                self._index(box, post, copy.id)
                if owner in post.pinned:
                    box.pins.setdefault(post.peer(owner), set()).add(copy.id)
                box.log.append(Event(copy.pts, 1, "new", post.date, post))
                box.last_id = max(box.last_id, copy.id)
                box.pts = max(box.pts, copy.pts)
        return posts

    def _load_rest(self) -> None:
        for key, row in self._store.rows("floor"):
            box = self.box(int(key))
            box.floor, box.pts = row["floor"], max(box.pts, row["pts"])
            box.last_id = max(box.last_id, row["last_id"])
        for key, row in self._store.rows("side"):
            self._last_side = max(self._last_side, int(key))
            event = Event(row["p"], 0, row["k"], row["d"], row["v"])
            self._add_side(self.box(row["o"]), int(key), event)

    def _add_side(self, box: Box, key: int, event: Event) -> None:
        box.side.append(event)
        box.side_keys.append(key)
        if len(box.side) > 2 * _SIDE_KEPT:
            for old in box.side_keys[:_SIDE_KEPT]:
                self._store.delete("side", old)
            del box.side[:_SIDE_KEPT], box.side_keys[:_SIDE_KEPT]


@contextmanager
def _no_garbage() -> Iterator[None]:
    """No garbage collection while a big world is read: there is none, and looking for it takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
