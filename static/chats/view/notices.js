// Desktop notices: the question below the list, and what is wanted of which account.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { accountMark, icon, iconButton } from "./parts.js";

/** @typedef {import("../app.js").App} App */

/** @param {App} app @param {{notices: () => void}} around */
export function question(app, around) {
  if (!app.notices.asks) return nothing;
  const allow = async () => (await app.notices.allow()) && around.notices();
  return html`<div class="lf" role="group" aria-label="Desktop notices">${icon("notifications")}<span>Show desktop notices?</span>
    <button type="button" class="btn" @click=${allow}>Allow</button>
    ${iconButton("Not now", "close", () => later(app))}</div>`;
}

/** The buttons go, and the focus does not go with them. @param {App} app */
function later(app) {
  app.notices.later();
  app.paint();
  document.getElementById("chat-search")?.focus();
}

/** @param {App} app */
export function noticesDialog(app) {
  return html`<dialog id="notices" aria-labelledby="notices-title"><form method="dialog">
    <h2 id="notices-title">Desktop notices</h2>
    <p>For this browser only: other devices that you use have their own.</p>
    ${app.notices.possible ? state(app) : nothing}
    <div class="acts"><button class="btn p" autofocus>Close</button></div></form></dialog>`;
}

/** @param {App} app */
function state(app) {
  const { permission } = app.notices;
  if (permission === "denied") {
    return html`<p class="hintbox">This browser refuses them for this address. To undo that, open the settings of this site beside
      the address, allow notifications, and reload the page.</p>`;
  }
  if (permission === "default") {
    return html`<button type="button" class="btn" @click=${() => app.notices.allow()}>Allow desktop notices</button>`;
  }
  return html`<table class="wish">
    <thead><tr><th scope="col">Account</th><th scope="col">Show</th><th scope="col">Sound</th><th scope="col">With text</th></tr></thead>
    <tbody>${app.state.sessions.map((one) => line(app, one))}</tbody></table>
    <p class="muted">Without text a notice names the chat alone. With text, others may read it on a locked screen.</p>`;
}

/** @param {App} app @param {import("../logic/store.js").Session} one */
function line(app, one) {
  const wish = app.notices.of(one.id);
  /** @param {"on" | "sound" | "text"} name @param {string} label */
  const box = (name, label) => html`<td><input
    type="checkbox" aria-label="${label}: ${one.name}" .checked=${wish[name]} ?disabled=${name !== "on" && !wish.on}
    @change=${(/** @type {any} */ event) => app.notices.wish(one.id, { [name]: event.target.checked })}
  /></td>`;
  return html`<tr><th scope="row">${accountMark(one)} <span dir="auto">${one.name}</span></th>
    ${box("on", "Show")}${box("sound", "Sound")}${box("text", "With text")}</tr>`;
}
