// Small things that every view draws: icons, avatars, times, status.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { colour, initials } from "../logic/text.js";
import { exact } from "../logic/time.js";

let sprite = "";

/** @param {string} address of the icons' sprite */
export function useIcons(address) {
  sprite = address;
}

/** @param {string} name @param {string} [extra] classes */
export function icon(name, extra = "") {
  return html`<svg class="i ${extra}" aria-hidden="true"><use href="${sprite}#${name}"></use></svg>`;
}

/** @param {string} name @param {number} id @param {{size?: string, online?: boolean}} [how] */
export function avatar(name, id, { size = "", online = false } = {}) {
  return html`<span class="av ${size} c${colour(id)}" aria-hidden="true"
    >${initials(name)}${online ? html`<i class="on"></i>` : nothing}</span
  >`;
}

/** An account's mark: two letters in its colour. @param {{id: number, name: string}} account */
export function accountMark({ id, name }) {
  return html`<span class="am c${colour(id)}" aria-hidden="true">${initials(name)}</span>`;
}

/** How an account is doing: icon, word and colour. @param {string} name of the icon @param {string} colour @param {string} words */
export function statusMark(name, colour, words) {
  return html`<span class="st1 ${colour}1">${icon(name)}${words}</span>`;
}

/** @param {string} at ISO @param {(date: Date) => string} say */
export function time(at, say) {
  const date = new Date(at);
  return html`<time datetime=${at} title=${exact(date)}>${say(date)}</time>`;
}

/** @type {Record<string, [string, string]>} status -> class, icon */
const STATUS = {
  ready: ["ok", "check_circle"],
  syncing: ["info", "sync"],
  connecting: ["info", "sync"],
  signing_in: ["info", "login"],
  disconnected: ["warn", "cloud_off"],
  connection_failed: ["bad", "cloud_off"],
  needs_sign_in: ["bad", "login"],
  banned: ["bad", "block"],
  disabled: ["off", "block"],
};

/** Icon, word and colour together. @param {import("../logic/store.js").Session} session */
export function statusChip(session) {
  const [style, name] = STATUS[session.status] ?? ["off", "info"];
  return html`<span class="chip ${style}">${icon(name)}${session.label}</span>`;
}

/** @param {string} label @param {string} name of the icon @param {(event: Event) => void} act @param {string} [extra] */
export function iconButton(label, name, act, extra = "") {
  return html`<button type="button" class="ib ${extra}" aria-label=${label} title=${label} @click=${act}>${icon(name)}</button>`;
}
