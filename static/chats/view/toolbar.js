// The toolbar over selected text, by mouse and by keyboard, and the address of a link. The same is done by Telegram's own shortcuts.

import { html, nothing } from "../../vendor/lit-html/lit-html.js";
import { addressOf, bare, isAll, linkOf, spanAt, withSpan, without } from "../logic/format.js";
import { icon, iconButton } from "./parts.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {{open: boolean, link: null | {address: string, error: string}}} Shown link: its address is being asked for */

const LINKS = ["text_url", "mention_name"];
const MAC = /Mac|iP(hone|ad)/.test(navigator.platform);
const MOD = MAC ? "⌘" : "Ctrl ";
const SHIFT = MAC ? "⇧" : "Shift ";

/** @type {{kind: string, label: string, icon: string, keys: string, aria: string}[]} */
const BUTTONS = [
  { kind: "bold", label: "Bold", icon: "format_bold", keys: `${MOD}B`, aria: "Control+B" },
  { kind: "italic", label: "Italic", icon: "format_italic", keys: `${MOD}I`, aria: "Control+I" },
  { kind: "underline", label: "Underlined", icon: "format_underlined", keys: `${MOD}U`, aria: "Control+U" },
  { kind: "strike", label: "Struck through", icon: "strikethrough_s", keys: `${MOD}${SHIFT}X`, aria: "Control+Shift+X" },
  { kind: "code", label: "Code", icon: "code", keys: `${MOD}${SHIFT}M`, aria: "Control+Shift+M" },
  { kind: "spoiler", label: "Spoiler", icon: "visibility_off", keys: `${MOD}${SHIFT}P`, aria: "Control+Shift+P" },
  { kind: "blockquote", label: "Quote", icon: "format_quote", keys: `${MOD}${SHIFT}.`, aria: "Control+Shift+." },
];

/** Key with Ctrl or Cmd -> what it formats; Shift is part of the name. @type {Record<string, string>} */
const KEYS = {
  b: "bold", i: "italic", u: "underline", "shift x": "strike", "shift m": "code", "shift p": "spoiler", "shift .": "blockquote", k: "link", "\\": "bare",
};
/** @type {Record<string, string>} by the place of the key, for keyboards of other scripts */
const PLACES = { KeyB: "b", KeyI: "i", KeyU: "u", KeyX: "x", KeyM: "m", KeyP: "p", KeyK: "k", Period: ".", Backslash: "\\" };

/** For the help. */
export const HELP = [
  ...BUTTONS.map(({ keys, label }) => [keys, `${label} (what is selected, or what is written next)`]),
  [`${MOD}K`, "Link (what is selected)"],
  ["Alt F10", "To the formatting toolbar (with text selected)"],
];

export class Toolbar {
  /** @param {Editor} editor @param {{paint: () => void}} app */
  constructor(editor, app) {
    this.editor = editor;
    this.app = app;
    /** @type {Shown} */
    this.shown = { open: false, link: null };
    const follow = () => {
      if (editor.root.isConnected) this.follow();
      else document.removeEventListener("selectionchange", follow); // another field has taken its place
    };
    document.addEventListener("selectionchange", follow);
  }

  get element() {
    return document.getElementById("formatting");
  }

  /** It is there while something is selected in the field, or while it is used itself. */
  follow() {
    const inside = this.element?.contains(document.activeElement) ?? false;
    const { start, end } = this.editor.selection;
    const open = inside || (document.activeElement === this.editor.root && end > start);
    if (open === this.shown.open && !open) return;
    this.#show({ open, link: open ? this.shown.link : null });
  }

  /** @param {Shown} shown */
  #show(shown) {
    this.shown = shown;
    this.app.paint();
  }

  /** Over what is selected, above the box, so that it hides nothing that is written: after each painting. */
  place() {
    const { element, editor } = this;
    const range = getSelection()?.rangeCount ? getSelection()?.getRangeAt(0) : null;
    if (!element || !range || !editor.root.contains(range.startContainer)) return;
    const [at, around] = [range.getBoundingClientRect(), element.parentElement?.getBoundingClientRect()];
    if (!around) return;
    const wished = at.left + at.width / 2 - around.left - element.offsetWidth / 2;
    const left = Math.max(0, Math.min(wished, around.width - element.offsetWidth));
    element.style.setProperty("inset-inline-start", "auto");
    element.style.setProperty("left", `${Math.round(left)}px`);
    element.style.setProperty("top", `${-element.offsetHeight - 6}px`);
  }

  /** A shortcut of the field. @param {KeyboardEvent} event @returns {boolean} taken */
  key(event) {
    if (event.altKey && event.key === "F10") return this.enter();
    if (event.altKey || !(MAC ? event.metaKey : event.ctrlKey)) return false;
    const typed = event.key.toLowerCase();
    const name = /^[a-z.\\]$/.test(typed) ? typed : PLACES[event.code] ?? typed;
    if (name === "z" || name === "y" || event.code === "KeyZ") {
      this.editor.step(name === "y" || event.shiftKey ? 1 : -1);
      return true;
    }
    const kind = KEYS[`${event.shiftKey ? "shift " : ""}${name}`];
    if (!kind) return false;
    return this.format(kind);
  }

  /** @param {string} kind @returns {boolean} taken */
  format(kind) {
    const { editor } = this;
    const { start, end } = editor.selection;
    if (kind === "link") return this.ask();
    const button = this.element?.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    if (kind === "bare") editor.change(bare(editor.rich, start, end));
    else editor.toggle(kind);
    button?.focus(); // one more may be wished for
    return true;
  }

  /** The keyboard goes to the toolbar. */
  enter() {
    /** @type {HTMLElement | null | undefined} */
    const first = this.element?.querySelector('button[tabindex="0"]');
    first?.focus();
    return Boolean(first);
  }

  /** The address of a link is asked for. @returns {boolean} whether there is something to link */
  ask() {
    const { editor } = this;
    const { start, end } = editor.selection;
    const link = spanAt(editor.rich, LINKS, start, end);
    if (start === end && !link) return false;
    if (link) editor.selected = { start: link.offset, end: link.offset + link.length };
    this.#show({ open: true, link: { address: link ? addressOf(link) : "", error: "" } });
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById("link-address"));
    field?.focus();
    field?.select();
    return true;
  }

  /** @param {string} typed */
  link(typed) {
    const { editor } = this;
    const { start, end } = editor.selected;
    const said = linkOf(typed);
    if (!said) {
      this.#show({ open: true, link: { address: typed, error: "This is no address of a web page. It looks like https://example.org." } });
      return;
    }
    this.shown = { open: false, link: null };
    editor.change(withSpan(editor.rich, { ...said, offset: start, length: end - start }));
    editor.focus();
  }

  unlink() {
    const { editor } = this;
    const { start, end } = editor.selected;
    this.shown = { open: false, link: null };
    editor.change(without(editor.rich, LINKS, start, end));
    editor.focus();
  }

  /** Back to the field, as it was. */
  leave() {
    this.shown = { open: false, link: null };
    this.editor.focus();
    this.app.paint();
  }

  draw() {
    const { shown, editor } = this;
    if (!shown.open) return nothing;
    const { start, end } = editor.selected;
    if (shown.link) return this.#linkPanel(shown.link);
    const button = (/** @type {typeof BUTTONS[number]} */ one, /** @type {number} */ index) => html`<button
      type="button" class="ib" aria-label=${one.label} title="${one.label} (${one.keys})" aria-keyshortcuts=${one.aria}
      aria-pressed=${this.#has(one.kind, start, end)} tabindex=${index ? -1 : 0} @click=${() => this.format(one.kind)}
    >${icon(one.icon)}</button>`;
    const link = spanAt(editor.rich, LINKS, start, end);
    return html`<div
      class="fmt" id="formatting" role="toolbar" aria-label="Formatting" @pointerdown=${(/** @type {Event} */ event) => event.preventDefault()}
      @keydown=${(/** @type {KeyboardEvent} */ event) => this.#walk(event)} @focusout=${(/** @type {FocusEvent} */ event) => this.#left(event)}
    >${BUTTONS.map(button)}
      <button type="button" class="ib" aria-label="Link" title="Link (${MOD}K)" aria-keyshortcuts="Control+K" aria-pressed=${link ? "true" : "false"}
        tabindex="-1" @click=${() => this.ask()}>${icon("link")}</button>
      <button type="button" class="ib" aria-label="No formatting" title="No formatting (${MOD}\\)" aria-keyshortcuts="Control+\\"
        tabindex="-1" @click=${() => this.format("bare")}>${icon("format_clear")}</button>
    </div>`;
  }

  /** @param {string} kind @param {number} start @param {number} end */
  #has(kind, start, end) {
    const { rich } = this.editor;
    return String(isAll(rich, kind, start, end) || (kind === "code" && isAll(rich, "pre", start, end)));
  }

  /** @param {{address: string, error: string}} link */
  #linkPanel({ address, error }) {
    const field = () => /** @type {HTMLInputElement} */ (document.getElementById("link-address")).value;
    const known = spanAt(this.editor.rich, LINKS, this.editor.selected.start, this.editor.selected.end);
    return html`<div class="fmt lnk" id="formatting" role="group" aria-label="Link"
      @keydown=${(/** @type {KeyboardEvent} */ event) => this.#linkKey(event, field)} @focusout=${(/** @type {FocusEvent} */ event) => this.#left(event)}>
      <input id="link-address" type="text" inputmode="url" aria-label="Address of the link" placeholder="https://" autocomplete="off" spellcheck="false"
        maxlength="2048" dir="ltr" .value=${address} aria-invalid=${error ? "true" : nothing} aria-describedby=${error ? "link-error" : nothing}>
      ${iconButton("Set the link", "check", () => this.link(field()))} ${known ? iconButton("Remove the link", "delete", () => this.unlink()) : nothing}
      ${iconButton("Cancel", "close", () => this.leave())}
      ${error ? html`<span class="er" id="link-error" role="alert">${error}</span>` : nothing}
    </div>`;
  }

  /** @param {KeyboardEvent} event @param {() => string} address */
  #linkKey(event, address) {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement && !event.isComposing) this.link(address());
    else if (event.key === "Escape") this.leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Arrows move in the toolbar, Esc leaves it. @param {KeyboardEvent} event */
  #walk(event) {
    const all = /** @type {HTMLElement[]} */ ([...(this.element?.querySelectorAll("button") ?? [])]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
    if (event.key in to) all.at(to[event.key] % all.length)?.focus();
    else if (event.key === "Escape") this.leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {FocusEvent} event */
  #left(event) {
    const to = /** @type {Node | null} */ (event.relatedTarget);
    if (to === this.editor.root || this.element?.contains(to)) return;
    queueMicrotask(() => this.follow());
  }
}
