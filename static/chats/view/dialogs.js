// Dialogs and notices.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { icon, iconButton } from "./parts.js";
import { HELP } from "./toolbar.js";

const KEYS = [
  ["/", "Search chats"],
  ["Alt ↑  Alt ↓", "Previous or next chat"],
  ["Alt Shift ↓", "Next unread chat, the one that has waited longest"],
  ["Alt Shift ↑", "Accounts"],
  ["Alt Shift U", "Mark the open chat as unread, and leave it"],
  ["U", "Mark the focused chat as unread, or as read"],
  ["Enter", "Send"],
  ["Shift Enter", "New line"],
  ...HELP,
  ["↑", "Edit the last message (in an empty field)"],
  ["↑  ↓", "Move through messages or chats that have the focus"],
  ["R", "Reply to the focused message"],
  ["Esc", "Cancel reply or edit, leave search"],
  ["?", "This help"],
];

export function help() {
  return html`<dialog id="help" aria-labelledby="help-title">
    <form method="dialog"><h2 id="help-title">Keyboard shortcuts</h2>
      <dl class="keys">${KEYS.map(([keys, what]) => html`<dt>${keys.split("  ").map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`)}</dl>
      <div class="acts"><button class="btn p" autofocus>Close</button></div></form></dialog>`;
}

/** @param {any} message @param {(message: any) => void} remove @param {() => void} closed */
export function deletion(message, remove, closed) {
  return html`<dialog id="deletion" aria-labelledby="deletion-title" @close=${(/** @type {any} */ event) => {
    if (event.target.returnValue === "delete" && message) remove(message);
    event.target.returnValue = "";
    closed();
  }}>
    <form method="dialog"><h2 id="deletion-title">Delete this message?</h2>
      <p>It is deleted at Telegram for everybody in the chat. This cannot be undone.</p>
      <blockquote dir="auto">${message?.text?.slice(0, 200) || "A message without text"}</blockquote>
      <div class="acts"><button class="btn" value="" autofocus>Keep it</button><button class="btn danger" value="delete">Delete</button></div></form></dialog>`;
}

/** The focus goes where people write. @param {import("../app.js").App} app @param {{id: number, again?: (() => void) | null}} notice */
function again(app, notice) {
  app.dismiss(notice.id);
  notice.again?.();
  document.getElementById("composer")?.focus();
}

/** @param {import("../app.js").App} app */
export function notices(app) {
  return html`<div class="notices" role="status" aria-live="polite">${app.state.notices.map(
    (one) => html`<div class="notice">${icon("info")}<span>${one.text}</span>
      ${one.again ? html`<button type="button" class="link" @click=${() => again(app, one)}>Take it up again</button>` : nothing}
      ${iconButton("Dismiss", "close", () => app.dismiss(one.id))}</div>`,
  )}</div>`;
}
