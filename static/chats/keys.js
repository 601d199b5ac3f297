// Keyboard shortcuts of the page. Each handler says whether it took the key.

import { shown } from "./logic/list.js";
import { isEmpty } from "./view/composer.js";

/** @param {EventTarget | null} target */
function writes(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/**
 * "/" search, "?" help, Alt ↑ ↓ other chats, with Shift what is unread and the accounts, Esc to the field.
 * @param {KeyboardEvent} event
 * @param {import("./app.js").App} app
 * @param {import("./view/conversation.js").Actions} actions
 */
export function chatKeys(event, app, actions) {
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey) return false;
  if (event.altKey && event.shiftKey) return accountKeys(event, app, actions);
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) return step(app, event.key === "ArrowUp" ? -1 : 1);
  if (event.altKey) return false;
  const emptyField = event.target === document.getElementById("composer") && isEmpty();
  if (event.key === "?" && (!writes(event.target) || emptyField)) {
    actions.help();
    return true;
  }
  if (event.key === "/" && !writes(event.target)) {
    const search = /** @type {HTMLInputElement | null} */ (document.getElementById("chat-search"));
    search?.focus();
    search?.select();
    return search !== null;
  }
  return false;
}

/**
 * Alt Shift with ↓ what is unread next, ↑ the accounts, U the open chat's mark. What Alt makes of a letter differs.
 * @param {KeyboardEvent} event
 * @param {import("./app.js").App} app
 * @param {import("./view/conversation.js").Actions} actions
 */
function accountKeys(event, app, actions) {
  if (event.key === "ArrowDown") actions.nextUnread();
  else if (event.key === "ArrowUp") actions.accounts();
  else if (event.code === "KeyU" && app.chat) actions.markUnread();
  else return false;
  return true;
}

/** @param {import("./app.js").App} app @param {number} by */
function step(app, by) {
  const { state } = app;
  const chats = shown(state.chats.values(), state.tab, state.query, state.chatId);
  const at = chats.findIndex((chat) => chat.id === state.chatId);
  const next = chats[at < 0 ? 0 : at + by];
  if (!next) return true;
  app.navigation.go(next.session, next.id).then(() => {
    document.querySelector(`.row[data-chat="${next.id}"]`)?.scrollIntoView({ block: "nearest" });
    document.getElementById("composer")?.focus();
  });
  return true;
}

/**
 * In the stream: ↑ ↓ move between messages, R replies, Esc goes back to the field.
 * @param {KeyboardEvent} event
 * @param {import("./app.js").App} app
 * @param {import("./view/conversation.js").Actions} actions
 */
export function messageKeys(event, app, actions) {
  const log = document.getElementById("log");
  if (!(event.target instanceof HTMLElement) || !log?.contains(event.target)) return false;
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const all = /** @type {HTMLElement[]} */ ([...log.querySelectorAll("article.m")]);
  const focused = /** @type {HTMLElement | null} */ (event.target.closest("article.m"));
  const at = focused ? all.indexOf(focused) : all.length;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    all[at + (event.key === "ArrowUp" ? -1 : 1)]?.focus();
    return focused !== null || event.key === "ArrowUp";
  }
  if (event.key === "Escape") {
    document.getElementById("composer")?.focus();
    return true;
  }
  if (event.key.toLowerCase() === "r" && focused && !event.shiftKey) {
    const message = app.state.stream?.items.find((one) => String(one.tid) === focused.dataset.tid);
    if (message && app.session?.can_send) actions.reply(message);
    return message !== undefined;
  }
  return false;
}
