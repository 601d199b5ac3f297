// Codes that a manager has had shown: of this page only, for a minute. Never part of the page's state or its storage.

export const SHOWN_MS = 60_000;

/**
 * @typedef {import("./stream.js").Message} Message
 * @typedef {{text: string, entities: import("./text.js").Entity[]}} Original
 */

export class Codes {
  /** @param {{hidden: () => void, setTimeout?: (run: () => void, ms: number) => any,
   *   clearTimeout?: (timer: any) => void}} options hidden: called when one hides itself */
  constructor(options) {
    this.options = {
      setTimeout: (/** @type {() => void} */ run, /** @type {number} */ ms) => globalThis.setTimeout(run, ms),
      clearTimeout: (/** @type {any} */ timer) => globalThis.clearTimeout(timer),
      ...options,
    };
    /** @type {Map<number, {original: Original, edited: string | null, timer: any}>} by message */
    this.shown = new Map();
  }

  /** The message as Telegram sent it, while it is shown; null for one that has been edited or deleted since.
   * @param {Message} message @returns {Original | null} */
  of(message) {
    const found = message.id === null ? undefined : this.shown.get(message.id);
    return found && message.masked && !message.deleted && found.edited === message.edited ? found.original : null;
  }

  /** @param {Message} message @param {Original} original */
  show(message, original) {
    if (message.id === null) return;
    const id = message.id;
    this.hide(id);
    const timer = this.options.setTimeout(() => {
      this.hide(id);
      this.options.hidden();
    }, SHOWN_MS);
    this.shown.set(id, { original, edited: message.edited, timer });
  }

  /** @param {number | null} id */
  hide(id) {
    const found = id === null ? undefined : this.shown.get(id);
    if (!found || id === null) return;
    this.options.clearTimeout(found.timer);
    this.shown.delete(id);
  }

  clear() {
    for (const id of [...this.shown.keys()]) this.hide(id);
  }
}
