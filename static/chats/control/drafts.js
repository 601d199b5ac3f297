// What was written and not sent yet: kept in the browser's storage, one text for each chat.

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

  /** @param {number} chatId @param {string} text */
  keep(chatId, text) {
    try {
      if (text.trim()) this.storage.setItem(this.prefix + chatId, text);
      else this.storage.removeItem(this.prefix + chatId);
    } catch {
      // Without storage a draft lives as long as the page.
    }
  }
}
