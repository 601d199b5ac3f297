// What can be done with a chat of the list: from its row, and from the open chat's header.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { icon } from "./parts.js";

/** @typedef {import("../logic/list.js").Chat} Chat */

/** @param {import("../app.js").App} app @param {Chat | null} chat @param {() => void} closed */
export function chatMenu(app, chat, closed) {
  const now = chat && (app.state.chats.get(chat.id) ?? chat);
  return html`<section class="over" aria-label=${now ? "Chat actions" : nothing}><div
    popover id="chat-menu" class="pop menu" role="menu" aria-label=${now ? `Actions for ${now.title}` : "Actions"}
    @keydown=${keys}
    @toggle=${(/** @type {any} */ event) => event.newState === "closed" && closed()}
  >${now ? item(app, now) : nothing}</div></section>`;
}

/** @param {import("../app.js").App} app @param {Chat} chat */
function item(app, chat) {
  const read = chat.unread > 0 || chat.marked;
  const key = chat.id === app.state.chatId && !read ? "Alt Shift U" : "U";
  const act = () => {
    document.getElementById("chat-menu")?.hidePopover();
    app.list.mark(chat, !read);
  };
  return html`<button type="button" role="menuitem" @click=${act}>
    ${read ? html`${icon("mark_chat_read")} Mark as read` : html`${icon("mark_chat_unread")} Mark as unread`}
    <kbd aria-hidden="true">${key}</kbd></button>`;
}

/** Open it where it was asked for, within the page. @param {{x: number, y: number, end?: boolean}} at end: x is where it ends */
export function openMenu(at) {
  const menu = document.getElementById("chat-menu");
  if (!menu) return;
  menu.showPopover();
  const { offsetWidth, offsetHeight } = menu;
  menu.style.left = `${Math.max(8, Math.min(at.end ? at.x - offsetWidth : at.x, innerWidth - offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(at.y, innerHeight - offsetHeight - 8))}px`;
  /** @type {HTMLElement | null} */ (menu.querySelector("[role=menuitem]"))?.focus();
}

/** @param {KeyboardEvent} event */
function keys(event) {
  const items = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(/** @type {any} */ (event.target));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Tab") /** @type {HTMLElement} */ (event.currentTarget).hidePopover();
  else if (to === undefined) return;
  else /** @type {HTMLElement} */ (items[(to + items.length) % items.length]).focus();
  event.preventDefault();
}
