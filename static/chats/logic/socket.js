// The live socket's client: connects, greets, pings, comes back. What frames mean is the page's affair.

import { delay } from "./backoff.js";

export const VERSION = 1;
const PING_MS = 15_000;
const PONG_MS = 10_000;
const WELCOME_MS = 10_000;

/** Close codes after which trying again at once would not help (docs/socket-protocol.md). */
export const FINAL = new Set([4400, 4401, 4403, 4409, 4413]);
const TOO_MANY = 4429;

/**
 * @typedef {{state: "connecting" | "open" | "lost" | "refused", code: number, since: number}} Connection
 *   `open`: the server has greeted. `lost`: it comes back by itself. `refused`: it does not.
 */

export class LiveSocket {
  /**
   * @param {{url: string, onFrame: (frame: any) => void, onState: (connection: Connection) => void,
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
    this.timer = null;
    this.pinger = null;
    /** @type {Connection} */
    this.connection = { state: "connecting", code: 0, since: this.options.now() };
  }

  get open() {
    return this.connection.state === "open";
  }

  connect() {
    this.options.clearTimeout(this.timer);
    this.timer = null;
    const socket = new this.options.WebSocket(this.options.url);
    this.socket = socket;
    this.pinger = this.options.setTimeout(() => this.#leave(socket), WELCOME_MS);
    socket.onopen = () => this.#send({ type: "hello", version: VERSION });
    socket.onmessage = (event) => socket === this.socket && this.#frame(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.socket && this.#closed(event.code);
  }

  /** Try at once: the network is back, the page is looked at again, or the viewer asks. */
  hurry() {
    if (this.connection.state === "open") this.#ping();
    else if (this.timer !== null || this.connection.state === "refused") {
      this.attempt = 0;
      this.#change("connecting", 0);
      this.connect();
    }
  }

  /** @param {object} frame @returns {boolean} whether it could be sent */
  send(frame) {
    if (!this.open) return false;
    this.#send(frame);
    return true;
  }

  /** @param {object} frame */
  #send(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  /** @param {any} frame */
  #frame(frame) {
    this.options.clearTimeout(this.pinger);
    if (frame.type === "welcome") {
      this.attempt = 0;
      this.#change("open", 0);
    }
    if (this.open) this.pinger = this.options.setTimeout(() => this.#ping(), PING_MS);
    if (frame.type !== "pong") this.options.onFrame(frame);
  }

  /** A server that does not answer a ping is gone, whatever TCP believes. */
  #ping() {
    const socket = this.socket;
    this.options.clearTimeout(this.pinger);
    this.#send({ type: "ping" });
    this.pinger = this.options.setTimeout(() => this.#leave(socket), PONG_MS);
  }

  /** A server that says nothing: on to the next attempt. @param {WebSocket | null} socket */
  #leave(socket) {
    if (socket !== this.socket) return;
    socket?.close();
    this.#closed(1006);
  }

  /** @param {number} code */
  #closed(code) {
    this.socket = null;
    this.options.clearTimeout(this.pinger);
    if (FINAL.has(code)) {
      this.#change("refused", code);
      return;
    }
    const wait = code === TOO_MANY ? 10_000 : delay(this.attempt, this.options.random);
    this.attempt += 1;
    this.#change("lost", code);
    this.timer = this.options.setTimeout(() => this.connect(), wait);
  }

  /** @param {Connection["state"]} state @param {number} code */
  #change(state, code) {
    const before = this.connection;
    if (before.state === state && before.code === code) return;
    const since = before.state === "lost" && state === "connecting" ? before.since : this.options.now();
    this.connection = { state, code, since };
    this.options.onState(this.connection);
  }
}

/** What a close code means, for people; "" for those that mend themselves. @param {number} code */
export function closeReason(code) {
  return (
    {
      4400: "The server did not understand this page. Reload it; what you wrote is kept.",
      4401: "You are signed out. Sign in again; what you wrote is kept.",
      4403: "You no longer have the right to use these pages. Ask an administrator.",
      4409: "tgadmin was updated. Reload this page; what you wrote is kept.",
      4413: "Something sent from this page was too large. Reload it; what you wrote is kept.",
      4429: "Too much was sent from this page at once. It connects again in a few seconds.",
    }[code] ?? ""
  );
}
