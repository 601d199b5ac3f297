// The open chat's messages: its newest page, those above and below, from the server or from Telegram.

import { STILL, hiddenHere, newLineOf, withRows } from "../logic/store.js";
import { append, fromPage, newestId, oldestId, prepend } from "../logic/stream.js";

/** @typedef {import("../logic/stream.js").Stream} Stream */
/** @typedef {import("../logic/store.js").State} State */

const TELEGRAM_MS = 15_000;
const HISTORY_MS = 120_000;
/** A page that was asked for ahead is as good as a new one for so long: what happened since is told by events. */
const AHEAD_MS = 2000;
const FEW_WAITING = 10;

export class History {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    this.showing = false;
    /** @type {{chat: number, at: number, page: Promise<any>} | null} asked for before it was opened */
    this.ahead = null;
  }

  /** The chat is about to be opened: a row is pressed, and the click is its release; or the page has still to be painted.
   * @param {number} session @param {number} chat */
  expect(session, chat) {
    if (chat === this.app.state.chatId || this.app.navigation.visited.streams.has(chat) || this.#expected(chat)) return;
    this.ahead = { chat, at: Date.now(), page: this.app.server.get(`${session}/${chat}/history/`) };
  }

  /** Ask for the open chat's events, from what is here on. */
  follow() {
    const { stream, chatId } = this.app.state;
    if (chatId === null) return;
    const known = stream?.chat === chatId ? { epoch: stream.epoch, after: stream.number } : {};
    this.app.socket.send({ type: "open", chat: chatId, ...known });
  }

  /** The newest page of the open chat. */
  async load() {
    const { app } = this;
    const { visit } = app.navigation;
    if (app.state.streamError) app.patch({ streamError: "" });
    const ahead = this.#expected(app.state.chatId);
    this.ahead = null;
    const page = await (ahead ?? this.#page(""));
    if (visit !== app.navigation.visit) return;
    if (page.error) {
      app.patch({ streamError: page.error });
      return;
    }
    const next = withRows(app.state, [page.row]);
    const stream = fromPage(page, app.state.stream?.newLine ?? newLineOf(page.row));
    app.delivery.settle(stream);
    app.set({ ...next, stream, pinned: true, edge: STILL });
    app.paint(); // not with the next frame: that is up to 16 ms away
    this.follow();
    app.reading.mark();
  }

  /** The page that was asked for ahead, if there is one. @param {number | null} chat @returns {Promise<any> | null} */
  #expected(chat) {
    const { ahead } = this;
    return ahead?.chat === chat && Date.now() - ahead.at < AHEAD_MS ? ahead.page : null;
  }

  /** The page above, from the server, or, where its part ends, from Telegram. */
  async older() {
    const { app } = this;
    const { stream, edge } = app.state;
    if (!stream || edge.older === "loading" || edge.older === "telegram" || stream.older === "start") return;
    if (stream.older === "telegram") {
      await this.#askTelegram(stream);
      return;
    }
    this.#edge({ older: "loading", message: "" });
    const { visit } = app.navigation;
    const page = await this.#page(`?before=${oldestId(stream)}`);
    if (visit !== app.navigation.visit || !app.state.stream) return;
    if (page.error) {
      this.#edge({ older: "failed", message: page.error });
      return;
    }
    app.patch({ stream: prepend(app.state.stream, page) });
    this.#edge({ older: "" });
  }

  /** The page below, when the window does not reach the newest message. */
  async newer() {
    const { app } = this;
    const { stream, edge } = app.state;
    if (!stream?.newer || edge.newer === "loading") return;
    this.#edge({ newer: "loading" });
    const { visit } = app.navigation;
    const page = await this.#page(`?after=${newestId(stream)}`);
    if (visit !== app.navigation.visit || !app.state.stream) return;
    if (!page.error) app.patch({ stream: append(app.state.stream, page) });
    this.#edge({ newer: "" });
  }

  /** Show the message with this Telegram id; resolves once it is in the window (or cannot be). @param {number} tid */
  async find(tid) {
    const { app } = this;
    const { stream } = app.state;
    if (!stream || stream.items.some((message) => message.tid === tid)) return;
    const { visit } = app.navigation;
    const page = await this.#page(`?around=${tid}`);
    if (visit !== app.navigation.visit || page.error || !app.state.stream) return;
    const { newLine, number, epoch } = app.state.stream;
    app.patch({ stream: { ...fromPage(page, newLine), number, epoch }, pinned: false });
  }

  /** Few of those that wait are left here, and there are more: the newest page has them. */
  showHidden() {
    const { state } = this.app;
    const { sending, failed } = hiddenHere(state);
    const here = state.stream?.items.filter((one) => one.tid === null).length ?? 0;
    if (sending + failed === 0 || here > FEW_WAITING || !state.pinned || this.showing) return;
    this.showing = true;
    this.load().finally(() => (this.showing = false));
  }

  /** There is a connection again: what failed for want of one may be tried. */
  tryAgain() {
    if (this.app.state.edge.older === "failed") this.#edge({ older: "", message: "" });
  }

  /** A page of the open chat. @param {string} which the query @returns {Promise<any>} */
  #page(which) {
    const { sessionId, chatId } = this.app.state;
    return this.app.server.get(`${sessionId}/${chatId}/history/${which}`);
  }

  /** @param {Partial<State["edge"]>} changes */
  #edge(changes) {
    this.app.patch({ edge: { ...this.app.state.edge, ...changes } });
  }

  /** @param {Stream} stream */
  async #askTelegram(stream) {
    const { app } = this;
    // Without a connection there is nobody to ask: the drawing that follows the next connection tries again.
    if (!app.socket.open) return;
    const session = app.session;
    if (session && !["ready", "syncing"].includes(session.status)) {
      this.#edge({ older: "away", message: "Older messages are kept at Telegram; they come when this account is connected." });
      return;
    }
    this.#edge({ older: "telegram", message: "" });
    const { visit } = app.navigation;
    const late = setTimeout(() => {
      if (visit === app.navigation.visit) {
        this.#edge({ older: "late", message: "Telegram does not answer yet. Older messages are kept there." });
      }
    }, TELEGRAM_MS);
    const answer = await app.server.request(
      { type: "history", chat: stream.chat, before: stream.askBefore },
      HISTORY_MS,
    );
    clearTimeout(late);
    if (visit !== app.navigation.visit) return;
    if (!answer.ok) {
      this.#edge({ older: "failed", message: `${answer.message} Older messages are kept at Telegram.` });
      return;
    }
    await this.#fetched(stream, visit);
  }

  /** @param {Stream} asked @param {number} visit */
  async #fetched(asked, visit) {
    const { app } = this;
    const oldest = oldestId(asked);
    const which = asked.askBefore && Number.isFinite(oldest) ? `?before=${oldest}` : "";
    const page = await this.#page(which);
    const now = app.state.stream;
    if (visit !== app.navigation.visit || !now) return;
    if (page.error) {
      this.#edge({ older: "failed", message: page.error });
      return;
    }
    const stuck = page.older === "telegram" && page.ask_before === asked.askBefore && !page.messages.length;
    app.patch({ stream: prepend(now, which ? page : { ...page, newer: now.newer }) });
    this.#edge(stuck ? { older: "failed", message: "Telegram sent no older messages." } : { older: "", message: "" });
  }
}
