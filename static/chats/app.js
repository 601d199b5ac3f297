// What the page does: keeps the state, hands each frame to its subject (control/), draws when something changed.

import { Changes } from "./control/changes.js";
import { Delivery } from "./control/delivery.js";
import { Drafts } from "./control/drafts.js";
import { History } from "./control/history.js";
import { ChatList } from "./control/list.js";
import { Navigation } from "./control/navigation.js";
import { Notices } from "./control/notices.js";
import { Reading } from "./control/reading.js";
import { Server } from "./control/server.js";
import { Writing } from "./control/writing.js";
import { Codes } from "./logic/codes.js";
import { LiveSocket } from "./logic/socket.js";
import * as store from "./logic/store.js";
import { waitingMessages } from "./logic/stream.js";

export class App {
  /**
   * @param {{first: any, base: string, icon: string, socketUrl: string, storage: Storage, draw: () => void, paint: () => void}} options
   *   draw: asked for after each change, paints soon; paint: paints at once
   */
  constructor({ first, base, icon, socketUrl, storage, draw, paint }) {
    this.base = base;
    this.storage = storage;
    this.draw = draw;
    this.paint = paint;
    this.state = store.initial(first, Date.now());
    /** By how many milliseconds the server's clock is ahead of this one. */
    this.ahead = Date.parse(first.now) - Date.now();
    this.placed = false;
    this.codes = new Codes({ hidden: draw });
    this.socket = new LiveSocket({
      url: socketUrl,
      onFrame: (frame) => this.#frame(frame),
      onState: (connection) => this.#connection(connection),
    });
    this.server = new Server({ base, send: (frame) => this.socket.send(frame) });
    this.navigation = new Navigation(this);
    this.list = new ChatList(this);
    this.history = new History(this);
    this.reading = new Reading(this);
    this.drafts = new Drafts(storage, this.state.user.id);
    this.writing = new Writing(this);
    this.delivery = new Delivery(this, storage);
    this.changes = new Changes(this);
    this.notices = new Notices(this, storage, icon);
  }

  start() {
    this.socket.connect();
    this.notices.start();
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
    const waiting = stream.newer ? [] : waitingMessages(this.delivery.outbox.of(stream.chat), stream, user);
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

  /** @param {import("./logic/socket.js").Connection} connection */
  #connection(connection) {
    if (connection.state !== "open") {
      this.delivery.lost();
      this.server.lost();
    }
    this.patch({ connection });
  }

  /** @param {any} frame */
  #frame(frame) {
    if (this.server.answered(frame)) return;
    if (frame.type === "ok" && frame.message) this.delivery.taken(frame.message);
    if (frame.type === "error" && frame.ref) this.delivery.refused(frame);
    const before = this.state;
    const { state, effect } = store.receive(this.state, frame, { now: Date.now(), looking: this.looking });
    if (["events", "reset", "page"].includes(frame.type)) this.delivery.settle(state.stream);
    this.set(state);
    if (before.sessions !== this.state.sessions) this.#rolesChanged(before, frame.type === "welcome");
    if (frame.type === "welcome") this.#welcome();
    if (effect === "reopen") this.history.follow();
    if (effect === "gone") this.navigation.gone();
    if (effect === "arrived") this.reading.mark();
    if (frame.type === "events") this.history.showHidden();
    if (frame.type === "chats" || frame.type === "list") this.notices.consider(frame.chats);
    if (frame.type === "sessions") this.notices.follow();
  }

  /** Accounts have come to the list, or the viewer sees more or less of one. @param {store.State} before @param {boolean} greeted */
  #rolesChanged(before, greeted) {
    const { state } = this;
    const changed = state.sessions.filter((one) => {
      const old = before.sessions.find((other) => other.id === one.id);
      return store.lists(state, one.id) && old?.can_manage !== one.can_manage;
    });
    if (changed.length) this.navigation.roleChanged(greeted, changed.some((one) => one.id === state.sessionId));
  }

  /** The server has greeted: list and chat from where they stand here, and what waits. */
  #welcome() {
    this.navigation.follow();
    this.notices.follow();
    if (!this.placed) this.navigation.remember(this.state.chatId);
    this.placed = true;
    this.history.follow();
    this.history.tryAgain();
    this.delivery.transmit();
    this.reading.mark();
  }
}
