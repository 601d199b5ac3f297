// Where one writes: reply and edit bars, the field, what stands in the way.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { MAX_LENGTH, clean } from "../logic/text.js";
import { lastEditable } from "../logic/stream.js";
import { until } from "../logic/time.js";
import { icon, iconButton } from "./parts.js";

const WARN_FROM = MAX_LENGTH - 400;
const PASTE_MOST = 8 * MAX_LENGTH;

/** Which text the field holds, so that it is put in again when chat or edited message change. */
let shownFor = "";
/** @type {HTMLTextAreaElement | null} */
let shownIn = null;

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat @param {import("./conversation.js").Actions} actions */
export function composer(app, chat, actions) {
  const barred = obstacle(app, chat);
  if (barred) return html`<footer class="cmp"><div class="w barred" role="note">${icon("lock")}<span>${barred}</span></div></footer>`;
  const { reply, editing, error } = app.writing.composer;
  const save = editing ? "Save the change" : "";
  return html`<footer class="cmp"><form class="w" @submit=${(/** @type {Event} */ event) => submit(event, app)}>
    ${editing ? bar("Edit message", "edit", editing.text, () => leave(app)) : reply ? replyBar(app, reply) : nothing}
    ${error ? html`<div class="cerr" role="alert" id="composer-error">${icon("error", "s")} ${error}</div>` : nothing}
    <div class="box">
      <textarea
        id="composer" rows="1" aria-label="Message" placeholder="Message as ${app.session?.name ?? ""}" dir="auto" enterkeyhint="send"
        aria-describedby=${error ? "composer-error" : nothing} aria-invalid=${error ? "true" : nothing}
        @input=${(/** @type {any} */ event) => typed(event.target, app, chat.id)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => keys(event, app)}
        @paste=${(/** @type {ClipboardEvent} */ event) => pasted(event, app)}
      ></textarea>
      <span class="count num" id="composer-count" aria-live="polite"></span>
      <button class="send" aria-label=${save || "Send message"} title=${save || "Send"}>${icon(editing ? "check" : "send")}</button>
    </div>
    <div class="hint"><span>Sending as <b dir="auto">${app.session?.name}</b></span>
      <span><kbd>Enter</kbd> send</span><span><kbd>Shift Enter</kbd> new line</span>
      <span><kbd>↑</kbd> edit last</span><button type="button" class="plain" @click=${actions.help}><kbd>?</kbd> all shortcuts</button></div>
  </form></footer>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat why nothing can be written here */
function obstacle(app, chat) {
  const session = app.session;
  if (session && !session.can_send) return "You may read this account's chats, but not write in them.";
  const stopped = { needs_sign_in: "must be signed in again", banned: "is banned by Telegram", disabled: "is disabled" };
  const why = session && stopped[/** @type {keyof typeof stopped} */ (session.status)];
  if (why) return `Nothing can be sent: this account ${why}.`;
  if (chat.continued_in) return continued(app.navigation.path(chat.session, chat.continued_in));
  if (chat.left) return "This account is no longer in this chat.";
  if (chat.official) return "Telegram itself writes in this chat, and reads no answers.";
  if (chat.can_send) return "";
  if (chat.kind === "channel") return "Only the channel's administrators write here.";
  if (!chat.restricted_until) return "This account may not write in this chat.";
  const end = until(new Date(chat.restricted_until), new Date());
  return `An administrator has restricted this account: it may write here again ${end}.`;
}

/** @param {string} address of the supergroup */
function continued(address) {
  return html`This group has become a supergroup. <a class="link" href=${address}>Go on there</a>`;
}

/** @param {string} title @param {string} name @param {string} text @param {() => void} cancel */
function bar(title, name, text, cancel) {
  return html`<div class="rep">${icon(name)}<div class="q"><b dir="auto">${title}</b><span dir="auto">${text || "Message"}</span></div>
    ${iconButton("Cancel (Esc)", "close", cancel)}</div>`;
}

/** @param {import("../app.js").App} app @param {import("../logic/stream.js").Message} reply what is answered */
function replyBar(app, reply) {
  return bar(`Reply to ${reply.out ? "yourself" : reply.sender.name}`, "reply", reply.text, () => leave(app));
}

/** After each painting: the draft of this chat, or the text of the message that is edited, goes in once.
 * @param {import("../app.js").App} app */
export function fill(app) {
  const field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("composer"));
  const { editing } = app.writing.composer;
  const chatId = app.state.chatId;
  const wanted = `${chatId}/${editing ? `${editing.id}/${editing.text}` : ""}`;
  if (!field || chatId === null || (wanted === shownFor && field === shownIn)) return;
  shownFor = wanted;
  shownIn = field;
  field.value = editing ? editing.text : app.drafts.of(chatId);
  size(field);
}

/** @param {HTMLTextAreaElement} field as tall as its text, up to ten lines */
function size(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 234)}px`;
  const length = clean(field.value).length;
  const count = document.getElementById("composer-count");
  if (count) {
    count.textContent = length > WARN_FROM ? `${length.toLocaleString("en")} / ${MAX_LENGTH.toLocaleString("en")}` : "";
    count.classList.toggle("over", length > MAX_LENGTH);
  }
}

/** @param {HTMLTextAreaElement} field @param {import("../app.js").App} app @param {number} chatId */
function typed(field, app, chatId) {
  size(field);
  if (app.writing.composer.error) app.writing.compose({ error: "" });
  if (app.writing.composer.editing) return;
  app.drafts.keep(chatId, field.value);
  if (field.value.trim()) app.writing.typed();
}

/** Far too much is not even put in: a browser needs many seconds to lay a megabyte out. The clipboard still has it.
 * @param {ClipboardEvent} event @param {import("../app.js").App} app */
function pasted(event, app) {
  const length = event.clipboardData?.getData("text/plain").length ?? 0;
  if (length <= PASTE_MOST) return;
  event.preventDefault();
  const [is, most] = [length.toLocaleString("en"), MAX_LENGTH.toLocaleString("en")];
  app.writing.compose({ error: `What you pasted is too long: ${is} of ${most} characters. It was not put in; paste it in parts.` });
}

/** @param {Event} event @param {import("../app.js").App} app */
function submit(event, app) {
  event.preventDefault();
  const field = /** @type {HTMLTextAreaElement} */ (document.getElementById("composer"));
  const editing = app.writing.composer.editing;
  const chatId = app.state.chatId;
  if (!app.writing.submit(field.value)) return;
  if (!editing && chatId !== null) app.drafts.keep(chatId, "");
  shownFor = "";
  app.paint();
  field.focus();
}

/** @param {KeyboardEvent} event @param {import("../app.js").App} app */
function keys(event, app) {
  const field = /** @type {HTMLTextAreaElement} */ (event.target);
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    submit(event, app);
  } else if (event.key === "Escape") {
    leave(app);
  } else if (event.key === "ArrowUp" && !event.altKey && !field.value && !app.writing.composer.editing && app.state.stream) {
    const last = lastEditable(app.messages());
    if (last) app.writing.compose({ editing: last, reply: null, error: "" });
    event.preventDefault();
  }
}

/** @param {import("../app.js").App} app */
function leave(app) {
  app.writing.compose({ editing: null, reply: null, error: "" });
  document.getElementById("composer")?.focus();
}

