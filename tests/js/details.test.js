// What a message bears besides its text, in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, buttons } from "../../static/chats/logic/details.js";
import { applyEvents, fromPage } from "../../static/chats/logic/stream.js";

const word = (kind) => (kind === "photo" ? "Photo" : kind);
const reply = { tid: 7, name: "Anna", text: "the whole text", media: null, missing: false, deleted: false };
const message = (facts) => ({ id: 1, chat: 1, tid: 1, out: false, date: "2026-01-01T10:00:00Z", reply: null, details: null, ...facts });

test("nothing is answered", () => assert.equal(answered(message({}), word), null));

test("the quoted part stands for the message", () => {
  assert.deepEqual(answered(message({ reply }), word), { name: "Anna", text: "the whole text", tid: 7 });
  assert.equal(answered(message({ reply, details: { quote: "whole" } }), word).text, "whole");
  assert.equal(answered(message({ reply: { ...reply, deleted: true }, details: { quote: "whole" } }), word).text, "Message deleted");
  assert.equal(answered(message({ reply: { ...reply, missing: true } }), word).text, "An earlier message");
  assert.equal(answered(message({ reply: { ...reply, text: "", media: "photo" } }), word).text, "Photo");
});

test("an answer to another chat's message goes nowhere, and says what is known", () => {
  const there = { reply_message_id: 5, reply_peer_id: -100, reply_from_name: "News", quote: "words" };
  assert.deepEqual(answered(message({ details: there }), word), { name: "News", text: "words", tid: null });
  const bare = answered(message({ details: { reply_message_id: 5, reply_media: "photo" } }), word);
  assert.deepEqual(bare, { name: "Another chat", text: "Photo", tid: null });
  assert.equal(answered(message({ details: { reply_message_id: 5 } }), word).text, "A message of another chat");
});

test("an answer to a story says so", () => {
  assert.equal(answered(message({ details: { story_id: 3, story_peer_id: 9 } }), word).name, "A story");
});

test("buttons of any shape", () => {
  const shapes = [undefined, null, "x", 5, [], [[]], [5], [[5, null, {}]], [[{ text: 5 }]]];
  for (const shape of shapes) assert.deepEqual(buttons(message({ details: { buttons: shape } })), []);
  assert.deepEqual(buttons(message({ details: { buttons: [[{ text: "Pay", kind: "url" }], [{ text: "Help" }]] } })), [["Pay"], ["Help"]]);
  assert.deepEqual(buttons(message({ details: { keyboard: [["Yes", "No"]] } })), [["Yes", "No"]]);
});

test("what Telegram tells by itself stands where its time is", () => {
  const at = (id, tid, minute, out = false) => message({ id, tid, out, date: `2026-01-01T10:0${minute}:00Z` });
  const page = { chat: 1, at: 0, epoch: "e", older: "start", ask_before: 0, newer: false };
  const stream = fromPage({ ...page, messages: [at(1, 10, 1), at(2, 11, 5), at(3, null, 3), at(4, null, 6, true)] }, null);
  assert.deepEqual(stream.items.map((one) => one.id), [1, 3, 2, 4]);
  const frame = { chat: 1, after: 0, to: 1, messages: [at(5, 12, 7)], removed: [] };
  assert.deepEqual(applyEvents(stream, frame, true).stream.items.map((one) => one.id), [1, 3, 2, 5, 4]);
});
