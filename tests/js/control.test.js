// What the page does, by subject (static/chats/control), with an app that only remembers what it was told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Delivery } from "../../static/chats/control/delivery.js";
import { Drafts } from "../../static/chats/control/drafts.js";
import { ChatList } from "../../static/chats/control/list.js";
import { Server } from "../../static/chats/control/server.js";
import { Writing } from "../../static/chats/control/writing.js";

/** What a browser's storage does. */
function memory() {
  const kept = new Map();
  return /** @type {any} */ ({
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
    removeItem: (key) => kept.delete(key),
  });
}

/** An app with an open connection, and what it was asked to do. */
function world(state = {}) {
  const it = /** @type {any} */ ({
    state: { user: { id: 1 }, stream: null, sessionId: 5, ...state }, sent: [], notices: [], painted: 0,
    chat: { id: 9, session: 5, kind: "user" }, session: { status: "ready" },
    socket: { open: true, send: (frame) => { if (it.socket.open) it.sent.push(frame); return it.socket.open; } },
    notice: (text) => it.notices.push(text), draw: () => {}, paint: () => (it.painted += 1),
    patch: (changes) => it.set({ ...it.state, ...changes }), set: (next) => (it.state = next),
  });
  return it;
}

test("a request is settled by the answer with its ref, and by no other", async () => {
  const sent = [];
  const server = new Server({ base: "/chats/", send: (frame) => { sent.push(frame); return true; } });
  const asked = server.request({ type: "edit", message: 3 });
  const ref = sent[0].ref;
  assert.equal(server.answered({ type: "ok", ref: "another" }), false);
  assert.equal(server.answered({ type: "events", ref }), false);
  assert.equal(server.answered({ type: "done", ref, state: "failed", error: { message: "Too old." } }), true);
  assert.deepEqual({ ...(await asked), frame: null }, { ok: false, message: "Too old.", frame: null });
  assert.equal(server.answered({ type: "ok", ref }), false);
});

test("a request that cannot be sent, or whose connection is lost, is answered too", async () => {
  const server = new Server({ base: "/chats/", send: () => false });
  assert.match((await server.request({ type: "edit" })).message, /no connection/);
  const open = new Server({ base: "/chats/", send: () => true });
  const asked = open.request({ type: "edit" });
  open.lost();
  assert.match((await asked).message, /lost/);
  assert.equal(open.requests.size, 0);
});

test("ten messages at most are on their way; the next follow as they are taken or refused", () => {
  const app = world();
  const delivery = new Delivery(app, memory());
  for (let n = 0; n < 12; n += 1) delivery.add({ session: 5, chat: 9, text: `${n}`, reply_to: null });
  assert.deepEqual(app.sent.map((frame) => frame.text), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  delivery.taken({ id: 1, chat: 9, cid: app.sent[0].cid });
  assert.equal(app.sent.at(-1).text, "10");
  delivery.refused({ ref: app.sent[1].cid, message: "No right." });
  assert.equal(app.sent.at(-1).text, "11");
  assert.deepEqual(delivery.outbox.all().filter((one) => one.error).map((one) => one.text), ["1"]);
});

test("after a lost connection everything that waits goes out again, in its order", () => {
  const app = world();
  const delivery = new Delivery(app, memory());
  for (const text of ["a", "b"]) delivery.add({ session: 5, chat: 9, text, reply_to: null });
  app.socket.open = false;
  delivery.lost();
  delivery.add({ session: 5, chat: 9, text: "c", reply_to: null });
  app.socket.open = true;
  delivery.transmit();
  assert.deepEqual(app.sent.map((frame) => frame.text), ["a", "b", "a", "b", "c"]);
  assert.equal(new Set(app.sent.map((frame) => frame.cid)).size, 3);
  delivery.settle(/** @type {any} */ ({ items: [{ cid: app.sent[0].cid }, { cid: null }] }));
  assert.deepEqual(delivery.outbox.all().map((one) => one.text), ["b", "c"]);
});

test("a storage that keeps nothing is said only while nothing can be sent", () => {
  const app = world();
  const full = { getItem: () => null, setItem: () => { throw new Error("full"); }, removeItem: () => {} };
  const delivery = new Delivery(app, /** @type {any} */ (full));
  delivery.add({ session: 5, chat: 9, text: "a", reply_to: null });
  assert.equal(app.notices.length, 0);
  app.socket.open = false;
  delivery.add({ session: 5, chat: 9, text: "b", reply_to: null });
  assert.match(app.notices[0], /stay on this page/);
});

test("a draft is kept for its chat and its user, and gone when it is empty", () => {
  const storage = memory();
  const drafts = new Drafts(storage, 1);
  drafts.keep(9, "Hello");
  assert.equal(drafts.of(9), "Hello");
  assert.equal(drafts.of(8), "");
  assert.equal(new Drafts(storage, 2).of(9), "");
  drafts.keep(9, " \n");
  assert.equal(storage.kept.size, 0);
  const forbidden = new Drafts(/** @type {any} */ ({ getItem: () => { throw new Error("no"); } }), 1);
  assert.equal(forbidden.of(9), "");
});

test("what is typed is told once in a while, and to nobody in a channel", () => {
  const app = world();
  const writing = new Writing(app);
  writing.typed();
  writing.typed();
  assert.deepEqual(app.sent, [{ type: "typing", chat: 9 }]);
  app.chat = { ...app.chat, kind: "channel" };
  new Writing(app).typed();
  assert.equal(app.sent.length, 1);
});

test("an empty text is not sent; one that is too long says so and stays; an edit goes to the message", () => {
  const edits = [];
  const app = world();
  app.changes = { edit: (message, text) => edits.push([message.id, text]) };
  const writing = new Writing(app);
  assert.equal(writing.submit("  "), false);
  assert.equal(writing.composer.error, "");
  assert.equal(writing.submit("x".repeat(5000)), false);
  assert.match(writing.composer.error, /too long/);
  writing.compose({ editing: /** @type {any} */ ({ id: 4 }), error: "" });
  assert.equal(writing.submit(" new "), true);
  assert.deepEqual(edits, [[4, "new"]]);
  assert.equal(writing.composer.editing, null);
});

test("a page of the list is for the account that asked for it; a failure is said where the list is", async () => {
  const views = new Map([["all|", { more: "cursor", loading: false, error: "" }]]);
  const app = world({ tab: "all", query: "", views, chats: new Map() });
  const asked = [];
  const list = new ChatList(app);
  app.server = { get: async (path) => { asked.push(path); return { error: "Away." }; } };
  await list.load();
  assert.deepEqual(asked, ["5/list/?tab=all&q=&after=cursor"]);
  assert.deepEqual(app.state.views.get("all|"), { more: "cursor", loading: false, error: "Away." });
  app.server = { get: async () => { app.state = { ...app.state, sessionId: 6 }; return { chats: [{ id: 1, at: 1 }], more: null }; } };
  await list.load();
  assert.equal(app.state.chats.size, 0);
});
