// One message.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { colour } from "../logic/text.js";
import { answered, buttons } from "../logic/details.js";
import { isAttachment, media, service } from "../logic/names.js";
import { canEdit } from "../logic/stream.js";
import { clock, exact, until } from "../logic/time.js";
import { avatar, icon, iconButton, time } from "./parts.js";
import { formatted } from "./text.js";

/**
 * @param {import("../app.js").App} app
 * @param {Extract<import("../logic/stream.js").Row, {type: "message"}>} row
 * @param {{group: boolean, channel: boolean, readUpTo: number, actions: import("./conversation.js").Actions}} around
 */
export function message(app, row, around) {
  const one = row.message;
  if (one.service && !one.deleted) return serviceLine(row, around.channel);
  const failed = one.state === "failed";
  const classes = ["m", one.out && "o", row.first && "f", failed && "fail", !around.group && "pv"].filter(Boolean).join(" ");
  return html`<article class=${classes} tabindex="-1" data-key=${row.key} data-tid=${one.tid ?? nothing} aria-label=${label(one)}>
    ${one.out || !around.group ? nothing : row.first ? avatar(one.sender.name, one.sender.id, { size: "sm" }) : html`<span></span>`}
    <div class="b">
      ${row.first && !one.out && around.group ? html`<div class="n k${colour(one.sender.id)}" dir="auto">${one.sender.name}</div>` : nothing}
      ${one.deleted
        ? html`<span class="tomb">${icon("delete", "s")} Message deleted</span>`
        : html`${forwarded(one)}${quote(one, around.actions)}${attachment(one)}${body(app, one)}${offered(one)}`}
      ${meta(app, one, around.readUpTo)} ${one.deleted ? nothing : toolbar(app, one, around.actions)}
    </div>
    ${foot(app, one)}
  </article>`;
}

/** @param {import("../logic/stream.js").Message} one */
function label(one) {
  return `${one.out ? "You" : one.sender.name}, ${clock(new Date(one.date))}`;
}

/** @param {Extract<import("../logic/stream.js").Row, {type: "message"}>} row @param {boolean} channel */
function serviceLine(row, channel) {
  const one = row.message;
  const who = one.out ? "You" : one.sender.name;
  return html`<div class="srv" data-key=${row.key} title=${exact(new Date(one.date))}>
    <span dir="auto">${service(one.service, who, one.sender.id, channel ? "channel" : "group")}</span>
  </div>`;
}

/** @param {import("../logic/stream.js").Message} one */
function forwarded(one) {
  return one.forward ? html`<div class="fwd">${icon("forward", "s")} Forwarded from <bdi>${one.forward.name}</bdi></div>` : nothing;
}

/** @param {import("../logic/stream.js").Message} one @param {import("./conversation.js").Actions} actions */
function quote(one, actions) {
  const found = answered(one, (kind) => media({ kind }).word);
  if (!found) return nothing;
  const { name, text, tid } = found;
  const said = html`<b dir="auto">${name}</b><span dir="auto">${text}</span>`;
  if (tid === null) return html`<div class="q">${said}</div>`;
  return html`<button type="button" class="q" title="Go to this message" @click=${() => actions.find(tid)}>${said}</button>`;
}

/** What a bot offers under its message; its buttons work in Telegram's own apps. @param {import("../logic/stream.js").Message} one */
function offered(one) {
  const rows = buttons(one);
  if (!rows.length) return nothing;
  return html`<div class="kb" role="group" aria-label="Buttons, which work in Telegram's own apps" title="These buttons work in Telegram's own apps.">
    ${rows.map((row) => html`<div>${row.map((text) => html`<span dir="auto">${text}</span>`)}</div>`)}
  </div>`;
}

/** @param {import("../logic/stream.js").Message} one */
function attachment(one) {
  if (!isAttachment(one.media)) return nothing;
  const { icon: name, word, name: title } = media(one.media);
  return html`<div class="att"><span class="fi">${icon(name)}</span>
    <div><b dir="auto">${title || word}</b><small>${title ? word : "At Telegram"}${size(one.media.size)}</small></div></div>`;
}

/** @param {number | undefined} bytes */
function size(bytes) {
  if (!bytes) return "";
  const mega = bytes / 1_048_576;
  return mega >= 1 ? ` · ${mega.toFixed(1)} MB` : ` · ${Math.ceil(bytes / 1024)} KB`;
}

/** @param {import("../app.js").App} app @param {import("../logic/stream.js").Message} one */
function body(app, one) {
  const { text, entities } = app.codes.of(one) ?? one;
  return html`${text ? html`<span class="tx" dir="auto">${formatted(text, entities)}</span>` : nothing}${code(app, one)}`;
}

/** A message with a code in it: a manager may have it shown. @param {import("../app.js").App} app @param {import("../logic/stream.js").Message} one */
function code(app, one) {
  if (!one.masked || !app.session?.can_manage) return nothing;
  const shown = app.codes.of(one) !== null;
  const [word, name, act] = shown ? ["Hide code", "lock", () => app.changes.hideCode(one)] : ["Show code", "visibility", () => app.changes.showCode(one)];
  return html`<button type="button" class="eye" title=${shown ? "Hide the code again" : "Show the code. It is noted that you saw it."}
    @click=${act}>${icon(/** @type {string} */ (name), "s")}${word}</button>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/stream.js").Message} one @param {number} readUpTo */
function meta(app, one, readUpTo) {
  const saving = one.id === null ? undefined : app.state.saving.get(one.id);
  const who = one.out ? one.staff?.name.split(" ")[0] : one.author;
  const edited = one.edited && !one.deleted ? html`<span title="Edited ${exact(new Date(one.edited))}">edited</span>` : nothing;
  return html`<span class="meta num"
    >${who ? html`<span dir="auto" title=${one.staff ? `Sent by ${one.staff.name}` : nothing}>${who}</span><span>·</span>` : nothing}
    ${one.expires ? html`<span title="Deleted everywhere ${until(new Date(one.expires), new Date())}">${icon("hourglass_top")}</span>` : nothing}
    ${saving ? html`<span>${saving}…</span>` : edited}${time(one.date, clock)}${one.out ? delivery(one, readUpTo) : nothing}</span
  >`;
}

/** @param {import("../logic/stream.js").Message} one @param {number} readUpTo */
function delivery(one, readUpTo) {
  if (one.state === "failed") return html`${icon("error")}<span class="sr">Not sent</span>`;
  if (one.tid === null) return html`${icon("schedule")}<span class="sr">Sending</span>`;
  if (one.tid <= readUpTo) return html`<span class="rd">${icon("done_all")}</span><span class="sr">Read</span>`;
  return html`${icon("check")}<span class="sr">Sent</span>`;
}

/** Why a message waits, in a few words. */
const WAITS = { SLOWMODE_WAIT: ": slow mode", FLOOD_WAIT: ": Telegram limits how fast this account sends" };

/** @param {import("../app.js").App} app @param {import("../logic/stream.js").Message} one */
function foot(app, one) {
  if (one.state === "failed") {
    return html`<div class="foot"><span>Not sent: ${one.error?.message ?? "Telegram refused it."} ${one.error?.next ?? ""}</span>
      <button type="button" class="retry" @click=${() => app.delivery.retry(one)}>Retry</button>
      <button type="button" class="retry off" @click=${() => app.delivery.discard(one)}>Delete</button></div>`;
  }
  if (one.state === "sending" && one.waits_until) {
    const when = until(new Date(one.waits_until), new Date());
    const why = WAITS[/** @type {keyof typeof WAITS} */ (one.error?.code ?? "")];
    return html`<div class="foot wait">${icon("hourglass_top")}<span title=${one.error?.message ?? nothing}>Goes out ${when}${why ?? ""}</span>
      <button type="button" class="retry off" @click=${() => app.delivery.discard(one)}>Do not send</button></div>`;
  }
  return nothing;
}

/** @param {import("../app.js").App} app @param {import("../logic/stream.js").Message} one @param {import("./conversation.js").Actions} actions */
function toolbar(app, one, actions) {
  if (one.tid === null) return nothing;
  const writes = app.session?.can_send && app.chat?.can_send;
  return html`<div class="tool" role="toolbar" aria-label="Message actions">
    ${writes ? iconButton("Reply", "reply", () => actions.reply(one)) : nothing}
    ${one.text ? iconButton("Copy text", "content_copy", () => actions.copy(one)) : nothing}
    ${writes && canEdit(one) ? iconButton("Edit", "edit", () => actions.edit(one)) : nothing}
    ${app.session?.can_send ? iconButton("Delete", "delete", () => actions.askDelete(one)) : nothing}
  </div>`;
}
