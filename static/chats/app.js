// What the page does: keeps the state, talks to the server, draws when something changed.

import { Codes } from "./logic/codes.js";
import { LiveSocket } from "./logic/socket.js";
import { Outbox } from "./logic/outbox.js";
import * as store from "./logic/store.js";
import * as streams from "./logic/stream.js";
import { clean, refusal } from "./logic/text.js";
import { until } from "./logic/time.js";

const READ_MS = 300;
const TYPING_EVERY_MS = 4000;
const TELEGRAM_MS = 15_000;
const REQUEST_MS = 20_000;
const HISTORY_MS = 120_000;
const IN_FLIGHT = 10;
const FEW_WAITING = 10;

export class App {
  /**
   * @param {{first: any, base: string, socketUrl: string, storage: Storage, draw: () => void, paint: () => void}} options
   *   draw: asked for after each change, paints soon; paint: paints at once
   */
  constructor({ first, base, socketUrl, storage, draw, paint }) {
    this.base = base;
    this.draw = draw;
    this.paint = paint;
    this.storage = storage;
    this.state = store.initial(first, Date.now());
    this.outbox = new Outbox(storage, `tgadmin.outbox.${this.state.user.id}`);
    /** @type {Map<string, {settle: (frame: any) => void}>} requests by ref */
    this.requests = new Map();
    this.composer = { editing: null, reply: null, error: "" };
    /** @type {Set<string>} cids that were sent over this connection and not answered yet */
    this.flight = new Set();
    this.typedAt = 0;
    this.readTimer = null;
    this.visit = 0;
    this.codes = new Codes({ hidden: draw });
    this.showing = false;
    this.socket = new LiveSocket({
      url: socketUrl,
      onFrame: (frame) => this.#frame(frame),
      onState: (connection) => this.#connection(connection),
    });
  }

  start() {
    this.socket.connect();
    setInterval(() => {
      this.socket.tick();
      this.set(store.expireTyping(this.state, Date.now()));
    }, 1000);
    setInterval(this.draw, 30_000); // "Yesterday", waits that are over
  }

  /** @param {store.State} state */
  set(state) {
    if (state === this.state) return;
    this.state = state;
    this.draw();
  }

  /** @param {Partial<store.State>} changes */
  patch(changes) {
    this.set({ ...this.state, ...changes });
  }

  get looking() {
    return document.visibilityState === "visible" && document.hasFocus();
  }

  get session() {
    return store.session(this.state);
  }

  get chat() {
    return store.chat(this.state);
  }

  /** The open chat's messages in their order, with what waits to be sent from this page. */
  messages() {
    const { stream, user } = this.state;
    if (!stream) return [];
    const waiting = stream.newer ? [] : streams.waitingMessages(this.outbox.of(stream.chat), stream, user);
    return [...stream.items, ...waiting];
  }

  /** @param {string} text @param {(() => void) | null} [again] */
  notice(text, again = null) {
    this.set(store.withNotice(this.state, text, again));
  }

  /** @param {number} id */
  dismiss(id) {
    this.patch({ notices: this.state.notices.filter((one) => one.id !== id) });
  }

  // --- the socket ----------------------------------------------------------------------------------------------------

  /** @param {import("./logic/socket.js").Connection} connection */
  #connection(connection) {
    if (connection.state !== "open") {
      this.flight.clear();
      for (const request of [...this.requests.values()]) {
        request.settle({ type: "error", code: "NOT_CONNECTED", says: "The connection was lost before the answer came." });
      }
    }
    this.patch({ connection });
  }

  /** @param {any} frame */
  #frame(frame) {
    if (frame.ref && this.requests.has(frame.ref) && ["ok", "done", "error"].includes(frame.type)) {
      this.requests.get(frame.ref)?.settle(frame);
      return;
    }
    if (frame.type === "ok" && frame.message) this.#taken(frame.message);
    if (frame.type === "error" && frame.ref) this.#refused(frame);
    const managed = this.session?.can_manage;
    const { state, effect } = store.receive(this.state, frame, { now: Date.now(), looking: this.looking });
    if (["events", "reset", "page"].includes(frame.type)) this.#settle(state);
    this.set(state);
    if (this.session && this.session.can_manage !== managed) this.#roleChanged(frame.type === "welcome");
    if (frame.type === "welcome") this.#welcome();
    if (effect === "reopen") this.#open();
    if (effect === "gone") this.#gone();
    if (effect === "arrived") this.markRead();
    if (frame.type === "events") this.#showHidden();
  }

  /** Few of those that wait are left here, and there are more: the newest page has them. */
  #showHidden() {
    const { sending, failed } = store.hiddenHere(this.state);
    const here = this.state.stream?.items.filter((one) => one.tid === null).length ?? 0;
    if (sending + failed === 0 || here > FEW_WAITING || !this.state.pinned || this.showing) return;
    this.showing = true;
    this.load().finally(() => (this.showing = false));
  }

  #welcome() {
    if (this.state.sessionId !== null) this.socket.send({ type: "list", session: this.state.sessionId });
    this.#open();
    if (this.state.edge.older === "failed") this.#edge({ older: "", says: "" });
    this.#transmit();
    this.markRead();
  }

  #open() {
    const { stream, chatId } = this.state;
    if (chatId === null) return;
    const known = stream?.chat === chatId ? { epoch: stream.epoch, after: stream.number } : {};
    this.socket.send({ type: "open", chat: chatId, ...known });
  }

  /** What only managers see has come or gone: list and chat are asked for anew. @param {boolean} greeted both are anyway */
  #roleChanged(greeted) {
    const { sessionId } = this.state;
    const closed = this.chat?.official && !this.session?.can_manage;
    this.codes.clear();
    this.visit += 1;
    const views = new Map([["all|", { more: null, loading: true, error: "" }]]);
    this.patch({ chats: new Map(), stream: null, unread: 0, views, ...(closed ? { chatId: null } : {}) });
    if (closed && sessionId !== null) {
      this.notice("Only managers of this account see that chat.");
      history.replaceState(null, "", this.path(sessionId, null));
    }
    if (greeted) return;
    this.socket.send({ type: "list", session: sessionId });
    this.#open();
  }

  /** The account is no longer this viewer's to see. */
  #gone() {
    this.patch({ chatId: null, stream: null, chats: new Map(), sessionId: null });
    this.notice("You no longer have access to this account.");
    history.replaceState(null, "", this.base);
  }

  /**
   * Ask for something and wait for its answer; never rejects.
   * @param {object} frame
   * @param {number} [patience] milliseconds
   * @returns {Promise<{ok: boolean, says: string, frame: any}>}
   */
  request(frame, patience = REQUEST_MS) {
    const ref = crypto.randomUUID();
    return new Promise((resolve) => {
      const settle = (/** @type {any} */ answer) => {
        clearTimeout(timer);
        this.requests.delete(ref);
        const ok = answer.type === "ok" || (answer.type === "done" && answer.state === "done");
        resolve({ ok, says: answer.says ?? answer.error?.says ?? "It was not done.", frame: answer });
      };
      const late = { type: "error", says: "Telegram has not answered yet. It is tried again by itself." };
      const timer = setTimeout(() => settle(late), patience);
      this.requests.set(ref, { settle });
      if (!this.socket.send({ ...frame, ref })) {
        settle({ type: "error", code: "NOT_CONNECTED", says: "There is no connection just now. Nothing was changed." });
      }
    });
  }

  // --- going somewhere -----------------------------------------------------------------------------------------------

  /** @param {number} sessionId @param {number | null} chatId */
  path(sessionId, chatId) {
    return `${this.base}${sessionId}/${chatId === null ? "" : `${chatId}/`}`;
  }

  /**
   * Show a chat (or the list alone), as the address then says.
   * @param {number} sessionId
   * @param {number | null} chatId
   * @param {{push?: boolean}} [how]
   */
  async go(sessionId, chatId, { push = true } = {}) {
    const path = this.path(sessionId, chatId);
    if (push && path !== location.pathname) history.pushState(null, "", path);
    this.visit += 1;
    if (sessionId !== this.state.sessionId) await this.#switch(sessionId);
    if (chatId === this.state.chatId && this.state.stream?.chat === chatId) return;
    this.composer = { editing: null, reply: null, error: "" };
    this.codes.clear();
    const edge = { older: "", newer: "", says: "" };
    this.patch({ chatId, stream: null, streamError: "", edge, pinned: true, announcement: "" });
    if (chatId === null) this.socket.send({ type: "close" });
    else await this.load();
  }

  /** @param {number} sessionId */
  async #switch(sessionId) {
    const views = new Map([["all|", { more: null, loading: true, error: "" }]]);
    this.patch({ sessionId, chats: new Map(), chatId: null, stream: null, tab: "all", query: "", unread: 0, views });
    if (!this.socket.send({ type: "list", session: sessionId })) await this.loadList(true);
  }

  /** The newest page of the open chat. */
  async load() {
    const { sessionId, chatId } = this.state;
    const visit = this.visit;
    this.patch({ streamError: "" });
    const page = await this.#get(`${sessionId}/${chatId}/history/`);
    if (visit !== this.visit) return;
    if (page.error) {
      this.patch({ streamError: page.error });
      return;
    }
    const next = store.withRows(this.state, [page.row]);
    const stream = streams.fromPage(page, this.state.stream?.newLine ?? store.newLineOf(page.row));
    this.#settle({ ...next, stream });
    this.set({ ...next, stream, pinned: true, edge: { older: "", newer: "", says: "" } });
    this.#open();
  }

  /**
   * @param {string} path below the pages' base
   * @param {Record<string, string>} [said] more headers
   * @returns {Promise<any>} the JSON, or {error} with a sentence
   */
  async #get(path, said = {}) {
    try {
      const answer = await fetch(this.base + path, { headers: { Accept: "application/json", ...said } });
      const data = await answer.json();
      return answer.ok ? data : { error: data.says ?? "The server could not answer." };
    } catch {
      return { error: "The server does not answer. What is shown is kept; it is tried again when the connection is back." };
    }
  }

  // --- the list ------------------------------------------------------------------------------------------------------

  /** @param {string} tab @param {string} query */
  show(tab, query) {
    this.patch({ tab, query });
    const base = this.state.views.get("all|");
    // The server knows chats that the page does not: ask it, unless all are here.
    if (base?.more && !this.state.views.has(store.viewKey(this.state))) this.loadList();
  }

  /** @param {boolean} [first] from the beginning */
  async loadList(first = false) {
    const key = store.viewKey(this.state);
    const { sessionId, tab, query, views } = this.state;
    const view = views.get(key);
    if (!first && (view?.loading || view?.more === null)) return;
    const put = (/** @type {Partial<store.ListView>} */ changes) => {
      const old = this.state.views.get(key) ?? { more: null, loading: false, error: "" };
      this.patch({ views: new Map(this.state.views).set(key, { ...old, ...changes }) });
    };
    put({ loading: true, error: "" });
    const asked = new URLSearchParams({ tab, q: query, after: first ? "" : (view?.more ?? "") });
    const page = await this.#get(`${sessionId}/list/?${asked}`);
    if (sessionId !== this.state.sessionId) return;
    if (page.error) {
      put({ loading: false, error: page.error });
      return;
    }
    this.set(store.withRows(this.state, page.chats));
    put({ loading: false, more: page.more });
  }

  // --- history -------------------------------------------------------------------------------------------------------

  /** @param {Partial<store.State["edge"]>} changes */
  #edge(changes) {
    this.patch({ edge: { ...this.state.edge, ...changes } });
  }

  /** The page above, from the server, or, where its part ends, from Telegram. */
  async loadOlder() {
    const { stream, edge, sessionId, chatId } = this.state;
    if (!stream || edge.older === "loading" || edge.older === "telegram" || stream.older === "start") return;
    if (stream.older === "telegram") {
      await this.#askTelegram(stream);
      return;
    }
    this.#edge({ older: "loading", says: "" });
    const visit = this.visit;
    const page = await this.#get(`${sessionId}/${chatId}/history/?before=${streams.oldestId(stream)}`);
    if (visit !== this.visit || !this.state.stream) return;
    if (page.error) {
      this.#edge({ older: "failed", says: page.error });
      return;
    }
    this.set({ ...this.state, stream: streams.prepend(this.state.stream, page) });
    this.#edge({ older: "" });
  }

  /** @param {import("./logic/stream.js").Stream} stream */
  async #askTelegram(stream) {
    // Without a connection there is nobody to ask: the drawing that follows the next connection tries again.
    if (!this.socket.open) return;
    const session = this.session;
    if (session && !["ready", "syncing"].includes(session.status)) {
      this.#edge({ older: "away", says: "Older messages are kept at Telegram; they come when this account is connected." });
      return;
    }
    this.#edge({ older: "telegram", says: "" });
    const visit = this.visit;
    const late = setTimeout(() => {
      if (visit === this.visit) {
        this.#edge({ older: "late", says: "Telegram does not answer yet. Older messages are kept there." });
      }
    }, TELEGRAM_MS);
    const answer = await this.request({ type: "history", chat: stream.chat, before: stream.askBefore }, HISTORY_MS);
    clearTimeout(late);
    if (visit !== this.visit) return;
    if (!answer.ok) {
      this.#edge({ older: "failed", says: `${answer.says} Older messages are kept at Telegram.` });
      return;
    }
    await this.#fetched(stream, visit);
  }

  /** @param {import("./logic/stream.js").Stream} asked @param {number} visit */
  async #fetched(asked, visit) {
    const { sessionId, chatId } = this.state;
    const oldest = streams.oldestId(asked);
    const which = asked.askBefore && Number.isFinite(oldest) ? `?before=${oldest}` : "";
    const page = await this.#get(`${sessionId}/${chatId}/history/${which}`);
    const now = this.state.stream;
    if (visit !== this.visit || !now) return;
    if (page.error) {
      this.#edge({ older: "failed", says: page.error });
      return;
    }
    const stuck = page.older === "telegram" && page.ask_before === asked.askBefore && !page.messages.length;
    this.set({ ...this.state, stream: streams.prepend(now, which ? page : { ...page, newer: now.newer }) });
    this.#edge(stuck ? { older: "failed", says: "Telegram sent no older messages." } : { older: "", says: "" });
  }

  async loadNewer() {
    const { stream, edge, sessionId, chatId } = this.state;
    if (!stream?.newer || edge.newer === "loading") return;
    this.#edge({ newer: "loading" });
    const visit = this.visit;
    const page = await this.#get(`${sessionId}/${chatId}/history/?after=${streams.newestId(stream)}`);
    if (visit !== this.visit || !this.state.stream) return;
    if (!page.error) this.set({ ...this.state, stream: streams.append(this.state.stream, page) });
    this.#edge({ newer: "" });
  }

  /** Show the message with this Telegram id; resolves once it is in the window (or cannot be). @param {number} tid */
  async find(tid) {
    const { stream, sessionId, chatId } = this.state;
    if (!stream || stream.items.some((message) => message.tid === tid)) return;
    const visit = this.visit;
    const page = await this.#get(`${sessionId}/${chatId}/history/?around=${tid}`);
    if (visit !== this.visit || page.error || !this.state.stream) return;
    const found = streams.fromPage(page, this.state.stream.newLine);
    this.patch({ stream: { ...found, number: this.state.stream.number, epoch: this.state.stream.epoch }, pinned: false });
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** @param {boolean} pinned the viewer is at the newest message */
  pin(pinned) {
    if (pinned === this.state.pinned) return;
    const stream = this.state.stream && pinned && !this.state.stream.newer ? { ...this.state.stream, unseen: 0 } : this.state.stream;
    this.patch({ pinned, stream });
    this.markRead();
  }

  /** What the viewer sees is read: after a moment, while he looks, at the newest message. */
  markRead() {
    clearTimeout(this.readTimer ?? undefined);
    this.readTimer = setTimeout(() => {
      const { stream, pinned, sessionId } = this.state;
      const row = this.chat;
      if (!stream || !row || !pinned || stream.newer || !this.looking || !this.session?.can_send) return;
      const theirs = stream.items.filter((message) => !message.out && message.tid !== null);
      const newest = Math.max(0, ...theirs.map((message) => /** @type {number} */ (message.tid)));
      if (sessionId === row.session && (newest > row.read_inbox || (row.unread && newest))) {
        this.socket.send({ type: "read", chat: row.id, max_id: newest });
      }
    }, READ_MS);
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  /** @param {number} chatId */
  draft(chatId) {
    try {
      return this.storage.getItem(`tgadmin.draft.${this.state.user.id}.${chatId}`) ?? "";
    } catch {
      return "";
    }
  }

  /** @param {number} chatId @param {string} text */
  keepDraft(chatId, text) {
    const key = `tgadmin.draft.${this.state.user.id}.${chatId}`;
    try {
      if (text.trim()) this.storage.setItem(key, text);
      else this.storage.removeItem(key);
    } catch {
      // Without storage a draft lives as long as the page.
    }
  }

  typed() {
    const now = Date.now();
    const row = this.chat;
    if (!row || row.kind === "channel" || now - this.typedAt < TYPING_EVERY_MS || this.session?.status !== "ready") return;
    this.typedAt = now;
    this.socket.send({ type: "typing", chat: row.id });
  }

  /** Painted at once: what is typed next must not meet a field that is filled anew a moment later.
   * @param {{reply?: any, editing?: any, error?: string}} changes */
  compose(changes) {
    this.composer = { ...this.composer, ...changes };
    this.paint();
  }

  /** Send what was written, or change the message that is edited. @param {string} written @returns {boolean} taken */
  submit(written) {
    const text = clean(written);
    const error = refusal(text);
    if (error) {
      this.compose({ error: text ? error : "" });
      return false;
    }
    const { editing, reply } = this.composer;
    this.composer = { editing: null, reply: null, error: "" };
    if (editing) this.#edit(editing, text);
    else this.#send(text, reply);
    return true;
  }

  /** @param {string} text @param {import("./logic/stream.js").Message | null} reply */
  #send(text, reply) {
    const row = this.chat;
    if (!row) return;
    const waiting = {
      cid: crypto.randomUUID(), session: row.session, chat: row.id, text, reply_to: reply?.tid ?? null,
      at: new Date().toISOString(),
    };
    const kept = this.outbox.add(waiting);
    this.typedAt = 0;
    this.#transmit();
    if (!kept && !this.socket.open) this.notice("This browser keeps nothing: stay on this page until the connection is back.");
    const stream = this.state.stream && { ...this.state.stream, newLine: null };
    this.patch({ stream, pinned: true });
    if (stream?.newer) this.load();
  }

  /** Send what waits, in its order, few at a time: many at once would be too much for the server's limit. */
  #transmit() {
    for (const { cid, chat, text, reply_to, error } of this.outbox.all()) {
      if (this.flight.size >= IN_FLIGHT) return;
      if (error || this.flight.has(cid)) continue;
      if (!this.socket.send({ type: "send", ref: cid, cid, chat, text, reply_to })) return;
      this.flight.add(cid);
    }
  }

  /** The server has it: from now on it lives there. @param {import("./logic/stream.js").Message} message */
  #taken(message) {
    const stream = this.state.stream;
    if (message.cid) {
      this.outbox.remove(message.cid);
      this.flight.delete(message.cid);
      this.#transmit();
    }
    if (!stream || stream.chat !== message.chat || stream.items.some((one) => one.id === message.id)) return;
    this.patch({ stream: streams.append(stream, { messages: [message], newer: stream.newer }) });
  }

  /** @param {any} frame an error whose ref is a cid */
  #refused(frame) {
    this.outbox.mark(frame.ref, frame.says);
    this.flight.delete(frame.ref);
    this.#transmit();
    this.draw();
  }

  /** What the stream holds no longer waits. @param {store.State} state */
  #settle(state) {
    const cids = new Set(state.stream?.items.map((message) => message.cid));
    for (const waiting of this.outbox.all()) if (cids.has(waiting.cid)) this.outbox.remove(waiting.cid);
  }

  /** @param {import("./logic/stream.js").Message} message */
  async retry(message) {
    if (message.id !== null) {
      const answer = await this.request({ type: "retry", message: message.id });
      if (!answer.ok) this.notice(`Not sent: ${answer.says}`);
      return;
    }
    const waiting = this.outbox.all().find((one) => one.cid === message.cid);
    if (!waiting) return;
    this.outbox.mark(waiting.cid);
    this.#transmit();
    this.draw();
  }

  /** @param {import("./logic/stream.js").Message} message one that never went out */
  async discard(message) {
    if (message.id !== null) {
      const answer = await this.request({ type: "discard", message: message.id });
      if (!answer.ok) this.notice(answer.says);
    } else if (message.cid) {
      this.outbox.remove(message.cid);
      this.draw();
    }
  }

  /** @param {number | null} id @param {string} what */
  #saving(id, what) {
    if (id === null) return;
    const saving = new Map(this.state.saving);
    if (what) saving.set(id, what);
    else saving.delete(id);
    this.patch({ saving });
  }

  /** @param {import("./logic/stream.js").Message} message @param {string} text */
  async #edit(message, text) {
    if (text === message.text) {
      this.draw();
      return;
    }
    this.#saving(message.id, "saving");
    const answer = await this.request({ type: "edit", message: message.id, text });
    this.#saving(message.id, "");
    if (answer.ok) return;
    const chatId = this.state.chatId;
    this.notice(`Not changed: ${answer.says}`, () => {
      if (this.state.chatId === chatId) this.compose({ editing: { ...message, text }, reply: null });
    });
  }

  /** @param {import("./logic/stream.js").Message} message */
  async remove(message) {
    this.#saving(message.id, "deleting");
    const answer = await this.request({ type: "delete", messages: [message.id] });
    this.#saving(message.id, "");
    if (!answer.ok) this.notice(`Not deleted: ${answer.says}`);
  }

  /** The code in a message of Telegram's own, for this page alone. @param {import("./logic/stream.js").Message} message */
  async showCode(message) {
    const visit = this.visit;
    const answer = await this.request({ type: "reveal", message: message.id });
    if (!answer.ok) this.notice(answer.says);
    else if (visit === this.visit) this.codes.show(message, answer.frame.shown);
    this.draw();
  }

  /** @param {import("./logic/stream.js").Message} message */
  hideCode(message) {
    this.codes.hide(message.id);
    this.draw();
  }

  /** When a message goes out that waits. @param {string} at */
  goesOut(at) {
    return `Goes out ${until(new Date(at), new Date())}`;
  }

  /** Details of the open chat, for the panel. @param {number} sessionId @param {number} chatId */
  details(sessionId, chatId) {
    // Asked anew whenever something arrives: that keeps no login alive.
    return this.#get(`${sessionId}/${chatId}/details/`, { "X-Unattended": "1" });
  }
}
