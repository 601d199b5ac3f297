// Writing: the field's reply, edit and error; what is done with a text that is finished.

import { clean, refusal } from "../logic/text.js";

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

  /** Send what was written, or change the message that is edited. @param {string} written @returns {boolean} taken */
  submit(written) {
    const text = clean(written);
    const error = refusal(text);
    if (error) {
      this.compose({ error: text ? error : "" });
      return false;
    }
    const { editing, reply } = this.composer;
    this.leave();
    if (editing) this.app.changes.edit(editing, text);
    else this.#send(text, reply);
    return true;
  }

  /** @param {string} text @param {Message | null} reply */
  #send(text, reply) {
    const { app } = this;
    const row = app.chat;
    if (!row) return;
    this.typedAt = 0;
    app.delivery.add({ session: row.session, chat: row.id, text, reply_to: reply?.tid ?? null });
    const stream = app.state.stream && { ...app.state.stream, newLine: null };
    app.patch({ stream, pinned: true });
    if (stream?.newer) app.history.load();
  }
}
