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

  /** @param {number | null} sessionId @param {number | null} chatId @param {boolean} [everywhere] the list is over all accounts */
  path(sessionId, chatId, everywhere = this.app.state.everywhere) {
    return `${this.app.base}${everywhere ? "all" : sessionId}/${chatId === null ? "" : `${chatId}/`}`;
  }

  /**
   * Show a chat (or the list alone), as the address then says.
   * @param {number | null} sessionId the account of the chat, or of the list; null: the list over all accounts
   * @param {number | null} chatId
   * @param {{push?: boolean, everywhere?: boolean}} [how] everywhere: the list is over all accounts; as it is if not given
   */
  async go(sessionId, chatId, { push = true, everywhere = this.app.state.everywhere } = {}) {
    const { app } = this;
    const path = this.path(sessionId, chatId, everywhere);
    if (push && path !== location.pathname) history.pushState({ session: sessionId }, "", path);
    this.visit += 1;
    const listed = everywhere === app.state.everywhere && (everywhere || sessionId === app.state.sessionId);
    if (!listed) await this.#switch(sessionId, everywhere);
    else if (sessionId !== app.state.sessionId) app.patch({ sessionId });
    if (push) this.remember(chatId);
    if (chatId === app.state.chatId && app.state.stream?.chat === chatId) return;
    if (sessionId !== null && chatId !== null) app.history.expect(sessionId, chatId); // the server works while the page is painted
    app.writing.leave();
    app.codes.clear();
    this.visited.keep(app.state.stream);
    const row = chatId === null ? undefined : app.state.chats.get(chatId);
    const stream = row ? this.visited.take(row.id, newLineOf(row)) : null;
    if (stream) app.delivery.settle(stream);
    app.patch({ chatId, stream, streamError: "", edge: STILL, pinned: true, announcement: "" });
    app.paint();
    if (chatId === null) app.socket.send({ type: "close" });
    else if (stream) {
      app.history.follow();
      app.reading.mark();
    } else await app.history.load();
  }

  /** The next visit begins here. @param {number | null} chatId */
  remember(chatId) {
    const { everywhere, sessionId } = this.app.state;
    if (everywhere || sessionId !== null) this.app.socket.send({ type: "place", session: everywhere ? null : sessionId, chat: chatId });
  }

  /** The list that is shown, from the beginning. @returns {boolean} whether it could be asked for */
  follow() {
    const { everywhere, sessionId } = this.app.state;
    if (!everywhere && sessionId === null) return false;
    return this.app.socket.send({ type: "list", session: everywhere ? null : sessionId });
  }

  /** @param {number | null} sessionId @param {boolean} everywhere */
  async #switch(sessionId, everywhere) {
    const { app } = this;
    const views = firstViews();
    this.visited.forget();
    app.patch({ everywhere, sessionId, chats: new Map(), chatId: null, stream: null, tab: "all", query: "", views });
    if (!this.follow()) await app.list.load(true);
  }

  /** What only managers see has come or gone, or an account has: the list is asked for again, and the open chat if it is of
   * such an account. @param {boolean} greeted both are anyway @param {boolean} open */
  roleChanged(greeted, open) {
    const { app } = this;
    const closed = open && app.chat?.official && !app.session?.can_manage;
    this.visited.forget();
    if (open) {
      app.codes.clear();
      this.visit += 1;
    }
    const kept = app.chat && !open ? new Map([[app.chat.id, app.chat]]) : new Map();
    app.patch({ chats: kept, views: firstViews(), ...(open ? { stream: null } : {}), ...(closed ? { chatId: null } : {}) });
    if (closed) {
      app.notice("Only managers of this account see that chat.");
      history.replaceState(null, "", this.path(app.state.sessionId, null));
    }
    if (greeted) return;
    this.follow();
    if (open) app.history.follow();
  }

  /** The account that was shown, or whose chat was open, is no longer this viewer's to see. */
  gone() {
    const { everywhere } = this.app.state;
    this.visited.forget();
    this.visit += 1;
    this.app.patch({ chatId: null, stream: null, sessionId: null, ...(everywhere ? {} : { chats: new Map() }) });
    this.app.notice("You no longer have access to this account.");
    history.replaceState(null, "", everywhere ? this.path(null, null) : this.app.base);
  }
}
