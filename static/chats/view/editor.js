// The field in which formatted text is written: an element that people edit as they are used to, and the model that is read from it.
// The browser does what it does best (letters, IME, deletion, spelling); formatting, line ends, pasting and undo are done on the
// model, from which the element is drawn again. Nodes only: nothing that is written or pasted ever becomes markup.

import { fromDocument, inert } from "../logic/clipboard.js";
import { NOTHING, STYLES, plain, replaced, tidy, toggled } from "../logic/format.js";
import { MAX_LENGTH, tree } from "../logic/text.js";
import { Undo } from "../logic/undo.js";

/** @typedef {import("../logic/format.js").Rich} Rich */
/** @typedef {{start: number, end: number}} Selected */

/** @type {Record<string, string>} */
const TAGS = { bold: "strong", italic: "em", underline: "u", strike: "s", code: "code", pre: "code" };
/** @type {Record<string, string>} */
const NATIVE = {
  formatBold: "bold", formatItalic: "italic", formatUnderline: "underline", formatStrikeThrough: "strike",
  B: "bold", STRONG: "bold", I: "italic", EM: "italic", U: "underline", S: "strike", STRIKE: "strike", DEL: "strike", CODE: "code",
};
/** Characters that are put in at most: a browser needs many seconds to lay a megabyte out. Of markup it may be more. */
const PASTE_MOST = 8 * MAX_LENGTH;
const MARKUP_MOST = 2_000_000;
const BLOCKS = new Set(["DIV", "P", "LI", "PRE", "BLOCKQUOTE", "H1", "H2", "H3", "UL", "OL"]);

export class Editor {
  /** @param {HTMLElement} root @param {{changed: () => void, tooMuch: (length: number) => void}} listener changed: something was written or
   * formatted by somebody; tooMuch: so many characters were pasted, and not put in */
  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
    /** @type {Rich} */
    this.rich = NOTHING;
    /** @type {Selected} the selection as it last was */
    this.selected = { start: 0, end: 0 };
    /** Styles that the next letter gets, or loses. @type {Set<string>} */
    this.pending = new Set();
    this.composedFrom = 0;
    this.pointed = false;
    this.undo = new Undo({ rich: NOTHING, start: 0, end: 0 });
    root.addEventListener("beforeinput", (event) => this.#before(event));
    root.addEventListener("input", (event) => this.#after(/** @type {InputEvent} */ (event)));
    root.addEventListener("compositionstart", () => (this.composedFrom = this.#select().start));
    root.addEventListener("compositionend", () => this.#composed());
    root.addEventListener("focus", () => this.#focused());
    for (const name of ["pointerdown", "pointercancel", "click"]) root.addEventListener(name, () => (this.pointed = name === "pointerdown"));
  }

  /** Another text: a draft, a message to edit. @param {Rich} rich */
  load(rich) {
    const end = rich.text.length;
    this.#draw(rich, { start: end, end }, document.activeElement === this.root);
    this.pending.clear();
    this.undo.reset({ rich: this.rich, start: end, end });
  }

  /** What is selected now, or was when the field lost the focus. @returns {Selected} */
  get selection() {
    return this.#select();
  }

  /** Formatting of what is selected, on or off; with nothing selected, of what is written next. @param {string} kind */
  toggle(kind) {
    const { start, end } = this.#select();
    if (start === end && STYLES.includes(kind)) {
      if (!this.pending.delete(kind)) this.pending.add(kind);
      this.listener.changed();
      return;
    }
    this.change(toggled(this.rich, kind, start, end));
  }

  /** Whether what is written next has this style. @param {string} kind */
  isPending(kind) {
    return this.pending.has(kind);
  }

  /** The text as it is from now on, by somebody's wish. @param {Rich} rich @param {Selected} [selected] */
  change(rich, selected = this.selected) {
    this.#draw(rich, selected, true);
    this.undo.note({ rich: this.rich, ...this.selected }, "");
    this.listener.changed();
  }

  /** Put something in place of what is selected. @param {Rich} put @param {boolean} [grows] see replaced() */
  insert(put, grows = false) {
    const { start, end } = this.#select();
    const at = start + put.text.length;
    this.change(replaced(this.rich, start, end, put, grows), { start: at, end: at });
  }

  /** What the clipboard has, with Telegram's formatting of it. @param {DataTransfer} data */
  paste(data) {
    const words = data.getData("text/plain").replace(/\r\n?/g, "\n");
    if (words.length > PASTE_MOST) {
      this.listener.tooMuch(words.length);
      return;
    }
    const all = data.getData("text/html");
    const markup = all.length > MARKUP_MOST ? "" : all;
    const found = markup ? fromDocument(new DOMParser().parseFromString(inert(markup), "text/html").body) : NOTHING;
    this.insert(found.entities.length ? found : plain(words || found.text));
  }

  /** @param {-1 | 1} by back or forth */
  step(by) {
    const next = by < 0 ? this.undo.undo() : this.undo.redo();
    if (!next) return;
    this.#draw(next.rich, next, true);
    this.listener.changed();
  }

  /** The focus comes back to what was selected. */
  focus() {
    const { start, end } = this.selected;
    this.root.focus();
    this.#place({ start, end });
  }

  /** Whoever comes back goes on where they were; a browser would begin in front, and does so at once. A click decides for itself. */
  #focused() {
    if (this.pointed) return;
    const { selected } = this;
    queueMicrotask(() => {
      if (document.activeElement !== this.root || this.selected !== selected) return;
      this.#place(selected);
    });
  }

  /** @param {InputEvent} event */
  #before(event) {
    if (event.isComposing || !event.cancelable) return;
    const kind = event.inputType;
    if (kind === "historyUndo" || kind === "historyRedo") this.step(kind === "historyUndo" ? -1 : 1);
    else if (kind === "insertParagraph" || kind === "insertLineBreak") this.insert(plain("\n"), true);
    else if (kind === "insertFromDrop" && event.dataTransfer) this.#dropped(event);
    else if (kind === "insertText" && (this.pending.size || event.data?.includes("\n"))) this.#written(event.data ?? "");
    else if (kind === "insertText" && event.data && this.#isBehindLink()) this.insert(plain(event.data));
    else if (NATIVE[kind]) this.toggle(NATIVE[kind]);
    else if (!kind.startsWith("format") || kind === "formatSetBlockTextDirection") return;
    event.preventDefault();
  }

  /** Letters that have a style of their own, or several lines at once. @param {string} data */
  #written(data) {
    const { start } = this.#select();
    const styles = [...this.pending];
    this.pending.clear();
    this.insert(plain(data.replace(/\r\n?/g, "\n")), true);
    if (styles.length) this.#restyle(styles, start, start + data.length);
  }

  /** @param {string[]} styles @param {number} start @param {number} end */
  #restyle(styles, start, end) {
    if (end <= start) return;
    const made = styles.reduce((rich, kind) => toggled(rich, kind, start, end), this.rich);
    this.#draw(made, { start: end, end }, true);
    this.undo.now = { rich: this.rich, start: end, end };
    this.listener.changed();
  }

  /** What is written behind a link is not part of it. */
  #isBehindLink() {
    const { start, end } = this.#select();
    const ends = (/** @type {import("../logic/text.js").Entity} */ one) => one.offset + one.length === start;
    return start === end && this.rich.entities.some((one) => ["text_url", "mention_name", "custom_emoji"].includes(one.kind) && ends(one));
  }

  /** @param {InputEvent} event */
  #dropped(event) {
    const [range] = event.getTargetRanges();
    if (range) this.selected = { start: this.#offset(range.startContainer, range.startOffset), end: this.#offset(range.endContainer, range.endOffset) };
    if (range) this.#place(this.selected);
    if (event.dataTransfer) this.paste(event.dataTransfer);
  }

  /** @param {InputEvent} event */
  #after(event) {
    if (!event.isComposing) {
      this.#sync(event.inputType);
      return;
    }
    this.#read();
    this.listener.changed();
  }

  #composed() {
    this.#sync("insertCompositionText");
    const styles = [...this.pending];
    this.pending.clear();
    if (styles.length) this.#restyle(styles, this.composedFrom, this.#select().end);
  }

  /** The browser has changed the element: the model follows, and the element is drawn again if it is not as we draw it. @param {string} how */
  #sync(how) {
    const before = this.rich;
    const selected = this.#read();
    const wanted = this.#nodes();
    const fits = this.root.childNodes.length === wanted.length && wanted.every((node, index) => node.isEqualNode(this.root.childNodes[index]));
    if (!fits) this.#draw(this.rich, selected, document.activeElement === this.root);
    if (before.text !== this.rich.text || before.entities.length !== this.rich.entities.length) {
      this.undo.note({ rich: this.rich, ...selected }, how);
    }
    this.listener.changed();
  }

  /** @returns {Selected} */
  #read() {
    this.root.normalize();
    this.rich = read(this.root);
    return this.#select();
  }

  /** @param {Rich} rich @param {Selected} selected @param {boolean} focused */
  #draw(rich, selected, focused) {
    this.rich = tidy(rich);
    this.root.replaceChildren(...this.#nodes());
    const end = this.rich.text.length;
    this.selected = { start: Math.min(selected.start, end), end: Math.min(selected.end, end) };
    if (focused) this.#place(this.selected);
  }

  /** The text as elements; a last line that is empty needs a <br> to be one. @returns {Node[]} */
  #nodes() {
    const { text, entities } = this.rich;
    const nodes = tree(text, entities).map(element);
    if (text.endsWith("\n")) nodes.push(document.createElement("br"));
    return nodes;
  }

  /** @returns {Selected} */
  #select() {
    const range = getSelection()?.rangeCount ? getSelection()?.getRangeAt(0) : null;
    if (range && this.root.contains(range.startContainer) && this.root.contains(range.endContainer)) {
      const [start, end] = [this.#offset(range.startContainer, range.startOffset), this.#offset(range.endContainer, range.endOffset)];
      if (start !== this.selected.start || end !== this.selected.end) this.selected = { start, end };
    }
    return this.selected;
  }

  /** How much text lies before a place. @param {Node} node @param {number} offset */
  #offset(node, offset) {
    const range = document.createRange();
    range.setStart(this.root, 0);
    range.setEnd(node, offset);
    return Math.min(read(range.cloneContents()).text.length, this.rich.text.length);
  }

  /** @param {Selected} selected */
  #place({ start, end }) {
    const range = document.createRange();
    const [from, to] = [spot(this.root, start), spot(this.root, end)];
    range.setStart(from.node, from.offset);
    range.setEnd(to.node, to.offset);
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
    if (end === this.rich.text.length) this.root.scrollTop = this.root.scrollHeight;
  }
}

/** @param {import("../logic/text.js").Node} node @returns {Node} */
function element(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const made = document.createElement(TAGS[node.kind] ?? "span");
  made.dataset.kind = node.kind;
  if (node.extra) made.dataset.extra = node.extra;
  if (node.kind === "text_url" || node.kind === "mention_name") made.title = node.kind === "text_url" ? node.extra : "Mentions somebody";
  made.append(...node.children.map(element));
  return made;
}

/** What an element holds, whoever has put it there. @param {Node} root @returns {Rich} */
export function read(root) {
  /** @type {import("../logic/text.js").Entity[]} */
  const entities = [];
  let text = "";
  const walk = (/** @type {Node} */ parent) => {
    for (const node of parent.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) text += /** @type {Text} */ (node).data;
      if (!(node instanceof HTMLElement)) continue;
      if (node.tagName === "BR") {
        if (!isFiller(node, root)) text += "\n";
        continue;
      }
      if (BLOCKS.has(node.tagName) && text && !text.endsWith("\n")) text += "\n";
      const offset = text.length;
      walk(node);
      const kind = node.dataset.kind ?? NATIVE[node.tagName];
      if (!kind || text.length === offset) continue;
      entities.push({ kind, offset, length: text.length - offset, ...(node.dataset.extra ? { extra: node.dataset.extra } : {}) });
    }
  };
  walk(root);
  return tidy({ text, entities });
}

/** A <br> at the very end is there so that one can write in its line. @param {HTMLElement} node @param {Node} root */
function isFiller(node, root) {
  for (let at = /** @type {Node | null} */ (node); at && at !== root; at = at.parentNode) {
    if (at.nextSibling && at.nextSibling.textContent !== "") return false;
    if (at.nextSibling instanceof HTMLElement && at.nextSibling.tagName === "BR") return false;
  }
  return true;
}

/** Where so much text lies before. @param {Node} root @param {number} offset @returns {{node: Node, offset: number}} */
function spot(root, offset) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let left = offset;
  /** @type {Text | null} */
  let last = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    last = /** @type {Text} */ (node);
    if (left <= last.length) return { node: last, offset: left };
    left -= last.length;
  }
  return last ? { node: last, offset: last.length } : { node: root, offset: 0 };
}
