// Text rules without a page: what is taken out, how long it is, how entities become a tree, initials and colours.

export const MAX_LENGTH = 4096;

/** How deep formatted parts of a message nest at most, and how many there are. The server keeps as many (tgadmin/core/types/messages.py). */
export const DEPTH = 100;
export const SPANS = 1000;

/** Characters of an address that is still a link. */
const MAX_ADDRESS = 8192;

/**
 * What is sent: line ends are LF; control characters and lone surrogates are gone; outer space too.
 * The server does the same (apps/chats/services/text.py).
 * @param {string} text
 */
export function clean(text) {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "")
    .trim();
}

/**
 * Why the text cannot be sent, or "".
 * @param {string} text cleaned
 * @param {number} [most] how long it may be
 */
export function refusal(text, most = MAX_LENGTH) {
  if (!text) return "There is nothing to send: the message is empty.";
  if (text.length <= most) return "";
  const what = most === MAX_LENGTH ? "message" : "caption";
  return `The ${what} is too long: ${text.length.toLocaleString("en")} of ${most.toLocaleString("en")} characters. Shorten or split it.`;
}

/**
 * Up to two letters for an avatar.
 * @param {string} name
 */
export function initials(name) {
  /** @type {string[]} */
  const words = name.normalize("NFC").match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu) ?? [];
  const first = (/** @type {string} */ word) => [...word][0];
  if (!words.length) return [...name.trim()][0] ?? "?";
  if (words.length === 1) return [...words[0]].slice(0, 2).join("").toUpperCase();
  return (first(words[0]) + first(words[1])).toUpperCase();
}

/**
 * A number from 1 to 7 that belongs to an id.
 * @param {number} id
 */
export function colour(id) {
  return (Math.abs(id) % 7) + 1;
}

/**
 * The address as a link may carry it, or null: http and https only, whatever the message says.
 * @param {string} address
 */
export function safeUrl(address) {
  if (address.length > MAX_ADDRESS) return null;
  const text = address.trim();
  const full = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/]*:\d/.test(text) ? text : `https://${text}`;
  try {
    const url = new URL(full);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname ? url.href : null;
  } catch {
    return null;
  }
}

/** What an email address is as a link, or null. @param {string} text */
export function mailUrl(text) {
  return /^[^\s@<>"'?#&%/:]{1,64}@[^\s@<>"'?#&%/:]{1,255}$/.test(text) ? `mailto:${text}` : null;
}

/** What a phone number is as a link, or null. @param {string} text */
export function phoneUrl(text) {
  const digits = text.replace(/[^0-9]/g, "");
  if (!/^[+0-9 ().-]{3,40}$/.test(text) || digits.length < 3) return null;
  return `tel:${text.trim().startsWith("+") ? "+" : ""}${digits}`;
}

/**
 * @typedef {{kind: string, offset: number, length: number, extra?: string}} Entity offset and length in UTF-16 units
 * @typedef {string | {kind: string, text: string, extra: string, children: Node[]}} Node
 */

/**
 * The text as a tree: strings, and formatted parts with children. Entities may nest, at most DEPTH deep; one that crosses
 * its parent's end is cut there. What lies outside the text, deeper, or after the first SPANS is left out: its text stays.
 * One pass over the sorted entities, whatever they are.
 * @param {string} text
 * @param {Entity[]} entities
 * @returns {Node[]}
 */
export function tree(text, entities) {
  /** @type {Node[]} */
  const root = [];
  /** Open parts, the outermost first. @type {{end: number, nodes: Node[]}[]} */
  const open = [{ end: text.length, nodes: root }];
  let at = 0;
  const write = (/** @type {number} */ to) => {
    if (to > at) open[open.length - 1].nodes.push(text.slice(at, to));
    at = Math.max(at, to);
  };
  const close = () => {
    write(open[open.length - 1].end);
    open.pop();
  };
  for (const span of inOrder(text, entities)) {
    while (open.length > 1 && open[open.length - 1].end <= span.start) close();
    const parent = open[open.length - 1];
    const end = Math.min(span.end, parent.end);
    if (open.length > DEPTH || end <= span.start) continue;
    write(span.start);
    /** @type {Node} */
    const node = { kind: span.kind, text: text.slice(span.start, end), extra: span.extra, children: [] };
    parent.nodes.push(node);
    open.push({ end, nodes: node.children });
  }
  while (open.length) close();
  return root;
}

/**
 * The entities that lie in the text, from left to right, the longer before the shorter.
 * @param {string} text
 * @param {Entity[]} entities
 */
function inOrder(text, entities) {
  if (!Array.isArray(entities)) return [];
  const spans = [];
  for (const entity of entities) {
    const [offset, length] = [entity?.offset, entity?.length];
    if (!Number.isFinite(offset) || !Number.isFinite(length)) continue;
    const [start, end] = [Math.max(0, offset), Math.min(text.length, offset + length)];
    if (end <= start) continue;
    spans.push({ kind: String(entity.kind), extra: typeof entity.extra === "string" ? entity.extra : "", start, end });
    if (spans.length === SPANS) break;
  }
  return spans.sort((a, b) => a.start - b.start || b.end - a.end);
}
