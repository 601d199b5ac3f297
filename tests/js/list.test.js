// The chat list: which chats are shown under which tab.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shown, tabs } from "../../static/chats/logic/list.js";
import { fromPage, unsent } from "../../static/chats/logic/stream.js";

const chat = (id, facts = {}) => ({
  id, title: `Chat ${id}`, username: "", kind: "user", unread: 0, marked: false, continued_in: null,
  waiting: { sending: 0, failed: 0 }, last: { at: `2026-01-0${id}T10:00:00Z` }, ...facts,
});
const ids = (chats) => chats.map((one) => one.id);

test("a group that has become a supergroup is in no tab", () => {
  const chats = [chat(1, { continued_in: 2 }), chat(2)];
  assert.deepEqual(ids(shown(chats, "all", "", null)), [2]);
});

test("what could not be sent has a tab while there is some, or it is open", () => {
  const failed = chat(1, { waiting: { sending: 0, failed: 2 } });
  const names = (chats, open) => tabs(chats, open).map((one) => one.name);
  assert.deepEqual(names([chat(2)], "all"), ["all", "unread", "groups", "channels"]);
  assert.deepEqual(names([chat(2), failed], "all").at(-1), "failed");
  assert.deepEqual(names([], "failed").at(-1), "failed");
  assert.deepEqual(ids(shown([chat(2), failed, chat(3)], "failed", "", null)), [1]);
  assert.deepEqual(ids(shown([chat(2), failed, chat(3)], "failed", "", 3)), [3, 1], "the open one stays");
});

test("a message that could not be sent stands where it was written", () => {
  const message = (id, tid, minute, state = "received") => ({
    id, chat: 1, tid, cid: null, state, out: state !== "received", sender: { id: 1, name: "A" }, date: `2026-01-01T10:0${minute}:00Z`,
  });
  const page = { chat: 1, at: 0, epoch: "e", older: "start", ask_before: 0, newer: false };
  const messages = [message(1, 10, 1), message(2, 11, 5), message(3, null, 3, "failed"), message(4, null, 2, "sending")];
  const stream = fromPage({ ...page, messages }, null);
  assert.deepEqual(ids(stream.items), [1, 3, 2, 4]);
  assert.deepEqual(ids(unsent(stream.items)), [3]);
});
