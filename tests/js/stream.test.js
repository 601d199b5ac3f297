import assert from "node:assert/strict";
import { test } from "node:test";
import { WINDOW, append, applyEvents, complete, fromPage, hidden, hiddenLabel, key, lastEditable, prepend, rows, waitingMessages } from "../../static/chats/logic/stream.js";

const START = Date.parse("2026-11-01T08:00:00Z");
const message = (tid, changes = {}) => ({
  id: tid === null ? 900 : tid + 1000, chat: 1, tid, cid: null, state: "received", out: false, sender: { id: 5, name: "Anna" },
  staff: null, date: new Date(START + (tid ?? 9999) * 60_000).toISOString(), text: `text ${tid}`, entities: [], reply: null,
  edited: null, deleted: false, service: null, media: null, forward: null, author: "", error: null, waits_until: null, ...changes,
});
const page = (from, to, changes = {}) => ({
  chat: 1, at: 10, epoch: "e", older: "stored", ask_before: 0, newer: false,
  messages: Array.from({ length: to - from + 1 }, (_, index) => message(from + index)), ...changes,
});
const frame = (changes) => ({ chat: 1, after: 10, to: 11, messages: [], removed: [], ...changes });
const tids = (stream) => stream.items.map((one) => one.tid);

test("events are applied once, in order, and a gap is noticed", () => {
  const stream = fromPage(page(1, 3), null);
  const first = applyEvents(stream, frame({ messages: [message(4)] }), true);
  assert.equal(first.outcome, "applied");
  assert.deepEqual(tids(first.stream), [1, 2, 3, 4]);
  assert.deepEqual(first.arrived.map((one) => one.tid), [4]);
  assert.equal(applyEvents(first.stream, frame({ messages: [message(4)] }), true).outcome, "stale");
  assert.equal(applyEvents(first.stream, frame({ after: 15, to: 16 }), true).outcome, "gap");
  assert.equal(applyEvents(first.stream, frame({ chat: 2 }), true).outcome, "stale");
});

test("a pending message becomes the sent one and keeps its name", () => {
  const pending = message(null, { id: 77, cid: "c1", out: true, state: "sending" });
  let stream = fromPage(page(1, 3), null);
  stream = applyEvents(stream, frame({ messages: [pending] }), true).stream;
  assert.deepEqual(tids(stream), [1, 2, 3, null]);
  const sent = { ...pending, tid: 4, state: "sent" };
  const after = applyEvents(stream, frame({ after: 11, to: 12, messages: [sent, message(5)] }), true).stream;
  assert.deepEqual(tids(after), [1, 2, 3, 4, 5]);
  assert.equal(key(after.items[3]), key(pending));
});

test("removed messages go, edited ones are replaced, deleted ones stay as they are told", () => {
  const stream = fromPage(page(1, 3), null);
  const next = applyEvents(stream, frame({ removed: [1002], messages: [message(3, { text: "new" }), message(1, { deleted: true })] }), true).stream;
  assert.deepEqual(tids(next), [1, 3]);
  assert.equal(next.items[1].text, "new");
  assert.equal(next.items[0].deleted, true);
});

test("away from the end, what arrives is counted, not shown", () => {
  const stream = { ...fromPage(page(1, 3), null), newer: true };
  const next = applyEvents(stream, frame({ messages: [message(9)] }), false).stream;
  assert.deepEqual(tids(next), [1, 2, 3]);
  assert.equal(next.unseen, 1);
});

test("an edit of a message above the window does not bring it in", () => {
  const stream = fromPage(page(50, 60), null);
  assert.deepEqual(tids(applyEvents(stream, frame({ messages: [message(3)] }), true).stream), tids(stream));
});

test("the window holds its size both ways", () => {
  let stream = fromPage(page(1001, 1050), null);
  for (let from = 951; from > 0; from -= 50) stream = prepend(stream, page(from, from + 49, { newer: true }));
  assert.equal(stream.items.length, WINDOW);
  assert.equal(stream.newer, true);
  assert.equal(tids(stream)[0], 1);
  for (let from = WINDOW + 1; from < 1050; from += 50) stream = append(stream, page(from, from + 49, { newer: from + 49 < 1050 }));
  assert.equal(stream.items.length, WINDOW);
  assert.equal(tids(stream).at(-1), 1050);
  assert.deepEqual([stream.newer, stream.older], [false, "stored"]);
});

test("rows: days, the new line before the first new one, groups", () => {
  const items = [
    message(1, { date: "2026-11-01T10:00:00" }), message(2, { date: "2026-11-01T10:01:00" }),
    message(3, { date: "2026-11-02T10:00:00" }), message(4, { date: "2026-11-02T10:01:00", sender: { id: 6, name: "B" } }),
    message(5, { date: "2026-11-02T10:30:00", sender: { id: 6, name: "B" } }),
  ];
  const drawn = rows(items, 3);
  assert.deepEqual(drawn.map((row) => (row.type === "message" ? `${row.message.tid}${row.first ? "f" : ""}${row.last ? "l" : ""}` : row.type)),
    ["day", "1f", "2l", "day", "3fl", "new", "4fl", "5fl"]);
  assert.equal(rows(items, null).some((row) => row.type === "new"), false);
});

test("what waits in the outbox is shown until the stream has it", () => {
  const waiting = [{ cid: "c1", session: 1, chat: 1, text: "hi", reply_to: 2, at: "2026-11-02T10:00:00Z" }];
  const stream = fromPage(page(1, 3), null);
  const [shown] = waitingMessages(waiting, stream, { id: 1, name: "Marta" });
  assert.deepEqual([shown.state, shown.reply.text, shown.tid], ["sending", "text 2", null]);
  const known = { ...stream, items: [...stream.items, message(4, { cid: "c1" })] };
  assert.deepEqual(waitingMessages(waiting, known, { id: 1, name: "Marta" }), []);
});

test("the last message of ours is edited, or none", () => {
  const ours = message(2, { out: true });
  assert.equal(lastEditable([message(1), ours, message(3)]), ours);
  assert.equal(lastEditable([ours, message(null, { out: true, state: "sending" })]), null);
  assert.equal(lastEditable([ours, message(3, { out: true, deleted: true })]), ours);
  assert.equal(lastEditable([message(1)]), null);
});

test("the rest of the newest page goes above, and does not undo what happened since", () => {
  const stream = fromPage(page(40, 43), null);
  const later = applyEvents(stream, frame({ messages: [message(40, { text: "edited" })] }), true).stream;
  const whole = complete(complete(later, page(20, 40)), page(1, 19, { older: "telegram", ask_before: 1 }));
  assert.deepEqual(tids(whole), Array.from({ length: 43 }, (_, index) => index + 1));
  assert.deepEqual([whole.older, whole.askBefore, whole.number], ["telegram", 1, 11]);
  assert.equal(whole.items[39].text, "edited");
  assert.equal(complete(whole, page(20, 40)).older, "telegram");
});

test("what waits and is not shown is counted and said", () => {
  const waits = (id, state) => message(null, { id, state, out: true });
  const stream = { ...fromPage(page(1, 3), null), items: [message(1), waits(7, "sending"), waits(8, "sending"), waits(9, "failed")] };
  assert.deepEqual(hidden(stream, { sending: 2, failed: 1 }), { sending: 0, failed: 0 });
  assert.deepEqual(hidden(stream, { sending: 1202, failed: 2 }), { sending: 1200, failed: 1 });
  assert.deepEqual(hidden(stream, { sending: 0, failed: 0 }), { sending: 0, failed: 0 });
  assert.equal(hiddenLabel({ sending: 0, failed: 0 }), "");
  assert.match(hiddenLabel({ sending: 1200, failed: 1 }), /^1,200 more messages wait to go out in this chat\. 1 more message could not be sent\./);
});
