// Codes that were shown: by whom asked, how long, and what ends it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Codes, SHOWN_MS } from "../../static/chats/logic/codes.js";

const ORIGINAL = { text: "Login code: 12345.", entities: [] };
const message = (/** @type {object} */ changes = {}) =>
  /** @type {any} */ ({ id: 7, text: "Login code: •••••.", masked: true, deleted: false, edited: null, ...changes });

function codes() {
  /** @type {{run: () => void, ms: number}[]} */
  const timers = [];
  let told = 0;
  const made = new Codes({
    hidden: () => (told += 1),
    setTimeout: (run, ms) => timers.push({ run, ms }) - 1,
    clearTimeout: (timer) => (timers[timer].run = () => {}),
  });
  return { made, timers, told: () => told };
}

test("a code is shown for a minute, in its own message only", () => {
  const { made, timers, told } = codes();
  assert.equal(made.of(message()), null);
  made.show(message(), ORIGINAL);
  assert.equal(made.of(message()), ORIGINAL);
  assert.equal(made.of(message({ id: 8 })), null);
  assert.equal(timers[0].ms, SHOWN_MS);
  timers[0].run();
  assert.equal(made.of(message()), null);
  assert.equal(told(), 1);
});

test("a message that is edited, deleted or no longer masked shows nothing old", () => {
  const { made } = codes();
  made.show(message(), ORIGINAL);
  for (const changes of [{ edited: "2026-11-27T02:00:00Z" }, { deleted: true }, { masked: false }]) {
    assert.equal(made.of(message(changes)), null);
  }
});

test("shown again it stays its whole minute; hidden by hand no timer is left", () => {
  const { made, timers, told } = codes();
  made.show(message(), ORIGINAL);
  made.show(message(), ORIGINAL);
  timers[0].run();
  assert.equal(made.of(message()), ORIGINAL);
  made.show(message({ id: 8 }), ORIGINAL);
  made.clear();
  for (const timer of timers) timer.run();
  assert.equal(made.shown.size, 0);
  assert.equal(told(), 0);
});
