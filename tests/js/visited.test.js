import assert from "node:assert/strict";
import { test } from "node:test";
import { Visited } from "../../static/chats/logic/visited.js";

const stream = (chat, changes = {}) =>
  /** @type {any} */ ({ chat, number: 3, epoch: "e", items: [], older: "start", askBefore: 0, newer: false, newLine: 4, unseen: 2, ...changes });

test("a chat comes back as it was left, with the line that it has now", () => {
  const visited = new Visited();
  visited.keep(stream(1));
  assert.deepEqual(visited.take(1, null), { ...stream(1), newLine: null, unseen: 0 });
  assert.equal(visited.take(1, 9)?.newLine, 9);
  assert.equal(visited.take(2, null), null);
});

test("a window that does not reach the newest message is not kept, nor what was kept of that chat before", () => {
  const visited = new Visited();
  visited.keep(stream(1));
  visited.keep(stream(1, { newer: true }));
  visited.keep(null);
  assert.equal(visited.take(1, null), null);
});

test("the twenty that were left last are kept, until all are forgotten", () => {
  const visited = new Visited();
  for (let chat = 1; chat <= 21; chat += 1) visited.keep(stream(chat));
  visited.keep(stream(2));
  visited.keep(stream(22));
  assert.deepEqual([1, 2, 3, 4].map((chat) => visited.take(chat, null) !== null), [false, true, false, true]);
  assert.equal(visited.streams.size, 20);
  visited.forget();
  assert.equal(visited.take(22, null), null);
});
