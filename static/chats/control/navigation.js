// Going somewhere: which account and chat the page shows, as its address says.

import { STILL, firstViews, newLineOf } from "../logic/store.js";
import { Visited } from "../logic/visited.js";

export class Navigation {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    /** Grows when something else is shown: what was asked for before is then nobody's any more. */
    this.visit = 0;
    this.visited = new Visited();
  }

  /** @param {number} sessionId @param {number | null} chatId */
  path(sessionId, chatId) {
    return `${this.app.base}${sessionId}/${chatId === null ? "" : `${chatId}/`}`;
  }

  /**
   * Show a chat (or the list alone), as the address then says.
   * @param {number} sessionId
   * @param {number | null} chatId
   * @param {{push?: boolean}} [how]
   */
  async go(sessionId, chatId, { push = true } = {}) {
    const { app } = this;
    const path = this.path(sessionId, chatId);
    if (push && path !== location.pathname) history.pushState(null, "", path);
    this.visit += 1;
    if (sessionId !== app.state.sessionId) await this.#switch(sessionId);
    if (chatId === app.state.chatId && app.state.stream?.chat === chatId) return;
    app.writing.leave();
    app.codes.clear();
    this.visited.keep(app.state.stream);
    const row = chatId === null ? undefined : app.state.chats.get(chatId);
    const stream = row ? this.visited.take(row.id, newLineOf(row)) : null;
    if (stream) app.delivery.settle(stream);
    app.patch({ chatId, stream, streamError: "", edge: STILL, pinned: true, announcement: "" });
    app.paint();
    if (chatId === null) app.socket.send({ type: "close" });
    else if (stream) app.history.follow();
    else await app.history.load();
  }

  /** @param {number} sessionId */
  async #switch(sessionId) {
    const { app } = this;
    const views = firstViews();
    this.visited.forget();
    app.patch({ sessionId, chats: new Map(), chatId: null, stream: null, tab: "all", query: "", unread: 0, views });
    if (!app.socket.send({ type: "list", session: sessionId })) await app.list.load(true);
  }

  /** What only managers see has come or gone: list and chat are asked for again. @param {boolean} greeted both are anyway */
  roleChanged(greeted) {
    const { app } = this;
    const { sessionId } = app.state;
    const closed = app.chat?.official && !app.session?.can_manage;
    app.codes.clear();
    this.visited.forget();
    this.visit += 1;
    app.patch({
      chats: new Map(), stream: null, unread: 0, views: firstViews(), ...(closed ? { chatId: null } : {}),
    });
    if (closed && sessionId !== null) {
      app.notice("Only managers of this account see that chat.");
      history.replaceState(null, "", this.path(sessionId, null));
    }
    if (greeted) return;
    app.socket.send({ type: "list", session: sessionId });
    app.history.follow();
  }

  /** The account is no longer this viewer's to see. */
  gone() {
    this.visited.forget();
    this.app.patch({ chatId: null, stream: null, chats: new Map(), sessionId: null });
    this.app.notice("You no longer have access to this account.");
    history.replaceState(null, "", this.app.base);
  }
}
