"""What is stored against the data centre's world, message by message. Pure: dictionaries in, lines out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any

MOST = 5  # lines of one sort about one chat


def differences(expected: dict[str, Any], stored: dict[str, Any], peers: Iterable[int]) -> list[str]:
    """What is not as the data centre has it, chat by chat; at most a few lines each.

    ``expected`` is the sandbox's snapshot of the account, ``stored`` what ``staff.state`` says of its session. A chat
    is compared ``from`` the id on from which its page would show what is stored; above that it would ask Telegram.
    """
    found: list[str] = []
    for peer in map(str, peers):
        if peer not in stored:
            found.append(f"{peer}: no such chat")
        else:
            found += [f"{peer}: {line}" for line in _chat(expected[peer], stored[peer])]
            unread = expected["read_marks"][peer]["unread"]
            if stored[peer]["unread"] != unread:
                found.append(f"{peer}: {stored[peer]['unread']} unread instead of {unread}")
    return found


def _chat(theirs: list[dict[str, Any]], ours: dict[str, Any]) -> list[str]:
    since = ours["from"]
    if since is None:
        return ["nothing is known"]
    wanted = {one["id"]: [one["text"], one["out"], one["reply_to"]] for one in theirs if one["id"] >= since}
    waiting = [row for row in ours["live"] if row[0] is None]
    have = {row[0]: row[1:4] for row in ours["live"] if row[0] is not None and row[0] >= since}
    found = [f"lost {number}" for number in sorted(wanted.keys() - have.keys())][:MOST]
    found += [f"too many {number}" for number in have.keys() - wanted.keys()][:MOST]
    changed = [number for number in wanted.keys() & have.keys() if wanted[number] != have[number]]
    found += [f"stale {number}: {have[number]} instead of {wanted[number]}" for number in changed][:MOST]
    found += [f"never sent: {row}" for row in waiting][:MOST]
    numbers = [row[0] for row in ours["live"] if row[0] is not None]
    if len(set(numbers)) != len(numbers):
        found.append("some are stored twice")
    found += [f"deleted {row[0]} kept its text" for row in ours["dead"] if row[1]][:MOST]
    if ours["events"] != list(range(1, ours["last_event"] + 1)):
        found.append("event numbers have holes")
    if ours["last"] != max(one["id"] for one in theirs):
        found.append(f"the list shows {ours['last']} as the last, it is {max(one['id'] for one in theirs)}")
    return found


def order(
    seen: Iterable[str],
    written: Sequence[tuple[int, str]],
    touched: Collection[int],
    late: Collection[int] = (),
) -> list[str]:
    """What is wrong with our messages at the other side: each once, in the order in which staff wrote them.

    ``seen`` are the texts there; ``written`` our messages (row, text) in order, those that staff edited or deleted
    afterwards are ``touched``: they need not be there as they were. ``late`` ones were sent again by hand after they
    had failed: they stand where they came.
    """
    texts = {text for _, text in written}
    mine = [text for text in seen if text in texts]
    found = [f"twice at the other side: {text}" for text in sorted({text for text in mine if mine.count(text) > 1})]
    untouched = [text for row, text in written if row not in touched]
    found += [f"never arrived: {text}" for text in untouched if text not in set(mine)]
    place = {text: number for number, (row, text) in enumerate(written) if row not in late}
    if any(place[before] > place[after] for before, after in pairwise(text for text in mine if text in place)):
        found.append("not in the order in which they were written")
    return found


def page(shown: dict[int, dict[str, Any]], rows: Sequence[Sequence[Any]]) -> list[str]:
    """What an open page shows wrongly. ``shown``: its messages by row; ``rows``: (row, Telegram's id, text, deleted) of
    the chat. A page begins somewhere: what is older than all that it shows is not missed."""
    have = {row[0]: row[1:] for row in rows}
    first = min((one["tid"] for one in shown.values() if one["tid"] is not None), default=0)
    found = [f"shows {row}, which is not there" for row in shown.keys() - have.keys()][:MOST]
    missing = [
        row
        for row, (number, _, gone) in have.items()
        if row not in shown and not gone and (number is None or number >= first)
    ]
    found += [f"does not show {row}" for row in missing][:MOST]
    for row in shown.keys() & have.keys():
        number, text, gone = have[row]
        one = shown[row]
        if bool(one["deleted"]) != gone or (not gone and (one["tid"], one["text"]) != (number, text)):
            found.append(f"shows {row} as it was")
    return found
