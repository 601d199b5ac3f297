// Writing: the field's reply, edit and error; what is done with a text that is finished.

import { isCaption, longest } from "../logic/captions.js";
import { cleaned, overloaded } from "../logic/format.js";
import { refusal } from "../logic/text.js";

/** @typedef {import("../logic/stream.js").Message} Message */
/** @typedef {{editing: Message | null, reply: Message | null, error: string}} Composer editing, reply: at most one of them */

const TYPING_EVERY_MS = 4000;

/** @type {Composer} */
const EMPTY = { editing: null, reply: null, error: "" };

export class Writing {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    this.composer = EMPTY;
    this.typedAt = 0;
  }

  /** Neither a reply nor an edit, from the next painting on. */
  leave() {
    this.composer = EMPTY;
  }

  /** Painted at once: what is typed next must not meet a field that is filled again a moment later.
   * @param {Partial<Composer>} changes */
  compose(changes) {
    this.composer = { ...this.composer, ...changes };
    this.app.paint();
  }

  /** Others are shown that somebody types; said once in a while. */
  typed() {
    const { app } = this;
    const now = Date.now();
    const row = app.chat;
    if (!row || row.kind === "channel" || now - this.typedAt < TYPING_EVERY_MS || app.session?.status !== "ready") return;
    this.typedAt = now;
    app.socket.send({ type: "typing", chat: row.id });
  }

  /** Send what was written, or change the message that is edited. @param {string} written
   * @param {import("../logic/text.js").Entity[]} [formatting] @returns {boolean} taken */
  submit(written, formatting = []) {
    const { editing, reply } = this.composer;
    const { text, entities } = cleaned({ text: written, entities: formatting });
    const error = (!text && isCaption(editing) ? "" : refusal(text, longest(editing))) || overloaded(entities);
    if (error) {
      this.compose({ error: text ? error : "" });
      return false;
    }
    this.leave();
    if (editing) this.app.changes.edit(editing, text, entities);
    else this.#send({ text, entities }, reply);
    return true;
  }

  /** @param {import("../logic/format.js").Rich} rich @param {Message | null} reply */
  #send({ text, entities }, reply) {
    const { app } = this;
    const row = app.chat;
    if (!row) return;
    this.typedAt = 0;
    app.delivery.add({ session: row.session, chat: row.id, text, reply_to: reply?.tid ?? null, ...(entities.length ? { entities } : {}) });
    const stream = app.state.stream && { ...app.state.stream, newLine: null };
    app.patch({ stream, pinned: true });
    if (stream?.newer) app.history.load();
  }
}
