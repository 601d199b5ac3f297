// The account switcher: which accounts the list is of, how much is unread in each, how each is doing.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { live } from "../../vendor/lit-html/directives/live.js";
import { unreadIn } from "../logic/store.js";
import { clock } from "../logic/time.js";
import { badgeText, label } from "../logic/unread.js";
import { accountMark, icon, statusMark } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../logic/store.js").Session} Session */
/** @typedef {{addAccount: string, notices: () => void}} Around */

/** With more accounts than this the list is folded at first. */
const FEW = 8;
/** With more than this there is a field to search them. */
const SEARCHED = 6;

let words = "";

/** Whether the list is unfolded: as this viewer left it in this browser. @param {App} app */
export function isOpen(app) {
  const count = app.state.sessions.length;
  try {
    const kept = app.storage.getItem(`tgadmin.accounts.${app.state.user.id}`);
    if (kept) return kept === "open";
  } catch {
    // Without storage it is as at first.
  }
  return count > 1 && count <= FEW;
}

/** @param {App} app @param {boolean} open */
export function fold(app, open) {
  words = "";
  try {
    app.storage.setItem(`tgadmin.accounts.${app.state.user.id}`, open ? "open" : "folded");
  } catch {
    app.notice("This browser keeps nothing for this page: the accounts stay as they are.");
  }
  app.draw();
}

/** To where an account is chosen by keyboard. @param {App} app */
export function focusAccounts(app) {
  if (!isOpen(app)) fold(app, true);
  app.paint();
  const list = document.getElementById("accounts");
  const search = /** @type {HTMLInputElement | null} */ (document.getElementById("account-search"));
  const to = search ?? list?.querySelector("a[aria-current]") ?? list?.querySelector("a") ?? document.getElementById("account-button");
  /** @type {HTMLElement | null} */ (to)?.focus();
  search?.select();
}

/** @param {App} app @param {Around} around */
export function accounts(app, around) {
  const { sessions, everywhere } = app.state;
  if (!sessions.length) return nothing;
  const open = isOpen(app);
  return html`<nav class="acl" aria-label="Accounts" @keydown=${(/** @type {KeyboardEvent} */ event) => keys(event, app)}>
    ${head(app, open)}
    <div id="accounts" ?hidden=${!open}>
      ${sessions.length > SEARCHED ? finder(app) : nothing}
      <ul>
        ${sessions.length > 1 && !everywhere && !words.trim() ? html`<li>${everything(app)}</li>` : nothing}
        ${matching(sessions).map((one) => html`<li>${account(app, one)}</li>`)}
      </ul>
      ${matching(sessions).length ? nothing : html`<p class="none1" role="status">No account matches “<bdi>${words.trim()}</bdi>”.</p>`}
      <div class="more1">
        ${app.state.mayAdd && around.addAccount
          ? html`<a class="addacct" href=${around.addAccount}>${icon("add")} Add or manage accounts</a>`
          : nothing}
        ${app.notices.possible
          ? html`<button type="button" class="addacct" @click=${around.notices}>${icon("notifications")} Desktop notices</button>`
          : nothing}
      </div>
    </div>
  </nav>`;
}

/** @param {App} app @param {boolean} open */
function head(app, open) {
  const { everywhere } = app.state;
  const current = everywhere ? null : app.session;
  const name = current?.name ?? (everywhere ? "All accounts" : "Choose an account");
  const unread = unreadIn(app.state, current?.id ?? null);
  return html`<button
    type="button" class="acct ${everywhere ? "cur" : ""}" id="account-button" aria-expanded=${open} aria-controls="accounts"
    @click=${() => fold(app, !open)}
  >
    ${current ? accountMark(current) : icon("inbox")}
    <span class="nm"><b dir="auto">${name}</b>${current ? html`<small><bdi>${current.phone}</bdi> · ${current.label}</small>` : nothing}</span>
    ${badge(unread)} ${icon("keyboard_arrow_down", open ? "up" : "")}
  </button>`;
}

/** @param {App} app */
function finder(app) {
  return html`<div class="search">${icon("search")}<input
      id="account-search" type="search" placeholder="Search accounts" aria-label="Search accounts" autocomplete="off" maxlength="200"
      .value=${live(words)}
      @input=${(/** @type {any} */ event) => {
        words = event.target.value;
        app.draw();
      }}
    /></div>`;
}

/** @param {Session[]} sessions */
function matching(sessions) {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return sessions.filter((one) => wanted.every((word) => `${one.name}\n${one.phone}`.toLocaleLowerCase().includes(word)));
}

/** @param {App} app */
function everything(app) {
  return link(app, null, html`${icon("inbox")}<span class="nm">All accounts</span>${badge(unreadIn(app.state, null))}`);
}

/** @param {App} app @param {Session} one */
function account(app, one) {
  const unread = unreadIn(app.state, one.id);
  return link(app, one.id, html`${accountMark(one)}<span class="nm" dir="auto">${one.name}</span>${status(one)}${badge(unread)}`);
}

/** @param {App} app @param {number | null} id @param {unknown} inside */
function link(app, id, inside) {
  const current = !app.state.everywhere && id !== null && id === app.state.sessionId;
  return html`<a
    href=${app.navigation.path(id, null, id === null)} aria-current=${current ? "true" : nothing}
    @click=${(/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      choose(app, id, event.detail === 0);
    }}
  >${inside}</a>`;
}

/** @param {App} app @param {number | null} id @param {boolean} byKey */
async function choose(app, id, byKey) {
  words = "";
  if (app.state.sessions.length > FEW) fold(app, false);
  await app.navigation.go(id, null, { everywhere: id === null });
  app.paint();
  if (byKey) app.list.focusWhenThere();
}

/** @param {Session} one */
function status(one) {
  const until = one.flood_until ? new Date(one.flood_until) : null;
  const waits = one.status === "ready" && until && until > new Date();
  return waits ? statusMark("hourglass_top", "warn", `Flood wait to ${clock(until)}`) : statusMark(...statusWords(one));
}

/** @type {Record<string, [string, string]>} status -> icon, colour */
const MARKS = {
  ready: ["check_circle", "ok"],
  syncing: ["sync", "warn"],
  connecting: ["sync", "warn"],
  signing_in: ["login", "warn"],
  disconnected: ["cloud_off", "warn"],
  connection_failed: ["cloud_off", "bad"],
  needs_sign_in: ["login", "bad"],
  banned: ["block", "bad"],
  disabled: ["block", "off"],
};

/** @param {Session} one @returns {[string, string, string]} */
function statusWords(one) {
  const [name, colour] = MARKS[one.status] ?? ["info", "off"];
  return [name, colour, one.label];
}

/** What is not muted, in colour; only muted ones, in grey. @param {import("../logic/unread.js").Unread} unread */
export function badge(unread) {
  const muted = !unread.chats && unread.muted_chats;
  const count = unread.chats || unread.muted_chats;
  if (!count) return html`<span class="z" title="nothing unread"><span class="sr">nothing unread</span></span>`;
  return html`<span class="bdg ${muted ? "mu" : ""}" title=${label(unread)}
    ><span aria-hidden="true">${badgeText(count)}</span><span class="sr">${label(unread)}</span></span>`;
}

/** ↑ ↓ Home End move, Esc leaves. @param {KeyboardEvent} event @param {App} app */
function keys(event, app) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const here = /** @type {HTMLElement} */ (event.target);
  const stops = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("#accounts:not([hidden]) :is(input, a, button)")];
  const at = stops.indexOf(here);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: stops.length - 1 }[event.key];
  if (event.key === "Escape") {
    if (words) {
      words = "";
      app.draw();
    } else document.getElementById("composer")?.focus();
    event.preventDefault();
  } else if (event.key === "Enter" && here.id === "account-search") {
    /** @type {HTMLElement | null} */ (document.querySelector("#accounts a"))?.click();
    event.preventDefault();
  } else if (to !== undefined && (here.tagName !== "INPUT" || event.key.startsWith("Arrow"))) {
    const next = to < 0 ? document.getElementById("account-button") : stops[to];
    /** @type {HTMLElement | null | undefined} */ (next)?.focus();
    event.preventDefault();
  }
}
