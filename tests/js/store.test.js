import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../../static/chats/logic/list.js";
import { Outbox } from "../../static/chats/logic/outbox.js";
import { TYPING_MS, expireTyping, hiddenHere, initial, receive, typingLabel, unreadIn } from "../../static/chats/logic/store.js";
import { OFF, isNews, parse, words } from "../../static/chats/logic/notices.js";
import { dayLabel, listTime, until } from "../../static/chats/logic/time.js";
import { badgeText, label } from "../../static/chats/logic/unread.js";

const AT = { now: 1000, looking: true };
const chat = (id, changes = {}) => ({
  id, session: 1, peer: id * 10, kind: "user", title: `Chat ${id}`, username: "", members: null, can_send: true, left: false,
  last: { at: `2026-11-0${id}T10:00:00Z`, tid: 1, text: "", sender: "", out: false }, pending: null, unread: 0, read_inbox: 0,
  read_outbox: 0, muted: false, pinned: false, online: false, slow_until: null, at: 1, ...changes,
});
const first = (changes = {}) => ({
  user: { id: 1, name: "Marta" }, may_add: true, sessions: [{ id: 1, status: "ready", can_send: true }], everywhere: false, session: 1, unread: [],
  list: { chats: [chat(1), chat(2)], more: null }, chat: chat(1),
  page: { chat: 1, at: 5, epoch: "e", messages: [], older: "start", ask_before: 0, newer: false }, ...changes,
});
const state = () => initial(first(), 0);

test("the list is newest first, filtered by tab and words", () => {
  const chats = [chat(1, { unread: 2 }), chat(2, { kind: "supergroup", title: "Über uns" }), chat(3, { kind: "channel", username: "news" })];
  const ids = (...args) => shown(chats, ...args).map((one) => one.id);
  assert.deepEqual(ids("all", "", null), [3, 2, 1]);
  assert.deepEqual(ids("unread", "", null), [1]);
  assert.deepEqual(ids("unread", "", 2), [1, 2], "what has waited longest first");
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

test("the list over all accounts takes rows of each, and loses those of one that is gone", () => {
  const sessions = [1, 2].map((id) => ({ id, status: "ready", can_send: true }));
  let now = initial(first({ everywhere: true, session: null, chat: null, page: null, sessions, list: { chats: [chat(1)], more: null } }), 0);
  now = receive(now, { type: "chats", session: 2, unread: 1, chats: [chat(5, { session: 2 })] }, AT).state;
  now = receive(now, { type: "chats", session: 3, unread: 1, chats: [chat(6, { session: 3 })] }, AT).state;
  assert.deepEqual([...now.chats.keys()], [1, 5]);
  assert.equal(receive(now, { type: "list", session: 1, unread: 0, more: null, chats: [chat(7)] }, AT).state, now);
  assert.equal(receive(now, { type: "list", session: null, unread: 0, more: "x", chats: [chat(7)] }, AT).state.views.get("all|").more, "x");
  const other = receive({ ...now, sessionId: 1 }, { type: "gone", session: 2 }, AT);
  assert.deepEqual([other.effect, other.state.sessionId, [...other.state.chats.keys()]], ["", 1, [1]]);
  assert.equal(receive({ ...now, sessionId: 2 }, { type: "gone", session: 2 }, AT).effect, "gone");
});

test("what is unread is known by account, muted apart, and summed over those that one may see", () => {
  const unread = (session, chats, muted = 0) => ({ session, chats, messages: chats * 2, muted_chats: muted, muted_messages: muted });
  const sessions = [1, 2].map((id) => ({ id, status: "ready" }));
  let now = initial(first({ sessions, unread: [unread(1, 2), unread(2, 1, 3)] }), 0);
  now = receive(now, { type: "unread", accounts: [unread(1, 5), unread(9, 7)] }, AT).state;
  assert.deepEqual({ ...unreadIn(now, 1), session: 0 }, { ...unread(1, 5), session: 0 });
  assert.deepEqual(unreadIn(now, null), { chats: 6, messages: 12, muted_chats: 3, muted_messages: 3 });
  assert.equal(label(unreadIn(now, null)), "6 unread chats, 12 messages; muted: 3 chats, 3 messages");
  assert.equal(label(unreadIn(now, 4)), "nothing unread");
  assert.deepEqual([badgeText(999), badgeText(1000)], ["999", "999+"]);
});

test("the same person types in one account only", () => {
  const now = receive(
    initial(first({ everywhere: true, sessions: [{ id: 1 }, { id: 2 }] }), 0),
    { type: "typing", session: 2, peer_id: 10, sender_id: 10, name: "Anna", action: "typing" }, AT,
  ).state;
  assert.deepEqual([typingLabel(now, chat(1)), typingLabel(now, chat(1, { session: 2 }))], ["", "typing…"]);
});

test("a desktop notice is worth what somebody has just written, and says no more than is wanted", () => {
  const since = Date.parse("2026-11-05T10:00:00Z");
  const said = (changes, last = {}) => chat(6, { unread: 1, last: { at: "2026-11-06T10:00:00Z", tid: 7, text: "Code word", sender: "", out: false, ...last }, ...changes });
  assert.equal(isNews(said({}), 6, since), true);
  for (const [row, heard] of [[said({}), 7], [said({ muted: true }), 0], [said({ unread: 0 }), 0], [said({}, { out: true }), 0],
    [said({}, { at: "2026-11-04T10:00:00Z" }), 0], [said({}, { tid: null }), 0]]) assert.equal(isNews(row, heard, since), false);
  assert.deepEqual(words(said({}), "Sales", false), { title: "Chat 6 · Sales", body: "New message" });
  assert.deepEqual(words(said({ kind: "group" }, { sender: "Omar" }), "Sales", true).body, "Omar: Code word");
  assert.deepEqual(parse("{broken"), { later: 0, accounts: {} });
  assert.deepEqual(parse('{"accounts": {"3": {"on": true}, "4": 5}}').accounts, { 3: { on: true, sound: true, text: false }, 4: OFF });
});
