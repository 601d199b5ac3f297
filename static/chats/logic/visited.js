// Chats that were open a while ago, so that they are shown at once when they are opened again; the server then tells
// what has happened in them since.

const MOST = 20;

/** @typedef {import("./stream.js").Stream} Stream */

export class Visited {
  constructor() {
    /** @type {Map<number, Stream>} the one left last comes last */
    this.streams = new Map();
  }

  /** The stream of a chat that is being left, if it reaches that chat's newest message. @param {Stream | null} stream */
  keep(stream) {
    if (!stream) return;
    this.streams.delete(stream.chat);
    if (stream.newer) return;
    this.streams.set(stream.chat, stream);
    for (const chat of [...this.streams.keys()].slice(0, -MOST)) this.streams.delete(chat);
  }

  /** As it was left; null where nothing is kept. @param {number} chat @param {number | null} newLine @returns {Stream | null} */
  take(chat, newLine) {
    const stream = this.streams.get(chat);
    return stream ? { ...stream, newLine, unseen: 0 } : null;
  }

  /** What was seen may no longer be this viewer's to see. */
  forget() {
    this.streams.clear();
  }
}
