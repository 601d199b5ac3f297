import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../../static/chats/logic/list.js";
import { Outbox } from "../../static/chats/logic/outbox.js";
import { TYPING_MS, expireTyping, hiddenHere, initial, receive, typingLabel } from "../../static/chats/logic/store.js";
import { dayLabel, listTime, until } from "../../static/chats/logic/time.js";

const AT = { now: 1000, looking: true };
const chat = (id, changes = {}) => ({
  id, session: 1, peer: id * 10, kind: "user", title: `Chat ${id}`, username: "", members: null, can_send: true, left: false,
  last: { at: `2026-11-0${id}T10:00:00Z`, tid: 1, text: "", sender: "", out: false }, pending: null, unread: 0, read_inbox: 0,
  read_outbox: 0, muted: false, pinned: false, online: false, slow_until: null, at: 1, ...changes,
});
const first = (changes = {}) => ({
  user: { id: 1, name: "Marta" }, may_add: true, sessions: [{ id: 1, status: "ready", can_send: true }], session: 1, unread: 0,
  list: { chats: [chat(1), chat(2)], more: null }, chat: chat(1),
  page: { chat: 1, at: 5, epoch: "e", messages: [], older: "start", ask_before: 0, newer: false }, ...changes,
});
const state = () => initial(first(), 0);

test("the list is newest first, filtered by tab and words", () => {
  const chats = [chat(1, { unread: 2 }), chat(2, { kind: "supergroup", title: "Über uns" }), chat(3, { kind: "channel", username: "news" })];
  const ids = (...args) => shown(chats, ...args).map((one) => one.id);
  assert.deepEqual(ids("all", "", null), [3, 2, 1]);
  assert.deepEqual(ids("unread", "", null), [1]);
  assert.deepEqual(ids("unread", "", 2), [2, 1]);
  assert.deepEqual(ids("groups", "", null), [2]);
  assert.deepEqual(ids("all", "über", null), [2]);
  assert.deepEqual(ids("all", "NEWS chat", null), [3]);
});

test("a row that was read earlier does not overwrite a later one", () => {
  const frames = [{ type: "chats", session: 1, unread: 1, chats: [chat(1, { at: 9, title: "new" })] }, { type: "chats", session: 1, unread: 1, chats: [chat(1, { at: 3, title: "old" })] }];
  const after = frames.reduce((now, frame) => receive(now, frame, AT).state, state());
  assert.equal(after.chats.get(1).title, "new");
});

test("frames of another session change nothing", () => {
  const now = state();
  for (const type of ["list", "chats", "typing"]) assert.equal(receive(now, { type, session: 2, chats: [] }, AT).state, now);
});

test("typing is told by name in groups, ends by itself, by cancel, and with the message", () => {
  let now = receive(state(), { type: "typing", session: 1, peer_id: 10, sender_id: 3, name: "Priya Nair", action: "typing" }, AT).state;
  assert.equal(typingLabel(now, chat(1)), "typing…");
  assert.equal(typingLabel(now, chat(1, { kind: "supergroup" })), "Priya is typing…");
  assert.equal(typingLabel(now, chat(2)), "");
  assert.equal(expireTyping(now, AT.now + TYPING_MS + 1).typing.length, 0);
  assert.equal(receive(now, { type: "typing", session: 1, peer_id: 10, sender_id: 3, action: "cancel" }, AT).state.typing.length, 0);
  const message = { id: 1, tid: 7, out: false, deleted: false, sender: { id: 3, name: "Priya" }, text: "hi", date: "2026-11-01T10:00:00Z" };
  const frame = { type: "events", chat: 1, after: 5, to: 6, messages: [message], removed: [], notices: [], row: chat(1, { at: 6 }) };
  const arrived = receive(now, frame, AT);
  assert.deepEqual([arrived.effect, arrived.state.typing.length, arrived.state.announcement], ["arrived", 0, "Priya: hi"]);
  const away = receive(now, frame, { now: 1000, looking: false });
  assert.equal(away.state.stream.newLine, 6);
});

test("a refused edit is said and no longer saving", () => {
  const now = { ...state(), saving: new Map([[4, "saving"]]) };
  const notice = { message: 4, action: "edit", error: { code: "X", message: "Too old." } };
  const after = receive(now, { type: "events", chat: 1, after: 5, to: 6, messages: [], removed: [], notices: [notice], row: chat(1) }, AT).state;
  assert.deepEqual([after.saving.size, after.notices[0].text], [0, "Not changed: Too old."]);
});

test("the outbox keeps, marks and forgets; a storage that refuses is no loss while the page lives", () => {
  const kept = new Map();
  const storage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
  const one = { cid: "a", session: 1, chat: 1, text: "x", reply_to: null, at: "" };
  const outbox = new Outbox(storage, "k");
  assert.equal(outbox.add(one), true);
  outbox.add(one);
  assert.equal(new Outbox(storage, "k").all().length, 1);
  outbox.mark("a", "refused");
  assert.equal(outbox.of(1)[0].error, "refused");
  outbox.remove("a");
  assert.equal(kept.size, 0);
  kept.set("k", "{broken");
  assert.deepEqual(outbox.all(), []);
  const full = new Outbox({ ...storage, setItem: () => { throw new Error("full"); } }, "k");
  assert.equal(full.add(one), false);
  assert.equal(full.all().length, 1);
});

test("times", () => {
  const now = new Date(2026, 10, 20, 12, 0);
  const on = (...parts) => new Date(2026, ...parts);
  assert.equal(listTime(on(10, 20, 9, 5), now), "09:05");
  assert.equal(listTime(on(10, 19, 23, 59), now), "Yesterday");
  assert.equal(listTime(on(10, 16, 9, 5), now), "Mon");
  assert.equal(listTime(on(10, 3, 9, 5), now), "3 Nov");
  assert.equal(listTime(new Date(2025, 10, 3), now), "3 Nov 2025");
  assert.equal(dayLabel(on(10, 20, 1), now), "Today");
  assert.equal(dayLabel(on(10, 19, 1), now), "Yesterday");
  assert.equal(until(on(10, 20, 14, 2), now), "at 14:02");
  assert.equal(until(new Date(now.getTime() + 30_000), now), "at 12:00:30");
  assert.equal(until(on(10, 21, 14, 2), now), "on 21 Nov at 14:02");
});

test("the newest page may come in pieces, and what waits beyond it is counted by the row", () => {
  const message = (tid) => ({ id: 100 + tid, tid, cid: null, state: "received", out: false, deleted: false, sender: { id: 3, name: "P" }, text: "", date: "" });
  const reset = { type: "reset", row: chat(1, { waiting: { sending: 4, failed: 1 } }), page: { ...first().page, older: "stored", messages: [message(3)] } };
  let now = receive(state(), reset, AT).state;
  now = receive(now, { type: "page", chat: 1, older: "start", ask_before: 0, messages: [message(1), message(2)] }, AT).state;
  assert.deepEqual(now.stream.items.map((one) => one.tid), [1, 2, 3]);
  assert.equal(now.stream.older, "start");
  assert.equal(receive(now, { type: "page", chat: 2, older: "start", messages: [message(9)] }, AT).state, now);
  assert.deepEqual(hiddenHere(now), { sending: 4, failed: 1 });
  assert.deepEqual(hiddenHere(state()), { sending: 0, failed: 0 });
});

test("a chat that cannot be read says so, in its place", () => {
  const error = { type: "error", ref: null, code: "UNREADABLE", chat: 1, message: "It cannot be read." };
  assert.equal(receive(state(), error, AT).state.notices.at(-1).text, "It cannot be read.");
  assert.equal(receive({ ...state(), stream: null }, error, AT).state.streamError, "It cannot be read.");
  const now = state();
  assert.equal(receive(now, { ...error, chat: 2 }, AT).state, now);
});
