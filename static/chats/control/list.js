// The chat list: what of it is shown, and its next pages.

import { viewKey, withRows } from "../logic/store.js";

export class ChatList {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
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
    const { sessionId, tab, query, views } = app.state;
    const view = views.get(key);
    if (!first && (view?.loading || view?.more === null)) return;
    this.#put(key, { loading: true, error: "" });
    const asked = new URLSearchParams({ tab, q: query, after: first ? "" : (view?.more ?? "") });
    const page = await app.server.get(`${sessionId}/list/?${asked}`);
    if (sessionId !== app.state.sessionId) return;
    if (page.error) {
      this.#put(key, { loading: false, error: page.error });
      return;
    }
    app.set(withRows(app.state, page.chats));
    this.#put(key, { loading: false, more: page.more });
  }

  /** @param {string} key @param {Partial<import("../logic/store.js").ListView>} changes */
  #put(key, changes) {
    const { views } = this.app.state;
    const old = views.get(key) ?? { more: null, loading: false, error: "" };
    this.app.patch({ views: new Map(views).set(key, { ...old, ...changes }) });
  }
}
