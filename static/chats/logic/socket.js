// The live socket's client: connects, greets, pings, comes back. What frames mean is the page's affair.

import { delay } from "./backoff.js";

export const VERSION = 2;
const PING_MS = 15_000;
const PONG_MS = 10_000;
const WELCOME_MS = 10_000;

/** Close codes after which trying again at once would not help (docs/socket-protocol.md). */
export const FINAL = new Set([4400, 4401, 4403, 4409, 4413]);

/** Codes after which one waits longer, and how long when the server has not said so. */
const WAITS = new Map([[4421, 3000], [4422, 10_000], [4423, 30_000], [4429, 10_000], [4500, 1000], [4503, 2000]]);

/** A connection that was silent for so long is not asked whether it lives: a new one is made at once. */
const STALE_MS = 20_000;
const QUICK_PONG_MS = 3000;
/** The clock moved so far between two ticks of a second: the device, or the page, slept. */
const SLEPT_MS = 5000;

/**
 * @typedef {{limit: number, seconds: number}} Refusal the limit that was reached, and when another try may help
 * @typedef {{state: "connecting" | "open" | "lost" | "refused", code: number, refusal: Refusal | null,
 *   since: number}} Connection
 *   `open`: the server has greeted. `lost`: it comes back by itself. `refused`: it does not.
 */

export class LiveSocket {
  /**
   * @param {{url: string, onFrame: (frame: import("./frames.js").FromServer) => void, onState: (connection: Connection) => void,
   *   WebSocket?: typeof WebSocket, random?: () => number, now?: () => number,
   *   setTimeout?: (run: () => void, ms: number) => any, clearTimeout?: (timer: any) => void}} options
   */
  constructor(options) {
    this.options = {
      WebSocket: globalThis.WebSocket,
      random: Math.random,
      now: Date.now,
      setTimeout: (/** @type {() => void} */ run, /** @type {number} */ ms) => globalThis.setTimeout(run, ms),
      clearTimeout: (/** @type {any} */ timer) => globalThis.clearTimeout(timer),
      ...options,
    };
    /** @type {WebSocket | null} */
    this.socket = null;
    this.attempt = 0;
    /** @type {any} what options.setTimeout gave; null: no attempt is due */
    this.timer = null;
    /** @type {any} likewise, until the next ping or the end of patience */
    this.pinger = null;
    /** @type {Connection} */
    this.connection = { state: "connecting", code: 0, refusal: null, since: this.options.now() };
    /** @type {Refusal | null} */
    this.refusal = null;
    this.heardAt = this.options.now();
    this.tickedAt = this.heardAt;
    this.parts = "";
  }

  get open() {
    return this.connection.state === "open";
  }

  connect() {
    this.options.clearTimeout(this.timer);
    this.timer = null;
    const socket = new this.options.WebSocket(this.options.url);
    this.socket = socket;
    this.parts = "";
    this.pinger = this.options.setTimeout(() => this.#leave(socket), WELCOME_MS);
    socket.onopen = () => this.#send({ type: "hello", version: VERSION });
    socket.onmessage = (event) => socket === this.socket && this.#frame(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.socket && this.#closed(event.code);
  }

  /** Try at once: the network is back, the page is looked at again, it slept, or the viewer asks. */
  hurry() {
    if (this.connection.state === "open") {
      if (this.options.now() - this.heardAt < STALE_MS) this.#ping(QUICK_PONG_MS);
      else this.#leave(this.socket, true);
    } else if (this.timer !== null || this.connection.state === "refused") {
      this.attempt = 0;
      this.#change("connecting", 0);
      this.connect();
    }
  }

  /** Called about once a second: notices that the device or the page slept, of which no event tells. */
  tick() {
    const now = this.options.now();
    const slept = now - this.tickedAt > SLEPT_MS;
    this.tickedAt = now;
    if (slept) this.hurry();
  }

  /** @param {object} frame one of FromPage @returns {boolean} whether it could be sent */
  send(frame) {
    if (!this.open) return false;
    this.#send(frame);
    return true;
  }

  /** @param {object} frame one of FromPage */
  #send(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  /** @param {import("./frames.js").FromServer} frame */
  #frame(frame) {
    this.heardAt = this.options.now();
    this.options.clearTimeout(this.pinger);
    if (frame.type === "refused") {
      this.refusal = { limit: frame.limit, seconds: frame.seconds };
      return;
    }
    if (frame.type === "welcome") {
      this.attempt = 0;
      this.#change("open", 0);
    }
    if (this.open) this.pinger = this.options.setTimeout(() => this.#ping(), PING_MS);
    if (frame.type === "part") this.#part(frame);
    else if (frame.type !== "pong") this.options.onFrame(frame);
  }

  /** A frame that is too large for one comes as its text in parts, one right after the other.
   * @param {import("./frames.js").PartFrame} part */
  #part({ text, last }) {
    this.parts += text;
    if (!last) return;
    const whole = JSON.parse(this.parts);
    this.parts = "";
    this.#frame(whole);
  }

  /** A server that does not answer a ping is gone, whatever TCP believes. @param {number} [patience] milliseconds */
  #ping(patience = PONG_MS) {
    const socket = this.socket;
    this.options.clearTimeout(this.pinger);
    this.#send({ type: "ping" });
    this.pinger = this.options.setTimeout(() => this.#leave(socket), patience);
  }

  /** A server that says nothing: on to the next attempt. @param {WebSocket | null} socket @param {boolean} [atOnce] */
  #leave(socket, atOnce = false) {
    if (socket !== this.socket) return;
    socket?.close();
    this.#closed(1006, atOnce);
  }

  /** @param {number} code @param {boolean} [atOnce] */
  #closed(code, atOnce = false) {
    this.socket = null;
    this.options.clearTimeout(this.pinger);
    const refusal = this.refusal;
    this.refusal = null;
    if (FINAL.has(code)) {
      this.#change("refused", code);
      return;
    }
    const wait = atOnce ? 0 : this.#wait(code, refusal);
    this.attempt += 1;
    this.#change("lost", code, refusal);
    this.timer = this.options.setTimeout(() => this.connect(), wait);
  }

  /** Milliseconds until the next attempt; a little more than told, as others wait too.
   * @param {number} code @param {Refusal | null} refusal */
  #wait(code, refusal) {
    const usual = WAITS.get(code);
    if (usual === undefined) return delay(this.attempt, this.options.random);
    return (refusal ? refusal.seconds * 1000 : usual) * (1 + this.options.random() / 4);
  }

  /** @param {Connection["state"]} state @param {number} code @param {Refusal | null} [refusal] */
  #change(state, code, refusal = null) {
    const before = this.connection;
    if (before.state === state && before.code === code && before.refusal?.seconds === refusal?.seconds) return;
    const since = before.state === "lost" && state === "connecting" ? before.since : this.options.now();
    this.connection = { state, code, refusal, since };
    this.options.onState(this.connection);
  }
}

/** Why the server has no free slot for this page, and what to do; "" when that is not why.
 * @param {number} code @param {Refusal | null} refusal */
export function refusalReason(code, refusal) {
  const { limit, seconds } = refusal ?? { limit: "", seconds: "a few" };
  /** @type {Record<number, string>} */
  const reasons = {
    4421: `You have tgadmin's chats open in ${limit} other pages, as many as one person may. Close one of them: this page then connects by itself.`,
    4422: `All ${limit} chat pages that may be open at once are in use. This page tries again every few seconds; if it lasts, tell your administrator.`,
    4423: `Your pages connected more than ${limit} times within a minute. Wait: this page connects again in ${seconds} seconds.`,
    4503: "The server has more to do than it can just now. This page tries again in a few seconds; what you wrote is kept.",
  };
  return reasons[code] ?? "";
}

/** What a close code means, for people; "" for those that mend themselves. @param {number} code */
export function closeReason(code) {
  return CLOSE_REASONS[code] ?? "";
}

/** @type {Record<number, string>} */
const CLOSE_REASONS = {
  4400: "The server did not understand this page. Reload it; what you wrote is kept.",
  4401: "You are signed out. Sign in again; what you wrote is kept.",
  4403: "You no longer have the right to use these pages. Ask an administrator.",
  4409: "tgadmin was updated. Reload this page; what you wrote is kept.",
  4413: "Something sent from this page was too large. Reload it; what you wrote is kept.",
  4429: "Too much was sent from this page at once. It connects again in a few seconds.",
  4430:
    "This page did not read what it was sent for 30 seconds: the network is slow, or this device was asleep. " +
    "What you wrote is kept; what you missed is fetched.",
  4500: "Something could not be sent to this page. It asks for it again; what you wrote is kept.",
};
