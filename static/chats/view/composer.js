// Where one writes: reply and edit bars, the field, what stands in the way.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { longest } from "../logic/captions.js";
import { NOTHING, covered, editable } from "../logic/format.js";
import { key, lastEditable, unsent } from "../logic/stream.js";
import { MAX_LENGTH, clean } from "../logic/text.js";
import { until } from "../logic/time.js";
import { Editor } from "./editor.js";
import { icon, iconButton } from "./parts.js";
import { Toolbar } from "./toolbar.js";

const WARN_BEFORE = 400;

/** Which text the field holds, so that it is put in again when chat or edited message change. */
let shownFor = "";
/** The field, once it is there. @type {{editor: Editor, toolbar: Toolbar} | null} */
let field = null;

/** @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat @param {import("./conversation.js").Actions} actions */
export function composer(app, chat, actions) {
  const barred = obstacle(app, chat);
  if (barred) return html`<footer class="cmp"><div class="w barred" role="note">${icon("lock")}<span>${barred}</span></div></footer>`;
  const { reply, editing, error } = app.writing.composer;
  const save = editing ? "Save the change" : "";
  return html`<footer class="cmp"><form class="w" @submit=${(/** @type {Event} */ event) => submit(event, app)}>
    ${editing ? bar("Edit message", "edit", covered(editing), () => leave(app)) : reply ? replyBar(app, reply) : nothing}
    ${unsentBar(app, chat)}
    ${error ? html`<div class="cerr" role="alert" id="composer-error">${icon("error", "s")} ${error}</div>` : nothing}
    <div class="box">
      ${field?.editor.root.isConnected ? field.toolbar.draw() : nothing}
      <div
        id="composer" class="rich" contenteditable="true" role="textbox" aria-multiline="true" aria-label="Message" dir="auto" enterkeyhint="send"
        aria-placeholder="Message as ${app.session?.name ?? ""}" data-placeholder="Message as ${app.session?.name ?? ""}"
        aria-describedby=${error ? "composer-error" : nothing} aria-invalid=${error ? "true" : nothing}
        @keydown=${(/** @type {KeyboardEvent} */ event) => keys(event, app)}
        @paste=${pasted}
      ></div>
      <span class="count num" id="composer-count" aria-live="polite"></span>
      <button class="send" aria-label=${save || "Send message"} title=${save || "Send"}>${icon(editing ? "check" : "send")}</button>
    </div>
    <div class="hint"><span>Sending as <b dir="auto">${app.session?.name}</b></span>
      <span><kbd>Enter</kbd> send</span><span><kbd>Shift Enter</kbd> new line</span>
      <span><kbd>↑</kbd> edit last</span><button type="button" class="plain" @click=${actions.help}><kbd>?</kbd> all shortcuts</button></div>
  </form></footer>`;
}

/** What could not be sent stands above, maybe out of sight. @param {import("../app.js").App} app @param {import("../logic/list.js").Chat} chat */
function unsentBar(app, chat) {
  const count = chat.waiting.failed;
  if (!count) return nothing;
  return html`<div class="unsent">${icon("error", "s")}<span>${count === 1 ? "1 message was" : `${count} messages were`} not sent.</span>
    <button type="button" class="link" @click=${() => showUnsent(app)}>Show</button></div>`;
}

/** @param {import("../app.js").App} app */
function showUnsent(app) {
  const [first] = unsent(app.messages());
  if (!first) return;
  const found = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key(first))}"]`));
  found?.scrollIntoView({ block: "center" });
  found?.focus({ preventScroll: true });
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
  return bar(`Reply to ${reply.out ? "yourself" : reply.sender.name}`, "reply", covered(reply), () => leave(app));
}

/** After each painting: the draft of this chat, or the text of the message that is edited, goes in once.
 * @param {import("../app.js").App} app */
export function fill(app) {
  const root = document.getElementById("composer");
  const chatId = app.state.chatId;
  if (!root || chatId === null) return;
  const { editing } = app.writing.composer;
  const { editor, toolbar } = attached(root, app);
  const wanted = `${chatId}/${editing ? `${editing.id}/${editing.text}` : ""}`;
  if (wanted !== shownFor) {
    shownFor = wanted;
    editor.load(editing ? editable(editing) : app.drafts.rich(chatId));
    count(app);
  }
  toolbar.place();
}

/** The field's model and toolbar, made when its element is a new one. @param {HTMLElement} root @param {import("../app.js").App} app */
function attached(root, app) {
  if (field?.editor.root !== root) {
    const editor = new Editor(root, { changed: () => typed(app), tooMuch: (length) => tooMuch(app, length) });
    field = { editor, toolbar: new Toolbar(editor, app) };
    shownFor = "";
  }
  return field;
}

/** Whether nothing is written. */
export function isEmpty() {
  return !field?.editor.rich.text;
}

/** How long the text is, when it is nearly too long. @param {import("../app.js").App} app */
function count(app) {
  const label = document.getElementById("composer-count");
  if (!label || !field) return;
  const [length, most] = [clean(field.editor.rich.text).length, longest(app.writing.composer.editing)];
  label.textContent = length > most - WARN_BEFORE ? `${length.toLocaleString("en")} / ${most.toLocaleString("en")}` : "";
  label.classList.toggle("over", length > most);
}

/** @param {import("../app.js").App} app */
function typed(app) {
  const chatId = app.state.chatId;
  if (!field || chatId === null) return;
  count(app);
  if (app.writing.composer.error) app.writing.compose({ error: "" });
  else if (field.toolbar.shown.open) app.paint();
  if (app.writing.composer.editing) return;
  app.drafts.keep(chatId, field.editor.rich);
  if (field.editor.rich.text.trim()) app.writing.typed();
}

/** Telegram's formatting is kept, all else dropped. @param {ClipboardEvent} event */
function pasted(event) {
  event.preventDefault();
  if (event.clipboardData) field?.editor.paste(event.clipboardData);
}

/** The clipboard still has it. @param {import("../app.js").App} app @param {number} length */
function tooMuch(app, length) {
  const [is, most] = [length.toLocaleString("en"), MAX_LENGTH.toLocaleString("en")];
  app.writing.compose({ error: `What you pasted is too long: ${is} of ${most} characters. It was not put in; paste it in parts.` });
}

/** @param {Event} event @param {import("../app.js").App} app */
function submit(event, app) {
  event.preventDefault();
  const editing = app.writing.composer.editing;
  const chatId = app.state.chatId;
  if (!field || !app.writing.submit(field.editor.rich.text, field.editor.rich.entities)) return;
  if (!editing && chatId !== null) app.drafts.keep(chatId, NOTHING);
  shownFor = "";
  app.paint();
  field.editor.root.focus();
}

/** @param {KeyboardEvent} event @param {import("../app.js").App} app */
function keys(event, app) {
  if (event.isComposing) return;
  if (field?.toolbar.key(event)) {
    event.preventDefault();
    event.stopPropagation();
  } else if (event.key === "Enter" && !event.shiftKey) {
    submit(event, app);
  } else if (event.key === "Escape") {
    leave(app);
  } else if (event.key === "ArrowUp" && !event.altKey && isEmpty() && !app.writing.composer.editing && app.state.stream) {
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

