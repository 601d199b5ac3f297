// The chat list: what of it is shown, and its next pages.

import { viewKey, withRows } from "../logic/store.js";

export class ChatList {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    /** The list was chosen by keyboard: its first row is focused once there is one. */
    this.awaited = false;
  }

  /** To the first chat, once it is there. */
  focusWhenThere() {
    this.awaited = true;
    this.drawn();
  }

  /** The page has been painted. */
  drawn() {
    if (!this.awaited) return;
    const row = /** @type {HTMLElement | null} */ (document.querySelector("#chat-rows a.row"));
    const loading = this.app.state.views.get(viewKey(this.app.state))?.loading;
    if (!row && loading) return;
    this.awaited = false;
    (row ?? document.getElementById("chat-rows"))?.focus();
  }

  /** @param {string} tab @param {string} query */
  show(tab, query) {
    const { app } = this;
    app.patch({ tab, query });
    const base = app.state.views.get("all|");
    // The server knows chats that the page does not: ask it, unless all are here.
    if (base?.more && !app.state.views.has(viewKey(app.state))) this.load();
  }

  /** @param {boolean} [first] from the beginning */
  async load(first = false) {
    const { app } = this;
    const key = viewKey(app.state);
    const { everywhere, sessionId, tab, query, views } = app.state;
    const view = views.get(key);
    if (!first && (view?.loading || view?.more === null)) return;
    this.#put(key, { loading: true, error: "" });
    const asked = new URLSearchParams({ tab, q: query, after: first ? "" : (view?.more ?? "") });
    const page = await app.server.get(`${everywhere ? "all" : sessionId}/list/?${asked}`);
    if (everywhere !== app.state.everywhere || (!everywhere && sessionId !== app.state.sessionId)) return;
    if (page.error) {
      this.#put(key, { loading: false, error: page.error });
      return;
    }
    app.set(withRows(app.state, page.chats));
    this.#put(key, { loading: false, more: page.more });
  }

  /** Go to what has waited longest and is not muted: in the list that is shown, then in the other accounts.
   * @returns {Promise<import("../logic/list.js").Chat | null>} where it went */
  async nextUnread() {
    const { app } = this;
    const { everywhere, sessionId, chatId } = app.state;
    for (const where of everywhere || sessionId === null ? ["all"] : [String(sessionId), "all"]) {
      const page = await app.server.get(`${where}/list/?tab=unread`);
      if (page.error) {
        app.notice(page.error);
        return null;
      }
      const next = page.chats.find((/** @type {any} */ row) => row.id !== chatId && !row.muted);
      if (!next) continue;
      if (next.session === sessionId || everywhere) app.set(withRows(app.state, [next]));
      await app.navigation.go(next.session, next.id);
      return next;
    }
    app.notice("Nothing else is unread.");
    return null;
  }

  /** Mark a chat as unread by hand, or everything in it as read. @param {import("../logic/list.js").Chat} row @param {boolean} unread */
  async mark(row, unread) {
    const { app } = this;
    if (!unread && row.unread && row.last.tid !== null) app.socket.send({ type: "read", chat: row.id, max_id: row.last.tid });
    if (unread === row.marked) return;
    if (unread && row.id === app.state.chatId) await app.navigation.go(app.state.everywhere ? null : row.session, null);
    const answer = await app.server.request({ type: "mark", chat: row.id, unread });
    if (!answer.ok) app.notice(`Not marked: ${answer.message}`);
  }

  /** @param {string} key @param {Partial<import("../logic/store.js").ListView>} changes */
  #put(key, changes) {
    const { views } = this.app.state;
    const old = views.get(key) ?? { more: null, loading: false, error: "" };
    this.app.patch({ views: new Map(views).set(key, { ...old, ...changes }) });
  }
}
