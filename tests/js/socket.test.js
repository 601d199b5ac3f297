import assert from "node:assert/strict";
import { test } from "node:test";
import { delay } from "../../static/chats/logic/backoff.js";
import { LiveSocket, closeReason, refusalReason } from "../../static/chats/logic/socket.js";

/** A world without a network: sockets and timers that the test moves by hand. */
function world() {
  const it = { sockets: [], timers: [], frames: [], states: [], clock: 0 };
  class FakeSocket {
    constructor() { this.readyState = 0; this.sent = []; it.sockets.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.readyState = 3; }
    opens() { this.readyState = 1; this.onopen(); }
    says(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
    ends(code) { this.readyState = 3; this.onclose({ code }); }
  }
  it.live = new LiveSocket({
    url: "ws://x", WebSocket: FakeSocket, random: () => 0, now: () => (it.clock += 1),
    setTimeout: (run, ms) => { const timer = { run, ms }; it.timers.push(timer); return timer; },
    clearTimeout: (timer) => { it.timers = it.timers.filter((one) => one !== timer); },
    onFrame: (frame) => it.frames.push(frame), onState: (connection) => it.states.push(connection.state),
  });
  it.fire = () => { const timer = it.timers.shift(); timer.run(); return timer.ms; };
  it.live.connect();
  return it;
}

test("backoff: 50, 150, 300, 700 ms, then doubling up to 10 s, never more", () => {
  const full = [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 50].map((n) => Math.round(delay(n, () => 0)));
  assert.deepEqual(full, [50, 150, 300, 700, 1050, 1575, 2363, 7973, 10000, 10000, 10000]);
  assert.ok(delay(3, () => 1) >= 525);
});

test("greets, is open with the welcome, comes back after a loss with growing waits", () => {
  const it = world();
  it.sockets[0].opens();
  assert.deepEqual(it.sockets[0].sent, [{ type: "hello", version: 2 }]);
  assert.equal(it.live.send({ type: "ping" }), false);
  it.sockets[0].says({ type: "welcome" });
  assert.equal(it.live.open, true);
  it.sockets[0].ends(1006);
  assert.equal(it.fire(), 50);
  it.sockets[1].ends(1006);
  assert.equal(it.fire(), 150);
  it.sockets[2].opens();
  it.sockets[2].says({ type: "welcome" });
  it.sockets[2].ends(1006);
  assert.equal(it.fire(), 50);
  assert.deepEqual(it.states, ["open", "lost", "open", "lost"]);
});

test("a refusal is final until somebody asks again", () => {
  const it = world();
  it.sockets[0].opens();
  it.sockets[0].ends(4401);
  assert.equal(it.live.connection.state, "refused");
  assert.deepEqual(it.timers, []);
  it.live.hurry();
  assert.equal(it.sockets.length, 2);
});

test("too many frames: waits ten seconds", () => {
  const it = world();
  it.sockets[0].ends(4429);
  assert.equal(it.timers[0].ms, 10_000);
});

test("a server that does not answer a ping is left", () => {
  const it = world();
  it.sockets[0].opens();
  it.sockets[0].says({ type: "welcome" });
  assert.equal(it.fire(), 15_000);
  assert.deepEqual(it.sockets[0].sent.at(-1), { type: "ping" });
  assert.equal(it.fire(), 10_000);
  assert.equal(it.live.connection.state, "lost");
  assert.equal(it.fire(), 50);
  assert.equal(it.sockets.length, 2);
});

test("a server that never greets is left", () => {
  const it = world();
  assert.equal(it.fire(), 10_000);
  assert.equal(it.live.connection.state, "lost");
  assert.equal(it.fire(), 50);
  assert.equal(it.sockets.length, 2);
});

test("frames of a socket that was left are not heard", () => {
  const it = world();
  it.sockets[0].ends(1006);
  it.fire();
  it.sockets[0].says({ type: "events" });
  assert.deepEqual(it.frames, []);
});

test("close codes are explained", () => {
  for (const code of [4400, 4401, 4403, 4409, 4413, 4429]) assert.ok(closeReason(code).length > 20);
  assert.equal(closeReason(1006), "");
});

test("no place: waits as long as the server says, keeps trying, and says why", () => {
  for (const [code, refusal, ms] of [
    [4421, { limit: 3, seconds: 5 }, 5000], [4422, { limit: 1000, seconds: 10 }, 10_000],
    [4423, { limit: 100, seconds: 42 }, 42_000], [4503, null, 2000],
  ]) {
    const it = world();
    it.sockets[0].opens();
    if (refusal) it.sockets[0].says({ type: "refused", ...refusal });
    it.sockets[0].ends(code);
    assert.deepEqual([it.live.connection.state, it.live.connection.refusal], ["lost", refusal]);
    assert.equal(it.fire(), ms);
    assert.equal(it.sockets.length, 2);
    it.sockets[1].ends(1006);
    assert.equal(it.live.connection.refusal, null);
  }
  assert.match(refusalReason(4421, { limit: 3, seconds: 5 }), /in 3 other pages.*Close one/);
  assert.match(refusalReason(4422, { limit: 1000, seconds: 10 }), /All 1000 chat pages/);
  assert.match(refusalReason(4423, { limit: 100, seconds: 42 }), /100 times.*in 42 seconds/);
  assert.ok(refusalReason(4503, null).length > 20);
  assert.equal(refusalReason(1006, null), "");
});

test("a page that slept does not wait for a dead connection", () => {
  const it = world();
  it.sockets[0].opens();
  it.sockets[0].says({ type: "welcome" });
  it.live.tick();
  it.clock += 3_600_000;
  it.live.tick();
  assert.equal(it.live.connection.state, "lost");
  assert.equal(it.fire(), 0);
  assert.equal(it.sockets.length, 2);
});

test("a connection that was heard lately is asked when the page is looked at, and not for long", () => {
  const it = world();
  it.sockets[0].opens();
  it.sockets[0].says({ type: "welcome" });
  it.live.hurry();
  assert.deepEqual(it.sockets[0].sent.at(-1), { type: "ping" });
  assert.equal(it.fire(), 3000);
  assert.equal(it.sockets.length, 1);
  assert.equal(it.live.connection.state, "lost");
});

test("a frame that comes in parts is put together; what is left of a lost connection is forgotten", () => {
  const it = world();
  it.sockets[0].opens();
  it.sockets[0].says({ type: "welcome" });
  const text = JSON.stringify({ type: "events", text: "ж😀\"\\".repeat(100) });
  for (let at = 0; at < text.length; at += 50) {
    it.sockets[0].says({ type: "part", text: text.slice(at, at + 50), last: at + 50 >= text.length });
  }
  assert.deepEqual(it.frames.map((frame) => frame.type), ["welcome", "events"]);
  assert.deepEqual(it.frames[1], JSON.parse(text));
  it.sockets[0].says({ type: "part", text: "{\"type\":", last: false });
  it.sockets[0].ends(1006);
  it.fire();
  it.sockets[1].opens();
  it.sockets[1].says({ type: "part", text: "{\"type\":\"welcome\"}", last: true });
  assert.equal(it.live.open, true);
});

test("a page that read too slowly, or was not sent something, is told so and comes back", () => {
  assert.match(closeReason(4430), /did not read .* 30 seconds/);
  assert.ok(closeReason(4500).length > 20);
  for (const [code, ms] of [[4430, 50], [4500, 1000]]) {
    const it = world();
    it.sockets[0].opens();
    it.sockets[0].ends(code);
    assert.equal(it.live.connection.state, "lost");
    assert.equal(it.fire(), ms);
  }
});
