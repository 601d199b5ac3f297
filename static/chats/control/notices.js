// Desktop notices. One of all open pages of a user gives them: the one that holds the lock. What is wanted is kept in this
// browser and not at the server, because the browser's own permission is: a desk may ring, a shared screen must not.

import { LATER_MS, OFF, isNews, parse, words } from "../logic/notices.js";

/** @typedef {import("../logic/list.js").Chat} Chat */

/** A message's time is Telegram's, in whole seconds. */
const SLACK_MS = 2000;

export class Notices {
  /** @param {import("../app.js").App} app @param {Storage} storage @param {string} icon its address */
  constructor(app, storage, icon) {
    this.app = app;
    this.storage = storage;
    this.icon = icon;
    this.key = `tgadmin.notices.${app.state.user.id}`;
    this.leads = false;
    this.since = Infinity;
    /** @type {Map<number, number>} by chat, the Telegram id that was told last */
    this.heard = new Map();
    /** @type {Map<string, number>} by page, the chat that its viewer looks at */
    this.looking = new Map();
    this.page = crypto.randomUUID();
    /** As it was read last: each look is a question to the browser's own process, which keeps the page waiting. */
    this.permission = this.possible ? Notification.permission : "denied";
    /** @type {number | null} */
    this.said = null;
    /** @type {BroadcastChannel | null} */
    this.channel = null;
  }

  /** Whether this browser can show any: it lets pages do so over https only. */
  get possible() {
    return "Notification" in globalThis && Boolean(navigator.locks);
  }

  get wishes() {
    try {
      return parse(this.storage.getItem(this.key));
    } catch {
      return parse(null);
    }
  }

  /** @param {number} sessionId @returns {import("../logic/notices.js").Wish} */
  of(sessionId) {
    return this.wishes.accounts[sessionId] ?? OFF;
  }

  /** Whether the viewer is to be asked: never before they were let in, once, and again after "Not now" in a month. */
  get asks() {
    return this.permission === "default" && this.wishes.later < Date.now();
  }

  start() {
    if (!this.possible) return;
    this.channel = new BroadcastChannel(this.key);
    this.channel.onmessage = ({ data }) => this.#heard(data);
    this.channel.postMessage({ page: this.page, chat: this.said }); // the page was drawn before
    addEventListener("focus", () => this.#permitted(Notification.permission)); // it is changed in the browser's own settings
    addEventListener("pagehide", () => this.#say(null));
    addEventListener("storage", (event) => event.key === this.key && this.follow());
    navigator.locks.request(this.key, () => {
      this.leads = true;
      this.since = Date.now() + this.app.ahead - SLACK_MS;
      this.channel?.postMessage({ ask: true });
      this.follow();
      return new Promise(() => {}); // until the page is gone
    });
  }

  /** Ask the browser; allowed: on for every account, with sound and without text. @returns {Promise<boolean>} */
  async allow() {
    const answer = await Notification.requestPermission();
    this.permission = answer;
    if (answer === "granted") {
      this.#keep({ accounts: Object.fromEntries(this.app.state.sessions.map((one) => [one.id, { ...OFF, on: true }])) });
    }
    this.app.draw();
    return answer === "granted";
  }

  /** @param {NotificationPermission} now */
  #permitted(now) {
    if (now === this.permission) return;
    this.permission = now;
    this.follow();
    this.app.draw();
  }

  later() {
    this.#keep({ later: Date.now() + LATER_MS });
    this.app.draw();
  }

  /** @param {number} sessionId @param {Partial<import("../logic/notices.js").Wish>} changes */
  wish(sessionId, changes) {
    const { accounts } = this.wishes;
    this.#keep({ accounts: { ...accounts, [sessionId]: { ...this.of(sessionId), ...changes } } });
    this.app.draw();
  }

  /** The server is to tell this page of these accounts, whichever list it shows. */
  follow() {
    if (!this.leads) return;
    const { accounts } = this.wishes;
    const sessions = this.app.state.sessions.map((one) => one.id).filter((id) => accounts[id]?.on);
    this.app.socket.send({ type: "notify", sessions: this.granted ? sessions : [] });
  }

  get granted() {
    return this.permission === "granted";
  }

  /** Rows have come. @param {Chat[]} rows */
  consider(rows) {
    if (!this.leads || !this.granted) return;
    for (const row of rows) {
      const wish = this.of(row.session);
      if (!wish.on || !isNews(row, this.heard.get(row.id) ?? 0, this.since)) continue;
      this.heard.set(row.id, row.last.tid ?? 0);
      if (![...this.looking.values()].includes(row.id)) this.#show(row, wish);
    }
  }

  /** What the viewer looks at now is told to the page that gives notices. */
  look() {
    const { app } = this;
    this.#say(app.looking ? app.state.chatId : null);
  }

  /** @param {Chat} row @param {import("../logic/notices.js").Wish} wish */
  #show(row, wish) {
    const account = this.app.state.sessions.find((one) => one.id === row.session)?.name ?? "";
    const { title, body } = words(row, account, wish.text);
    const shown = new Notification(title, { body, tag: `${row.id}/${row.last.tid}`, icon: this.icon, silent: !wish.sound });
    shown.onclick = () => {
      shown.close();
      globalThis.focus();
      this.app.navigation.go(row.session, row.id);
    };
  }

  /** @param {number | null} chat */
  #say(chat) {
    if (chat === this.said) return;
    this.said = chat;
    this.#put(this.page, chat);
    this.channel?.postMessage({ page: this.page, chat });
  }

  /** @param {any} data what another page says */
  #heard(data) {
    if (data.ask) this.channel?.postMessage({ page: this.page, chat: this.said });
    else this.#put(data.page, data.chat);
  }

  /** @param {string} page @param {number | null} chat */
  #put(page, chat) {
    if (chat === null) this.looking.delete(page);
    else this.looking.set(page, chat);
  }

  /** @param {Partial<import("../logic/notices.js").Wishes>} changes */
  #keep(changes) {
    try {
      this.storage.setItem(this.key, JSON.stringify({ ...this.wishes, ...changes }));
    } catch {
      this.app.notice("This browser keeps nothing for this page: desktop notices stay off.");
    }
    this.follow();
  }
}
