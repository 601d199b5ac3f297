// What the page does: keeps the state, hands each frame to its subject (control/), draws when something changed.

import { Changes } from "./control/changes.js";
import { Delivery } from "./control/delivery.js";
import { Drafts } from "./control/drafts.js";
import { History } from "./control/history.js";
import { ChatList } from "./control/list.js";
import { Navigation } from "./control/navigation.js";
import { Reading } from "./control/reading.js";
import { Server } from "./control/server.js";
import { Writing } from "./control/writing.js";
import { Codes } from "./logic/codes.js";
import { LiveSocket } from "./logic/socket.js";
import * as store from "./logic/store.js";
import { waitingMessages } from "./logic/stream.js";

export class App {
  /**
   * @param {{first: any, base: string, socketUrl: string, storage: Storage, draw: () => void, paint: () => void}} options
   *   draw: asked for after each change, paints soon; paint: paints at once
   */
  constructor({ first, base, socketUrl, storage, draw, paint }) {
    this.base = base;
    this.draw = draw;
    this.paint = paint;
    this.state = store.initial(first, Date.now());
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
    const managed = this.session?.can_manage;
    const { state, effect } = store.receive(this.state, frame, { now: Date.now(), looking: this.looking });
    if (["events", "reset", "page"].includes(frame.type)) this.delivery.settle(state.stream);
    this.set(state);
    if (this.session && this.session.can_manage !== managed) this.navigation.roleChanged(frame.type === "welcome");
    if (frame.type === "welcome") this.#welcome();
    if (effect === "reopen") this.history.follow();
    if (effect === "gone") this.navigation.gone();
    if (effect === "arrived") this.reading.mark();
    if (frame.type === "events") this.history.showHidden();
  }

  /** The server has greeted: list and chat from where they stand here, and what waits. */
  #welcome() {
    if (this.state.sessionId !== null) this.socket.send({ type: "list", session: this.state.sessionId });
    this.history.follow();
    this.history.tryAgain();
    this.delivery.transmit();
    this.reading.mark();
  }
}
