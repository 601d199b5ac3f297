// Text rules without a page: what is taken out, how long it is, how entities become a tree, initials and colours.

export const MAX_LENGTH = 4096;

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
 */
export function refusal(text) {
  if (!text) return "There is nothing to send: the message is empty.";
  if (text.length <= MAX_LENGTH) return "";
  const [is, most] = [text.length.toLocaleString("en"), MAX_LENGTH.toLocaleString("en")];
  return `The message is too long: ${is} of ${most} characters. Shorten or split it.`;
}

/**
 * Up to two letters for an avatar.
 * @param {string} name
 */
export function initials(name) {
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
  const text = address.trim();
  const full = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/]*:\d/.test(text) ? text : `https://${text}`;
  try {
    const url = new URL(full);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * @typedef {{kind: string, offset: number, length: number, extra?: string}} Entity offset and length in UTF-16 units
 * @typedef {string | {kind: string, text: string, extra: string, children: Node[]}} Node
 */

/**
 * The text as a tree: strings, and formatted parts with children. Entities may nest; one that crosses its parent's end
 * is cut there. What lies outside the text is left out.
 * @param {string} text
 * @param {Entity[]} entities
 * @returns {Node[]}
 */
export function tree(text, entities) {
  const sorted = entities
    .map((entity) => ({
      kind: entity.kind,
      extra: entity.extra ?? "",
      start: Math.max(0, entity.offset),
      end: Math.min(text.length, entity.offset + entity.length),
    }))
    .filter((entity) => Number.isFinite(entity.start) && entity.end > entity.start)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  return branch(text, 0, text.length, sorted);
}

/**
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {{kind: string, extra: string, start: number, end: number}[]} spans sorted
 * @returns {Node[]}
 */
function branch(text, start, end, spans) {
  /** @type {Node[]} */
  const nodes = [];
  let at = start;
  for (let index = 0; index < spans.length; ) {
    const span = spans[index];
    const from = Math.max(span.start, at);
    const to = Math.min(span.end, end);
    let next = index + 1;
    while (next < spans.length && spans[next].start < to) next += 1;
    if (to > from) {
      if (from > at) nodes.push(text.slice(at, from));
      const inner = branch(text, from, to, spans.slice(index + 1, next));
      nodes.push({ kind: span.kind, text: text.slice(from, to), extra: span.extra, children: inner });
      at = to;
    }
    index = next;
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}
