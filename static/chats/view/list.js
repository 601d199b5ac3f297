// The left column: account switcher, search, tabs, chats.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { repeat } from "../../vendor/lit-html/directives/repeat.js";
import { live } from "../../vendor/lit-html/directives/live.js";
import { kindIcon, shown, tabs } from "../logic/list.js";
import { typingLabel, unreadIn, viewKey } from "../logic/store.js";
import { listTime } from "../logic/time.js";
import { badgeText } from "../logic/unread.js";
import { accounts } from "./accounts.js";
import { banner } from "./conversation.js";
import { question } from "./notices.js";
import { accountMark, avatar, icon, time } from "./parts.js";

/** @typedef {{addAccount: string, demo: string, signIn: string, accountSignIn: string, alone: boolean, notices: () => void,
 *   opened: () => void, menu: (chat: import("../logic/list.js").Chat, at: {x: number, y: number, end?: boolean}) => void}} Around
 *   alone: on a narrow screen the list is all there is; opened: a chat was chosen; menu: what can be done with one is asked */

/** @param {import("../app.js").App} app @param {Around} links */
export function list(app, links) {
  const { state } = app;
  return html`<section class="list" aria-label="Chats" role=${links.alone ? "main" : nothing}>
    ${state.chatId === null ? html`<h1 class="sr">Chats</h1>` : nothing}
    ${links.alone ? banner(app, links) : nothing} ${accounts(app, links)}
    ${app.session || app.state.everywhere ? html`${finder(app)} ${rows(app, links)} ${question(app, links)}` : nobody(app, links)}
  </section>`;
}

/** @param {import("../app.js").App} app */
function finder(app) {
  const { state } = app;
  const what = state.everywhere ? "Search all accounts" : "Search chats";
  return html`<div class="search">
      ${icon("search")}
      <input
        id="chat-search" type="search" placeholder=${what} aria-label=${what} autocomplete="off" maxlength="200"
        .value=${live(state.query)}
        @input=${(/** @type {any} */ event) => app.list.show(state.tab, event.target.value)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => searchKey(event, app)}
      /><kbd aria-hidden="true">/</kbd>
    </div>
    <div class="tabs" role="tablist" aria-label="Which chats" @keydown=${tabKey}>
      ${tabs(app.state.chats.values(), app.state.tab).map((tab) => tabButton(app, tab))}
    </div>`;
}

/** No account is shown: the switcher has the others that the viewer may see; or how to get one.
 * @param {import("../app.js").App} app @param {Around} links */
function nobody(app, links) {
  if (app.state.sessions.length) return html`<p class="empty">${icon("sim_card")}<span>Choose an account.</span></p>`;
  if (!app.state.mayAdd) return html`<p class="empty">${icon("sim_card")}<span>No account yet.</span><span>Ask a manager for access to one.</span></p>`;
  return html`<p class="empty">${icon("sim_card")}<span>No account yet.</span>
    ${links.addAccount ? html`<a class="btn p" href=${links.addAccount}>Add account</a>` : nothing}
    ${links.demo ? html`<a class="btn" href=${links.demo}>Try the demo</a>` : nothing}</p>`;
}

/** @param {import("../app.js").App} app @param {{name: string, label: string}} tab */
function tabButton(app, tab) {
  const selected = app.state.tab === tab.name;
  const { chats } = unreadIn(app.state, app.state.everywhere ? null : app.state.sessionId);
  const count = tab.name === "unread" && chats ? html` <small class="num">${badgeText(chats)}</small>` : nothing;
  return html`<button
    type="button" role="tab" id="tab-${tab.name}" aria-selected=${selected} tabindex=${selected ? 0 : -1} aria-controls="chat-rows"
    @click=${() => app.list.show(tab.name, app.state.query)}
  >${tab.label}${count}</button>`;
}

/** @param {KeyboardEvent} event */
function tabKey(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
  const next = tabs[(tabs.indexOf(/** @type {any} */ (event.target)) + step + tabs.length) % tabs.length];
  next.click();
  next.focus();
  event.preventDefault();
}

/** @param {KeyboardEvent} event @param {import("../app.js").App} app */
function searchKey(event, app) {
  if (event.key === "Escape") {
    app.list.show(app.state.tab, "");
    if (app.state.chatId !== null) document.getElementById("composer")?.focus();
  } else if (event.key === "ArrowDown" || event.key === "Enter") {
    const first = /** @type {HTMLElement | null} */ (document.querySelector(".rows .row"));
    if (event.key === "Enter") first?.click();
    else first?.focus();
    event.preventDefault();
  }
}

/** @param {import("../app.js").App} app @param {Around} links */
function rows(app, links) {
  const { state } = app;
  const chats = shown(state.chats.values(), state.tab, state.query, state.chatId);
  const view = state.views.get(viewKey(state)) ?? { more: null, loading: false, error: "" };
  const more = () => app.list.load();
  return html`<div
    class="rows" id="chat-rows" role="tabpanel" aria-labelledby="tab-${state.tab}" tabindex=${chats.length ? nothing : 0}
    @scroll=${(/** @type {any} */ event) => {
      const { scrollHeight, scrollTop, clientHeight } = event.target;
      if (scrollHeight - scrollTop - clientHeight < 400 && view.more && !view.error) more();
    }}
    @keydown=${(/** @type {KeyboardEvent} */ event) => rowKey(event, app)}
  >
    <ul>${repeat(chats, (chat) => chat.id, (chat) => html`<li>${row(app, chat, links)}</li>`)}</ul>
    ${view.loading ? skeleton(chats.length ? 2 : 6) : nothing}
    ${view.error ? html`<p class="hintbox" role="alert">${view.error} <button type="button" class="link" @click=${more}>Try again</button></p>` : nothing}
    ${view.more && !view.loading && !view.error ? html`<button type="button" class="link more" @click=${more}>More chats</button>` : nothing}
    ${!chats.length && !view.loading && !view.error ? empty(app) : nothing}
  </div>`;
}

/** ↑ ↓ move, U marks. @param {KeyboardEvent} event @param {import("../app.js").App} app */
function rowKey(event, app) {
  const focused = /** @type {HTMLElement} */ (event.target).closest("a.row");
  const chat = app.state.chats.get(Number(/** @type {HTMLElement | null} */ (focused)?.dataset.chat));
  if (chat && event.key.toLowerCase() === "u" && !event.altKey && !event.ctrlKey && !event.metaKey) {
    if (mayMark(app, chat)) app.list.mark(chat, !(chat.unread || chat.marked));
    event.preventDefault();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey) return;
  const all = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("a.row")];
  const next = all[all.indexOf(/** @type {any} */ (event.target)) + step];
  if (next) /** @type {HTMLElement} */ (next).focus();
  else if (step < 0) document.getElementById("chat-search")?.focus();
  event.preventDefault();
}

/** @param {number} count */
export function skeleton(count) {
  return html`<div class="skel" aria-hidden="true">${Array.from({ length: count }, () => html`<div><i></i><b></b><u></u></div>`)}</div>
    <span class="sr" role="status">Loading</span>`;
}

/** @param {import("../app.js").App} app */
function empty(app) {
  const { state } = app;
  if (state.query.trim()) return html`<p class="empty">No chat matches “<bdi>${state.query.trim()}</bdi>”.</p>`;
  if (state.tab === "unread") return html`<p class="empty">${icon("done_all")}<span>All read.</span></p>`;
  if (state.tab === "failed") return html`<p class="empty">${icon("done_all")}<span>Everything was sent.</span></p>`;
  if (state.tab !== "all") return html`<p class="empty">Nothing of this kind here.</p>`;
  const words = {
    signing_in: "This account is being signed in. Its chats appear here when that is done.",
    syncing: "Fetching this account's chats…",
    ready: "No chats yet.",
  }[app.session?.status ?? ""];
  return html`<p class="empty">${icon("inbox")}<span>${words ?? "No chats are stored yet. They come when this account is connected."}</span></p>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat */
export function mayMark(app, chat) {
  return app.state.sessions.find((one) => one.id === chat.session)?.can_send ?? false;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat @param {Around} links */
function row(app, chat, links) {
  const current = chat.id === app.state.chatId;
  const classes = ["row", current && "cur", (chat.unread || chat.marked) && "un", chat.muted && "mute"].filter(Boolean).join(" ");
  const kind = kindIcon(chat);
  const account = app.state.everywhere ? app.state.sessions.find((one) => one.id === chat.session) : null;
  return html`<a
    class=${classes} href=${app.navigation.path(chat.session, chat.id)} data-chat=${chat.id} aria-current=${current ? "true" : nothing}
    @pointerdown=${(/** @type {PointerEvent} */ event) => {
      if (event.button === 0) app.history.expect(chat.session, chat.id);
    }}
    @click=${(/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      app.navigation.go(chat.session, chat.id);
      links.opened();
    }}
    @contextmenu=${(/** @type {MouseEvent} */ event) => {
      if (!mayMark(app, chat) || event.shiftKey) return;
      event.preventDefault();
      const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
      links.menu(chat, event.button === 2 ? { x: event.clientX, y: event.clientY } : { x: box.left + 60, y: box.top + 30 });
    }}
  >
    ${avatar(chat.title, chat.peer, { online: chat.online })}
    <span class="t">${kind ? icon(kind) : nothing}<span dir="auto">${chat.title}</span>
      ${chat.muted ? icon("notifications_off") : nothing}${chat.pinned ? icon("keep") : nothing}</span>
    <span class="w">${mark(chat)}${time(chat.last.at, (date) => listTime(date, new Date()))}</span>
    <span class="p" dir="auto">${preview(app, chat)}</span>
    ${chat.unread
      ? html`<span class="bdg ${chat.muted ? "mu" : ""}"><span class="sr">unread: </span>${chat.unread > 999 ? "999+" : chat.unread}</span>`
      : chat.marked
        ? html`<span class="bdg dot ${chat.muted ? "mu" : ""}"><span class="sr">marked as unread</span></span>`
        : html`<span></span>`}
    ${account ? html`<span class="ac">${accountMark(account)}<span dir="auto">${account.name}</span></span>` : nothing}
  </a>`;
}

/** @param {import("../logic/list.js").Chat} chat */
function mark(chat) {
  if (chat.pending === "failed") return html`${icon("error", "er")}<span class="sr">Not sent</span>`;
  if (chat.pending === "sending") return html`${icon("schedule")}<span class="sr">Sending</span>`;
  if (!chat.last.out || chat.last.tid === null) return nothing;
  if (chat.last.tid <= chat.read_outbox) return html`${icon("done_all")}<span class="sr">Read</span>`;
  return html`${icon("check")}<span class="sr">Sent</span>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat */
function preview(app, chat) {
  const typing = typingLabel(app.state, chat);
  if (typing) return html`<em>${typing}</em>`;
  const draft = chat.id === app.state.chatId ? "" : app.drafts.of(chat.id).trim();
  if (draft) return html`<span class="d">Draft:</span> ${draft.slice(0, 80)}`;
  if (chat.last.out) return html`<b>You:</b> ${chat.last.text}`;
  const group = chat.kind === "group" || chat.kind === "supergroup";
  return group && chat.last.sender ? html`<b>${chat.last.sender}:</b> ${chat.last.text}` : chat.last.text;
}
