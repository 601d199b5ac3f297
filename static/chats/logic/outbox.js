// Messages that the server has not taken yet: kept in the browser's storage, sent again under the same cid until settled.

/**
 * @typedef {{cid: string, session: number, chat: number, text: string, reply_to: number | null, at: string,
 *   entities?: import("./text.js").Entity[], error?: string}} Waiting
 */

export class Outbox {
  /**
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage
   * @param {string} key of this user's entries
   */
  constructor(storage, key) {
    this.storage = storage;
    this.key = key;
    /** @type {Waiting[]} what the storage could not keep (full, or forbidden) */
    this.memory = [];
  }

  /** @returns {Waiting[]} */
  all() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return [...(Array.isArray(kept) ? kept : []), ...this.memory];
    } catch {
      return [...this.memory];
    }
  }

  /** @param {number} chat @returns {Waiting[]} */
  of(chat) {
    return this.all().filter((one) => one.chat === chat);
  }

  /** @param {Waiting} waiting @returns {boolean} whether it survives a reload */
  add(waiting) {
    return this.#write([...this.all().filter((one) => one.cid !== waiting.cid), waiting]);
  }

  /** @param {string} cid the server has it, or nobody wants it any more */
  remove(cid) {
    const all = this.all();
    if (all.some((one) => one.cid === cid)) this.#write(all.filter((one) => one.cid !== cid));
  }

  /** @param {string} cid @param {string} [error] why the server refused it; without: it is to be sent again */
  mark(cid, error) {
    this.#write(this.all().map((one) => (one.cid === cid ? { ...one, error } : one)));
  }

  /** @param {Waiting[]} all */
  #write(all) {
    this.memory = [];
    try {
      if (all.length) this.storage.setItem(this.key, JSON.stringify(all));
      else this.storage.removeItem(this.key);
      return true;
    } catch {
      this.memory = all;
      try {
        this.storage.removeItem(this.key);
      } catch {
        // Then it holds nothing of ours either.
      }
      return false;
    }
  }
}
