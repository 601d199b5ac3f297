// The left column: account switcher, search, tabs, chats.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { repeat } from "../../vendor/lit-html/directives/repeat.js";
import { live } from "../../vendor/lit-html/directives/live.js";
import { TABS, kindIcon, shown } from "../logic/list.js";
import { typingLabel, viewKey } from "../logic/store.js";
import { listTime } from "../logic/time.js";
import { banner } from "./conversation.js";
import { avatar, icon, time } from "./parts.js";

/** @typedef {{addAccount: string, demo: string, signIn: string, accountSignIn: string, alone: boolean}} Around alone: on a narrow screen the list is all there is */

/** @param {import("../app.js").App} app @param {Around} links */
export function list(app, links) {
  const { state } = app;
  return html`<section class="list" aria-label="Chats" role=${links.alone ? "main" : nothing}>
    ${state.chatId === null ? html`<h1 class="sr">Chats</h1>` : nothing}
    ${links.alone ? banner(app, links) : nothing} ${accounts(app, links)}
    ${app.session ? html`${finder(app)} ${rows(app)}` : nobody(app, links)}
  </section>`;
}

/** @param {import("../app.js").App} app */
function finder(app) {
  const { state } = app;
  return html`<div class="search">
      ${icon("search")}
      <input
        id="chat-search" type="search" placeholder="Search chats" aria-label="Search chats" autocomplete="off" maxlength="200"
        .value=${live(state.query)}
        @input=${(/** @type {any} */ event) => app.list.show(state.tab, event.target.value)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => searchKey(event, app)}
      /><kbd aria-hidden="true">/</kbd>
    </div>
    <div class="tabs" role="tablist" aria-label="Which chats" @keydown=${tabKey}>
      ${TABS.map((tab) => tabButton(app, tab))}
    </div>`;
}

/** No account is shown: the others that the viewer may see, or how to get one.
 * @param {import("../app.js").App} app @param {Around} links */
function nobody(app, links) {
  const { sessions } = app.state;
  if (sessions.length) {
    const link = (/** @type {import("../logic/store.js").Session} */ one) => html`<a
      class="btn" dir="auto" href=${app.navigation.path(one.id, null)}
      @click=${(/** @type {MouseEvent} */ event) => choose(event, app, one.id)}
    >${one.name}</a>`;
    return html`<p class="empty">${icon("sim_card")}<span>Choose an account.</span> ${sessions.map(link)}</p>`;
  }
  if (!app.state.mayAdd) return html`<p class="empty">${icon("sim_card")}<span>No account yet.</span><span>Ask a manager for access to one.</span></p>`;
  return html`<p class="empty">${icon("sim_card")}<span>No account yet.</span>
    ${links.addAccount ? html`<a class="btn p" href=${links.addAccount}>Add account</a>` : nothing}
    ${links.demo ? html`<a class="btn" href=${links.demo}>Try the demo</a>` : nothing}</p>`;
}

/** @param {import("../app.js").App} app @param {Around} links */
function accounts(app, links) {
  const current = app.session;
  if (!current) return nothing;
  return html`<button type="button" class="acct" popovertarget="accounts" aria-haspopup="true" id="account-button">
      ${avatar(current.name, current.id, { size: "sm", online: current.status === "ready" })}
      <div><b dir="auto">${current.name}</b><small><bdi>${current.phone}</bdi> · ${current.label}</small></div>
      ${icon("unfold_more")}
    </button>
    <div popover id="accounts" class="pop accounts" aria-label="Accounts">
      <ul>
        ${app.state.sessions.map(
          (one) => html`<li>
            <a
              href=${app.navigation.path(one.id, null)} aria-current=${one.id === current.id ? "true" : nothing}
              @click=${(/** @type {MouseEvent} */ event) => choose(event, app, one.id)}
            >
              ${avatar(one.name, one.id, { size: "sm", online: one.status === "ready" })}
              <span><b dir="auto">${one.name}</b><small><bdi>${one.phone}</bdi> · ${one.label}</small></span>
              ${one.id === current.id ? icon("check") : nothing}
            </a>
          </li>`,
        )}
      </ul>
      ${app.state.mayAdd && links.addAccount
        ? html`<a class="addacct" href=${links.addAccount}>${icon("add")} Add or manage accounts</a>`
        : nothing}
    </div>`;
}

/** @param {MouseEvent} event @param {import("../app.js").App} app @param {number} id */
function choose(event, app, id) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  document.getElementById("accounts")?.hidePopover();
  app.navigation.go(id, null);
}

/** @param {import("../app.js").App} app @param {{name: string, label: string}} tab */
function tabButton(app, tab) {
  const selected = app.state.tab === tab.name;
  const count = tab.name === "unread" && app.state.unread ? html` <small class="num">${app.state.unread}</small>` : nothing;
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

/** @param {import("../app.js").App} app */
function rows(app) {
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
    @keydown=${rowKey}
  >
    <ul>${repeat(chats, (chat) => chat.id, (chat) => html`<li>${row(app, chat)}</li>`)}</ul>
    ${view.loading ? skeleton(chats.length ? 2 : 6) : nothing}
    ${view.error ? html`<p class="hintbox" role="alert">${view.error} <button type="button" class="link" @click=${more}>Try again</button></p>` : nothing}
    ${view.more && !view.loading && !view.error ? html`<button type="button" class="link more" @click=${more}>More chats</button>` : nothing}
    ${!chats.length && !view.loading && !view.error ? empty(app) : nothing}
  </div>`;
}

/** @param {KeyboardEvent} event */
function rowKey(event) {
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
  if (state.tab !== "all") return html`<p class="empty">Nothing of this kind here.</p>`;
  const words = {
    signing_in: "This account is being signed in. Its chats appear here when that is done.",
    syncing: "Fetching this account's chats…",
    ready: "No chats yet.",
  }[app.session?.status ?? ""];
  return html`<p class="empty">${icon("inbox")}<span>${words ?? "No chats are stored yet. They come when this account is connected."}</span></p>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat */
function row(app, chat) {
  const current = chat.id === app.state.chatId;
  const classes = ["row", current && "cur", (chat.unread || chat.marked) && "un", chat.muted && "mute"].filter(Boolean).join(" ");
  const kind = kindIcon(chat);
  return html`<a
    class=${classes} href=${app.navigation.path(chat.session, chat.id)} data-chat=${chat.id} aria-current=${current ? "true" : nothing}
    @pointerdown=${(/** @type {PointerEvent} */ event) => {
      if (event.button === 0) app.history.expect(chat.session, chat.id);
    }}
    @click=${(/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      app.navigation.go(chat.session, chat.id);
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
