// The middle column: header, banners, the stream of messages, its edges.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { repeat } from "../../vendor/lit-html/directives/repeat.js";
import { kindLabel, membersLabel } from "../logic/list.js";
import { closeReason, refusalReason } from "../logic/socket.js";
import { hiddenHere, typingLabel } from "../logic/store.js";
import { hiddenLabel, rows } from "../logic/stream.js";
import { clockSeconds, dayLabel, exact, until } from "../logic/time.js";
import { composer } from "./composer.js";
import { message } from "./message.js";
import { accountMark, avatar, icon, iconButton } from "./parts.js";

/**
 * @typedef {{reply: (one: any) => void, edit: (one: any) => void, copy: (one: any) => void, askDelete: (one: any) => void,
 *   find: (tid: number) => void, jump: () => void, back: () => void, details: () => void, help: () => void,
 *   scrolled: () => void, signIn: string, accountSignIn: string, detailsOpen: boolean,
 *   menu: (chat: import("../logic/list.js").Chat, at: {x: number, y: number, end?: boolean}) => void,
 *   nextUnread: () => void, accounts: () => void, markUnread: () => void}} Actions
 */

/** @param {import("../app.js").App} app @param {Actions} actions */
export function conversation(app, actions) {
  const chat = app.chat;
  if (app.state.chatId === null || !chat) {
    const [title, text] = app.session || app.state.everywhere
      ? ["Choose a chat", html`Pick one on the left, or press <kbd>/</kbd> to search and <kbd>?</kbd> for all shortcuts.`]
      : ["No chats yet", "They appear here once a Telegram account is signed in."];
    return html`<main class="conv">${banner(app, actions)}
      <div class="none"><div>${icon("forum")}<h2>${title}</h2><p>${text}</p></div></div></main>`;
  }
  return html`<main class="conv">
    ${header(app, chat, actions)} ${banner(app, actions)}
    <div class="lw">${log(app, chat, actions)} ${jump(app, actions)}</div>
    ${composer(app, chat, actions)}
  </main>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat @param {Actions} actions */
function header(app, chat, actions) {
  const typing = typingLabel(app.state, chat);
  const { everywhere } = app.state;
  const account = everywhere && app.session ? html`${accountMark(app.session)} <span dir="auto">${app.session.name}</span> · ` : nothing;
  const facts = [membersLabel(chat) || (chat.online ? "online" : kindLabel(chat)), chat.username && `@${chat.username}`];
  return html`<header class="hd">
    ${iconButton("Back to chats", "arrow_back", actions.back, "back")}
    ${avatar(chat.title, chat.peer, { online: chat.online })}
    <div class="g"><h1 dir="auto">${chat.title}</h1>
      <div class="sub">${account}<bdi>${facts.filter(Boolean).join(" · ")}</bdi>${typing ? html` · <em>${typing}</em>` : nothing}</div></div>
    <button type="button" class="ib" aria-label="Chat details" title="Chat details" aria-expanded=${actions.detailsOpen} @click=${actions.details}>
      ${icon("info")}
    </button>
    ${app.session?.can_send
      ? html`<button
          type="button" class="ib" id="chat-more" aria-label="More actions" title="More actions" aria-haspopup="menu"
          @click=${(/** @type {Event} */ event) => actions.menu(chat, below(event))}
        >${icon("more_vert")}</button>`
      : nothing}
  </header>`;
}

/** @param {Event} event where a menu of this button opens */
function below(event) {
  const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
  return { x: box.right, y: box.bottom + 4, end: true };
}

/** What is wrong, if anything: first the page's own connection, then the account's.
 * @param {import("../app.js").App} app @param {{signIn: string, accountSignIn: string}} actions */
export function banner(app, actions) {
  const { connection } = app.state;
  const since = clockSeconds(new Date(connection.since));
  if (connection.state === "refused") {
    const reload = html`<button type="button" class="link" @click=${() => location.reload()}>Reload</button>`;
    const link = connection.code === 4401 ? html`<a class="link" href=${actions.signIn}>Sign in</a>` : reload;
    return html`<div class="net bad" role="status">${icon("error")}
      <span>${closeReason(connection.code) || "The server refused the connection."}</span> ${link}</div>`;
  }
  const refused = connection.state === "open" ? "" : refusalReason(connection.code, connection.refusal);
  if (refused) return html`<div class="net" role="status">${icon("error")}<span>${refused}</span></div>`;
  if (connection.state !== "open" && connection.code) {
    const why = closeReason(connection.code) || (navigator.onLine ? "" : "This device is offline.");
    return html`<div class="net" role="status">${icon("sync", "spin")}<span>Connection lost at ${since}. ${why} Reconnecting…</span></div>`;
  }
  return accountBanner(app, actions.accountSignIn);
}

/** @param {import("../app.js").App} app @param {string} signIn where an account is signed in again */
function accountBanner(app, signIn) {
  const session = app.session;
  if (!session) return nothing;
  const now = new Date();
  if (session.status !== "ready" && session.message) {
    const bad = ["needs_sign_in", "banned", "connection_failed", "disabled", "no_gateway"].includes(session.status);
    const retry = session.retry_at && new Date(session.retry_at) > now ? ` Next try ${until(new Date(session.retry_at), now)}.` : "";
    return html`<div class="net ${bad ? "bad" : ""}" role="status" title="Since ${exact(new Date(session.since))}">
      ${icon(bad ? "error" : "cloud_off")}<span>${session.message} ${session.cause}${retry}</span> ${wayOut(session, signIn)}</div>`;
  }
  if (session.flood_until && new Date(session.flood_until) > now) {
    return html`<div class="net" role="status">${icon("hourglass_top")}
      <span>Telegram makes this account wait: what you send goes out ${until(new Date(session.flood_until), now)}.</span></div>`;
  }
  return nothing;
}

/** What to do about an account that needs a person. @param {import("../logic/frames.js").Session} session @param {string} signIn */
function wayOut(session, signIn) {
  if (session.status !== "needs_sign_in") return nothing;
  if (session.can_manage) return html`<a class="link" href="${signIn}?session=${session.id}">Sign in again</a>`;
  const who = session.managers.length ? `: ${session.managers.join(", ")}` : "";
  return html`<span dir="auto">Ask a manager${who}.</span>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat @param {Actions} actions */
function log(app, chat, actions) {
  const { stream, streamError } = app.state;
  if (!stream || stream.chat !== chat.id) {
    return html`<div class="log" tabindex="0" aria-label="Messages in ${chat.title}" role="log" aria-live="off" aria-busy="true">
      ${streamError
        ? html`<div class="edge" role="alert">${streamError} <button type="button" class="link" @click=${() => app.history.load()}>Try again</button></div>`
        : html`<div class="skels" aria-hidden="true"><i></i><i class="o"></i><i></i><i></i><i class="o"></i></div>
          <span class="sr" role="status">Loading messages</span>`}
    </div>`;
  }
  const drawn = rows(app.messages(), stream.newLine);
  const group = chat.kind === "group" || chat.kind === "supergroup";
  const around = { group, channel: chat.kind === "channel", readUpTo: chat.read_outbox, actions };
  return html`<div class="log" id="log" role="log" aria-live="off" aria-label="Messages in ${chat.title}" tabindex="0" @scroll=${actions.scrolled}>
    <div class="in">
      ${topEdge(app, stream, drawn.length)}
      ${repeat(drawn, (row) => row.key, (row) => draw(app, row, around))}
      ${hiddenEdge(app)}
      ${app.state.edge.newer === "loading" ? html`<div class="edge">Loading newer messages…</div>` : nothing}
    </div>
  </div>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/stream.js").Row} row @param {any} around */
function draw(app, row, around) {
  if (row.type === "day") return html`<div class="day" data-key=${row.key} title=${exact(row.date)}>${dayLabel(row.date, new Date())}</div>`;
  if (row.type === "new") return html`<div class="new" role="separator" data-key="new" aria-label="New messages">New messages</div>`;
  return message(app, row, around);
}

/** Where the window's upper end is, honestly said.
 * @param {import("../app.js").App} app @param {import("../logic/stream.js").Stream} stream @param {number} count */
function topEdge(app, stream, count) {
  const { edge } = app.state;
  const again = html`<button type="button" class="link" @click=${() => app.history.older()}>Try again</button>`;
  if (edge.older === "loading") return html`<div class="edge late">Loading…</div>`;
  if (edge.older === "telegram") return html`<div class="edge">${icon("sync", "spin s")} Asking Telegram for older messages…</div>`;
  if (edge.older === "late") return html`<div class="edge">${icon("hourglass_top", "s")} ${edge.message}</div>`;
  if (edge.older === "away") return html`<div class="edge">${icon("cloud_off", "s")} ${edge.message}</div>`;
  if (edge.older === "failed") return html`<div class="edge">${icon("error", "s")} ${edge.message} ${again}</div>`;
  const before = app.chat?.continues;
  if (stream.older === "start" && before) {
    const address = app.navigation.path(app.chat?.session ?? 0, before);
    return html`<div class="edge">This group became a supergroup here. <a class="link" href=${address}>Older messages</a></div>`;
  }
  if (stream.older === "start") return html`<div class="edge">${count ? "This is the start of the chat." : "No messages yet."}</div>`;
  return html`<div class="edge"></div>`;
}

/** Nothing that waits is left out in silence. @param {import("../app.js").App} app */
function hiddenEdge(app) {
  const label = hiddenLabel(hiddenHere(app.state));
  return label ? html`<div class="edge" role="status" data-key="hidden">${icon("schedule", "s")} ${label}</div>` : nothing;
}

/** @param {import("../app.js").App} app @param {Actions} actions */
function jump(app, actions) {
  const { stream, pinned } = app.state;
  if (!stream || (pinned && !stream.newer)) return nothing;
  const count = stream.unseen;
  const label = count ? `To the newest message, ${count} new` : "To the newest message";
  return html`<button type="button" class="jump" aria-label=${label} title="To the newest message" @click=${actions.jump}>
    ${icon("keyboard_arrow_down")}${count ? html`<b class="bdg">${count}</b>` : nothing}</button>`;
}
