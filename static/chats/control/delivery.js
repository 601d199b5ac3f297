// Delivery: what waits to be sent goes to the server, few at a time, until the server has it or refuses it.

import { Outbox } from "../logic/outbox.js";
import { append } from "../logic/stream.js";

/** @typedef {import("../logic/stream.js").Message} Message */
/** @typedef {import("../logic/outbox.js").Waiting} Waiting */

const IN_FLIGHT = 10;

export class Delivery {
  /** @param {import("../app.js").App} app @param {Storage} storage */
  constructor(app, storage) {
    this.app = app;
    this.outbox = new Outbox(storage, `tgadmin.outbox.${app.state.user.id}`);
    /** @type {Set<string>} cids that were sent over this connection and not answered yet */
    this.flight = new Set();
  }

  /** @param {Omit<Waiting, "cid" | "at">} written */
  add(written) {
    const kept = this.outbox.add({ ...written, cid: crypto.randomUUID(), at: new Date().toISOString() });
    this.transmit();
    if (!kept && !this.app.socket.open) {
      this.app.notice("This browser keeps nothing: stay on this page until the connection is back.");
    }
  }

  /** Send what waits, in its order, few at a time: many at once would be too much for the server's limit. */
  transmit() {
    for (const { cid, chat, text, entities, reply_to, error } of this.outbox.all()) {
      if (this.flight.size >= IN_FLIGHT) return;
      if (error || this.flight.has(cid)) continue;
      if (!this.app.socket.send({ type: "send", ref: cid, cid, chat, text, reply_to, ...formatted(entities) })) return;
      this.flight.add(cid);
    }
  }

  /** The connection is gone: nobody knows what has arrived. */
  lost() {
    this.flight.clear();
  }

  /** The server has it: from now on it lives there. @param {Message} message */
  taken(message) {
    const { stream } = this.app.state;
    if (message.cid) {
      this.outbox.remove(message.cid);
      this.#landed(message.cid);
    }
    if (!stream || stream.chat !== message.chat || stream.items.some((one) => one.id === message.id)) return;
    this.app.patch({ stream: append(stream, { messages: [message], newer: stream.newer }) });
  }

  /** @param {any} frame an error whose ref is a cid */
  refused(frame) {
    this.outbox.mark(frame.ref, frame.message);
    this.#landed(frame.ref);
    this.app.draw();
  }

  /** @param {string} cid */
  #landed(cid) {
    this.flight.delete(cid);
    this.transmit();
  }

  /** What the stream holds no longer waits. @param {import("../logic/stream.js").Stream | null} stream */
  settle(stream) {
    const cids = new Set(stream?.items.map((message) => message.cid));
    for (const waiting of this.outbox.all()) if (cids.has(waiting.cid)) this.outbox.remove(waiting.cid);
  }

  /** @param {Message} message */
  async retry(message) {
    if (message.id !== null) {
      const answer = await this.app.server.request({ type: "retry", message: message.id });
      if (!answer.ok) this.app.notice(`Not sent: ${answer.message}`);
      return;
    }
    const waiting = this.outbox.all().find((one) => one.cid === message.cid);
    if (!waiting) return;
    this.outbox.mark(waiting.cid);
    this.transmit();
    this.app.draw();
  }

  /** @param {Message} message one that never went out */
  async discard(message) {
    if (message.id !== null) {
      const answer = await this.app.server.request({ type: "discard", message: message.id });
      if (!answer.ok) this.app.notice(answer.message);
    } else if (message.cid) {
      this.outbox.remove(message.cid);
      this.app.draw();
    }
  }
}

/** A text without formatting is sent as before. @param {import("../logic/text.js").Entity[] | undefined} entities */
function formatted(entities) {
  return entities?.length ? { entities } : {};
}
