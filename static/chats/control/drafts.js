// What was written and not sent yet: kept in the browser's storage, one text for each chat.

import { editable, plain } from "../logic/format.js";

export class Drafts {
  /** @param {Storage} storage @param {number} userId whose drafts they are */
  constructor(storage, userId) {
    this.storage = storage;
    this.prefix = `tgadmin.draft.${userId}.`;
  }

  /** @param {number} chatId @returns {string} "" for none */
  of(chatId) {
    try {
      return this.storage.getItem(this.prefix + chatId) ?? "";
    } catch {
      return "";
    }
  }

  /** The text with its formatting, which is kept beside it. @param {number} chatId @returns {import("../logic/format.js").Rich} */
  rich(chatId) {
    const text = this.of(chatId);
    try {
      const kept = JSON.parse(this.storage.getItem(this.#spans(chatId)) ?? "null");
      return kept?.text === text && Array.isArray(kept.entities) ? editable(kept) : plain(text);
    } catch {
      return plain(text);
    }
  }

  /** @param {number} chatId */
  #spans(chatId) {
    return `${this.prefix}${chatId}.formatted`;
  }

  /** @param {number} chatId @param {string | import("../logic/format.js").Rich} written */
  keep(chatId, written) {
    const { text, entities } = typeof written === "string" ? plain(written) : written;
    try {
      if (text.trim()) this.storage.setItem(this.prefix + chatId, text);
      else this.storage.removeItem(this.prefix + chatId);
      if (text.trim() && entities.length) this.storage.setItem(this.#spans(chatId), JSON.stringify({ text, entities }));
      else this.storage.removeItem(this.#spans(chatId));
    } catch {
      // Without storage a draft lives as long as the page.
    }
  }
}
