// Formatted text from and for the clipboard. Of what others write there, Telegram's formatting is kept and all else dropped.

import { addressOf, linkOf, tidy } from "./format.js";
import { tree } from "./text.js";

/** @typedef {import("./format.js").Rich} Rich */
/**
 * @typedef {{nodeType: number, nodeName: string, nodeValue: string | null, childNodes: ArrayLike<any>,
 *   getAttribute?: (name: string) => string | null}} Place a node of any document
 */

/** How deep a foreign document is followed. */
const DEPTH = 200;

/** @type {Record<string, string>} */
const KINDS = {
  B: "bold", STRONG: "bold", I: "italic", EM: "italic", CITE: "italic", VAR: "italic", U: "underline", INS: "underline", S: "strike",
  STRIKE: "strike", DEL: "strike", CODE: "code", KBD: "code", SAMP: "code", TT: "code", PRE: "pre", BLOCKQUOTE: "blockquote", "TG-SPOILER": "spoiler",
};
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "HEAD", "TITLE", "META", "LINK", "IFRAME", "OBJECT", "SVG", "NOSCRIPT",
  "TEXTAREA", "SELECT", "BUTTON"]);
const BLOCKS = new Set([
  "ADDRESS", "ARTICLE", "ASIDE", "BLOCKQUOTE", "DD", "DIV", "DL", "DT", "FIGURE", "FOOTER", "FORM", "H1", "H2", "H3", "H4", "H5", "H6", "HEADER", "HR",
  "LI", "MAIN", "NAV", "OL", "P", "PRE", "SECTION", "TABLE", "TR", "UL",
]);

/**
 * Markup for a document that is only read: its styles and handlers are attributes of other names, which nothing applies. (A document
 * that is made by a page has the page's Content Security Policy: each of them in it would be a violation.)
 * @param {string} markup
 */
export function inert(markup) {
  const bare = markup.replace(/<style\b[^]*?(<\/style\s*>|$)/gi, "");
  return bare.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/(\s|["'/])(style|on\w+)\s*=/gi, "$1 data-$2="));
}

/** A foreign document's body as a text with its spans. @param {Place} body @returns {Rich} */
export function fromDocument(body) {
  const reader = new Reader();
  reader.children(body, { pre: false, code: false, depth: 0 });
  const end = reader.text.trimEnd().length;
  return tidy({ text: reader.text.slice(0, end), entities: reader.entities });
}

/** @typedef {{pre: boolean, code: boolean, depth: number}} Around pre: space is as it stands; code: nothing else is formatted */

class Reader {
  text = "";
  /** @type {import("./text.js").Entity[]} */
  entities = [];

  /** @param {Place} place @param {Around} around */
  children(place, around) {
    if (around.depth > DEPTH) return;
    for (const one of Array.from(place.childNodes)) this.node(one, { ...around, depth: around.depth + 1 });
  }

  /** @param {Place} place @param {Around} around */
  node(place, around) {
    if (place.nodeType === 3) this.write(place.nodeValue ?? "", around.pre);
    if (place.nodeType !== 1) return;
    const name = place.nodeName.toUpperCase();
    if (DROPPED.has(name)) return;
    if (name === "BR") {
      this.text += "\n";
      return;
    }
    const block = BLOCKS.has(name);
    if (block) this.line();
    if (name === "LI") this.text += "• ";
    if (name === "TD" || name === "TH") this.write(" ", around.pre);
    const start = this.text.length;
    const style = place.getAttribute?.("data-style") ?? "";
    const kept = /white-space(-collapse)?:\s*(pre|break-spaces|preserve)/i.test(style);
    const pre = name === "PRE" || kept || (around.pre && !/white-space:\s*normal/i.test(style));
    const found = around.code ? [] : formatting(place, name, style);
    this.children(place, { ...around, pre, code: around.code || found.some((one) => one.kind === "code" || one.kind === "pre") });
    const length = this.text.trimEnd().length > start ? (block ? this.text.trimEnd().length : this.text.length) - start : 0;
    if (length) for (const one of found) this.entities.push({ ...one, offset: start, length });
    if (block) this.line();
  }

  /** A new line, unless one has begun. */
  line() {
    if (this.text && !this.text.endsWith("\n")) this.text = `${this.text.replace(/ $/, "")}\n`;
  }

  /** @param {string} words @param {boolean} pre */
  write(words, pre) {
    const given = words.replace(/\u00a0/g, " ").replace(/\r\n?/g, "\n");
    if (pre) {
      this.text += given;
      return;
    }
    const joined = words.replace(/[ \t\r\n\f]+/g, " ").replace(/\u00a0/g, " ");
    this.text += /(^|\s)$/.test(this.text) && !/^\u00a0/.test(words) ? joined.replace(/^ /, "") : joined;
  }
}

/** What an element makes of its text. @param {Place} place @param {string} name @param {string} style @returns {{kind: string, extra?: string}[]} */
function formatting(place, name, style) {
  const given = (/** @type {string} */ attribute) => place.getAttribute?.(attribute) ?? "";
  const own = given("data-kind");
  if (own) return ownKind(own, given("data-extra"));
  /** @type {Set<string>} */
  const kinds = new Set(KINDS[name] ? [KINDS[name]] : []);
  if (/(^|\s)(spoiler|tg-spoiler)(\s|$)/.test(given("class"))) kinds.add("spoiler");
  if (/font-weight:\s*(bold|[6-9]00)/i.test(style)) kinds.add("bold");
  if (/font-weight:\s*(normal|[1-5]00)/i.test(style)) kinds.delete("bold");
  if (/font-style:\s*(italic|oblique)/i.test(style)) kinds.add("italic");
  if (/font-style:\s*normal/i.test(style)) kinds.delete("italic");
  if (/text-decoration[^;]*underline/i.test(style) && name !== "A") kinds.add("underline");
  if (/text-decoration[^;]*line-through/i.test(style)) kinds.add("strike");
  const link = name === "A" ? linkOf(given("href")) : null;
  if (link && !isItsOwn(place, link.extra)) return [link, ...[...kinds].map((kind) => ({ kind }))];
  return [...kinds].map((kind) => ({ kind }));
}

/** Formatting that this page put there itself. @param {string} kind @param {string} extra @returns {{kind: string, extra?: string}[]} */
function ownKind(kind, extra) {
  if (kind === "text_url") {
    const link = linkOf(extra);
    return link ? [link] : [];
  }
  if (kind === "mention_name" || kind === "custom_emoji") return /^[1-9]\d{0,18}$/.test(extra) ? [{ kind, extra }] : [];
  if (kind === "blockquote") return [{ kind, ...(extra === "collapsed" ? { extra } : {}) }];
  if (kind === "pre") return [{ kind, ...(/^[\w+#.-]{1,64}$/.test(extra) ? { extra } : {}) }];
  return ["bold", "italic", "underline", "strike", "spoiler", "code"].includes(kind) ? [{ kind }] : [];
}

/** An address that leads to itself needs no link: Telegram finds it. @param {Place} place @param {string} address */
function isItsOwn(place, address) {
  const shown = textOf(place, 0).trim().replace(/\/$/, "");
  const bare = address.replace(/\/$/, "");
  return shown === bare || shown === bare.replace(/^https?:\/\//i, "");
}

/** @param {Place} place @param {number} depth @returns {string} */
function textOf(place, depth) {
  if (depth > 20) return "";
  return place.nodeType === 3 ? place.nodeValue ?? "" : Array.from(place.childNodes).map((one) => textOf(one, depth + 1)).join("");
}

/** For other programs: the text as HTML; every character of it is escaped. @param {Rich} rich */
export function toHtml({ text, entities }) {
  return tree(text, entities).map(written).join("");
}

/** @type {Record<string, string>} */
const TAGS = { bold: "b", italic: "i", underline: "u", strike: "s", code: "code", pre: "pre", blockquote: "blockquote" };

/** @param {import("./text.js").Node} node @returns {string} */
function written(node) {
  if (typeof node === "string") return escaped(node);
  const inner = node.children.map(written).join("");
  if (node.kind === "spoiler") return `<span class="tg-spoiler">${inner}</span>`;
  if (node.kind === "text_url" || node.kind === "mention_name") {
    const link = linkOf(addressOf({ kind: node.kind, offset: 0, length: 0, extra: node.extra }));
    return link ? `<a href="${escaped(addressOf({ ...link, offset: 0, length: 0 }))}">${inner}</a>` : inner;
  }
  const tag = TAGS[node.kind];
  return tag ? `<${tag}>${inner}</${tag}>` : inner;
}

/** @param {string} text */
function escaped(text) {
  const marks = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "<br>" });
  return text.replace(/[&<>"\n]/g, (mark) => marks[mark]).replace(/ {2}/g, " \u00a0");
}
