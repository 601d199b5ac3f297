// Service messages as sentences (the rules' every kind is compared with the server's by test_service_rules.py).
import assert from "node:assert/strict";
import { test } from "node:test";
import { media, service } from "../../static/chats/logic/names.js";
import { RULES } from "../../static/chats/logic/service_rules.js";

test("somebody who joins by himself is not said to have added somebody", () => {
  assert.equal(service({ kind: "chat_add_user", users: [7] }, "Anna", 7), "Anna joined the group");
  assert.equal(service({ kind: "chat_add_user", users: [8], names: { 8: "Ben" } }, "Anna", 7), "Anna added Ben");
  assert.equal(service({ kind: "chat_add_user", users: [8] }, "Anna", 7), "Anna added somebody");
});

test("a removal is told from a leaving", () => {
  assert.equal(service({ kind: "chat_delete_user", user_id: 9 }, "Anna"), "Anna removed somebody");
  assert.equal(service({ kind: "chat_delete_user", user_id: 7 }, "Anna", 7), "Anna left the group");
});

test("many people are counted", () => {
  const names = { 1: "Ben", 2: "Chloé", 3: "Dao" };
  assert.equal(service({ kind: "chat_add_user", users: [1, 2, 3], names }, "Anna", 7), "Anna added Ben, Chloé and Dao");
  assert.equal(service({ kind: "chat_add_user", users: [1, 2, 3, 4], names }, "Anna", 7), "Anna added Ben, Chloé and 2 others");
});

test("a supergroup is no channel", () => {
  assert.equal(service({ kind: "channel_create", title: "Team" }, "Team"), "The group “Team” was created");
  assert.equal(service({ kind: "channel_create", title: "News" }, "News", 1, "channel"), "The channel “News” was created");
});

test("what Telegram words itself is shown in its words", () => {
  assert.equal(service({ kind: "custom_action", message: "Anna took a screenshot!" }, "Anna"), "Anna took a screenshot!");
});

test("no kind is shown raw", () => {
  for (const kind of Object.keys(RULES)) {
    const said = service({ kind, title: "Offers" }, "Anna");
    assert.notEqual(said, `Anna: ${kind.replaceAll("_", " ")}`);
    assert.doesNotMatch(said, /undefined|null|NaN|[{}]/);
  }
});

test("a kind of a later layer still says something", () => {
  assert.equal(service({ kind: "moon_landing" }, "Anna"), "Anna: moon landing");
  assert.equal(service({ kind: "constructor" }, "Anna"), "Anna: constructor");
  assert.equal(service({}, "Anna"), "Anna: event");
});

test("what this version cannot show says so", () => {
  assert.match(media({ kind: "unsupported" }).word, /not supported/i);
});
