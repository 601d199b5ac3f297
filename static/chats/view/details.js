// The right column: facts of the chat and of the account it belongs to.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { kindLabel, membersLabel } from "../logic/list.js";
import { listTime, until } from "../logic/time.js";
import { avatar, iconButton, statusChip, time } from "./parts.js";

/** @param {import("../app.js").App} app @param {any} facts from the server, or null while they come @param {() => void} close */
export function details(app, facts, close) {
  const chat = app.chat;
  const session = app.session;
  if (!chat || !session) return nothing;
  const now = new Date();
  const flood = session.flood_until && new Date(session.flood_until) > now ? until(new Date(session.flood_until), now) : "";
  return html`<aside class="side" aria-label="Chat details" @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}>
    ${iconButton("Close details", "close", close, "shut")}
    <div class="top">${avatar(chat.title, chat.peer, { size: "lg" })}<b dir="auto">${chat.title}</b>
      <span class="muted">${[kindLabel(chat), membersLabel(chat)].filter(Boolean).join(" · ")}</span></div>
    <h2>Chat</h2>
    <dl class="kv">
      <dt>Chat ID</dt><dd class="num"><bdi>${chat.peer}</bdi></dd>
      ${chat.username ? html`<dt>Username</dt><dd><bdi>@${chat.username}</bdi></dd>` : nothing}
      <dt>Your role</dt><dd>${session.role}</dd>
      ${facts?.slow_until ? html`<dt>Slow mode</dt><dd class="num">until ${until(new Date(facts.slow_until), now).replace("at ", "")}</dd>` : nothing}
      <dt>History stored</dt><dd class="num">${facts ? stored(facts) : "…"}</dd>
    </dl>
    <h2>Account</h2>
    <dl class="kv"><dt>Health</dt><dd>${statusChip(session)}</dd>
      ${session.cause ? html`<dt>Cause</dt><dd>${session.cause}</dd>` : nothing}
      <dt>Flood wait</dt><dd class="num">${flood ? `until ${flood.replace("at ", "")}` : "None"}</dd></dl>
    <h2>Sent by staff</h2>
    ${facts?.staff.length
      ? html`<ul class="au">${facts.staff.map(
          (/** @type {any} */ one) => html`<li>${avatar(one.name, one.id, { size: "sm" })}<span dir="auto">${one.name}</span>
            <small>${time(one.at, (date) => listTime(date, now))}</small></li>`,
        )}</ul>`
      : html`<p class="muted">${facts ? "Nobody here has written in this chat yet." : "…"}</p>`}
  </aside>`;
}

/** @param {any} facts */
function stored(facts) {
  const count = `${facts.stored.toLocaleString("en")} message${facts.stored === 1 ? "" : "s"}`;
  return facts.history_complete ? `${count}, all` : count;
}
