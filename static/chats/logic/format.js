// Formatted text as a model: a text with its spans, and what is done to it. Offsets are UTF-16 units, as JavaScript and Telegram count.
// The server makes sure of everything once more (tgadmin/core/formatting).

/** @typedef {import("./text.js").Entity} Entity */
/** @typedef {{text: string, entities: Entity[]}} Rich */

export const STYLES = ["bold", "italic", "underline", "strike", "spoiler"];
const CODE = ["code", "pre"];
const LINKS = ["text_url", "mention_name", "formatted_date"];

/** Kinds that people set; Telegram finds all others in the text by itself. */
export const KINDS = new Set([...STYLES, ...CODE, ...LINKS, "blockquote", "custom_emoji"]);

/** What Telegram takes with one message. */
export const MOST_SPANS = 100;

/** Characters of a link's address. */
export const MOST_URL = 2048;

/** Bytes of formatting in a frame, which holds 64 KB in all: a larger one would end the connection. */
const MOST_BYTES = 44_000;

/** @type {Rich} */
export const NOTHING = { text: "", entities: [] };

/** @param {string} text @returns {Rich} */
export const plain = (text) => ({ text, entities: [] });

/** A text where it is shown without its formatting: what lies under a spoiler is covered, as the server does (core/formatting/spoilers.py).
 * @param {{text: string, entities?: Entity[]}} message */
export function covered({ text, entities = [] }) {
  const spoilers = entities.filter((one) => one.kind === "spoiler");
  if (!spoilers.length) return text;
  const hidden = new Uint8Array(text.length);
  for (const one of spoilers) hidden.fill(1, Math.max(0, one.offset), Math.max(0, endOf(one)));
  let unit = 0;
  let shown = "";
  for (const char of text) {
    shown += char.trim() && hidden[unit] ? "▒" : char;
    unit += char.length;
  }
  return shown;
}

/** A message's text as it is edited: without what Telegram finds by itself. @param {{text: string, entities?: Entity[]}} message @returns {Rich} */
export function editable({ text, entities = [] }) {
  const kept = entities.filter((one) => KINDS.has(one.kind));
  return tidy({ text, entities: kept });
}

/** @param {Entity} span */
const endOf = (span) => span.offset + span.length;

/** @param {string} kind @param {number} start @param {number} end @param {string} [extra] @returns {Entity} */
const span = (kind, start, end, extra) => ({ kind, offset: start, length: end - start, ...(extra ? { extra } : {}) });

/** The spans within the text, whole characters each, the same styles joined, in order. @param {Rich} rich @returns {Rich} */
export function tidy({ text, entities }) {
  /** @type {Entity[]} */
  const kept = [];
  for (const one of [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length)) {
    const [start, end] = [whole(text, Math.max(one.offset, 0), -1), whole(text, Math.min(endOf(one), text.length), 1)];
    if (!(end > start)) continue;
    const before = joins(one.kind) ? kept.findLast((other) => other.kind === one.kind) : undefined;
    if (before && endOf(before) >= start) before.length = Math.max(endOf(before), end) - before.offset;
    else kept.push(span(one.kind, start, end, one.extra));
  }
  return { text, entities: kept };
}

/** Two of a kind side by side are one. @param {string} kind */
const joins = (kind) => STYLES.includes(kind) || kind === "code";

/** The place itself, or in the middle of a surrogate pair the one beside it. @param {string} text @param {number} at @param {-1 | 1} by */
function whole(text, at, by) {
  const inside = at > 0 && at < text.length && /[\udc00-\udfff]/.test(text[at]) && /[\ud800-\udbff]/.test(text[at - 1]);
  return inside ? at + by : at;
}

/** The text as it is sent, its spans on the same characters: see clean() in text.js. @param {Rich} rich @returns {Rich} */
export function cleaned({ text, entities }) {
  const at = [0];
  let result = "";
  for (let index = 0; index < text.length; index += 1) {
    result += kept(text, index);
    at.push(result.length);
  }
  const head = result.length - result.trimStart().length;
  const trimmed = result.trim();
  const place = (/** @type {number} */ old) => Math.min(Math.max((at[Math.min(Math.max(old, 0), text.length)] ?? 0) - head, 0), trimmed.length);
  const moved = entities.map((one) => span(one.kind, place(one.offset), place(endOf(one)), one.extra));
  const seen = moved.filter((one) => trimmed.slice(one.offset, endOf(one)).trim());
  return tidy({ text: trimmed, entities: seen });
}

/** @param {string} text @param {number} index of a unit @returns {string} what of it is sent */
function kept(text, index) {
  const [unit, next, before] = [text[index], text[index + 1] ?? "", text[index - 1] ?? ""];
  if (unit === "\r") return next === "\n" ? "" : "\n";
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(unit)) return "";
  if (/[\ud800-\udbff]/.test(unit)) return /[\udc00-\udfff]/.test(next) ? unit : "";
  if (/[\udc00-\udfff]/.test(unit)) return /[\ud800-\udbff]/.test(before) ? unit : "";
  return unit;
}

/**
 * Something else between two places. What is put into the middle of a span belongs to it; at its end only if it `grows`.
 * @param {Rich} rich @param {number} start @param {number} end @param {Rich} put @param {boolean} [grows] @returns {Rich}
 */
export function replaced({ text, entities }, start, end, put, grows = false) {
  const shift = put.text.length - (end - start);
  const moved = entities.flatMap((one) => {
    const [from, to] = [one.offset, endOf(one)];
    const around = from <= start && to >= end && (from < start || (end > start && from === start)) && (to > end || (grows && to === end));
    if (around) return [span(one.kind, from, to + shift, one.extra)];
    return [
      span(one.kind, from, Math.min(to, start), one.extra),
      span(one.kind, Math.max(from, end) + shift, to + shift, one.extra),
    ].filter((each) => each.length > 0);
  });
  const added = put.entities.map((one) => ({ ...one, offset: one.offset + start }));
  return tidy({ text: text.slice(0, start) + put.text + text.slice(end), entities: [...moved, ...added] });
}

/** Whether all between two places is of that kind. @param {Rich} rich @param {string} kind @param {number} start @param {number} end */
export function isAll({ entities }, kind, start, end) {
  let at = start;
  for (const one of entities.filter((each) => each.kind === kind).sort((a, b) => a.offset - b.offset)) {
    if (one.offset <= at && endOf(one) > at) at = endOf(one);
  }
  return at >= end && end > start;
}

/** The span of one of these kinds at a place, or around two.
 * @param {Rich} rich @param {string[]} kinds @param {number} start @param {number} end */
export function spanAt({ entities }, kinds, start, end) {
  return entities.find((one) => kinds.includes(one.kind) && one.offset <= start && endOf(one) >= end);
}

/** Without these kinds between two places. @param {Rich} rich @param {string[]} kinds @param {number} start @param {number} end @returns {Rich} */
export function without({ text, entities }, kinds, start, end) {
  const left = entities.flatMap((one) => {
    if (!kinds.includes(one.kind) || endOf(one) <= start || one.offset >= end) return [one];
    const parts = [span(one.kind, one.offset, start, one.extra), span(one.kind, end, endOf(one), one.extra)];
    return one.kind === "blockquote" ? [] : parts.filter((each) => each.length > 0);
  });
  return tidy({ text, entities: left });
}

/** With this kind between two places; what cannot stand with it goes. @param {Rich} rich @param {Entity} added @returns {Rich} */
export function withSpan(rich, added) {
  const [start, end] = [added.offset, endOf(added)];
  const made = without(rich, bars(added.kind), start, end);
  return tidy({ text: made.text, entities: [...made.entities, added] });
}

/** What cannot stand with a kind. @param {string} kind */
function bars(kind) {
  if (CODE.includes(kind)) return [...STYLES, ...CODE, ...LINKS, "custom_emoji"];
  if (LINKS.includes(kind)) return [...CODE, ...LINKS];
  return kind === "blockquote" ? ["blockquote"] : CODE;
}

/**
 * What is selected gets the kind, or loses it when all of it has it. Quotes are of whole lines; code of several lines is a block.
 * @param {Rich} rich @param {string} kind @param {number} start @param {number} end @returns {Rich}
 */
export function toggled(rich, kind, start, end) {
  if (kind === "blockquote") return quoted(rich, start, end);
  if (end <= start) return rich;
  if (kind === "code" && (isAll(rich, "code", start, end) || isAll(rich, "pre", start, end))) return without(rich, CODE, start, end);
  if (isAll(rich, kind, start, end)) return without(rich, [kind], start, end);
  const block = kind === "code" && rich.text.slice(start, end).includes("\n");
  return withSpan(rich, span(block ? "pre" : kind, start, end));
}

/** @param {Rich} rich @param {number} start @param {number} end @returns {Rich} */
function quoted(rich, start, end) {
  if (spanAt(rich, ["blockquote"], start, end)) return without(rich, ["blockquote"], Math.max(start - 1, 0), end + 1);
  const from = rich.text.lastIndexOf("\n", start - 1) + 1;
  const found = rich.text.indexOf("\n", Math.max(end, start));
  const to = found < 0 ? rich.text.length : found;
  return to > from ? withSpan(rich, span("blockquote", from, to)) : rich;
}

/** Without any formatting between two places. @param {Rich} rich @param {number} start @param {number} end */
export const bare = (rich, start, end) => without(rich, [...KINDS], start, end);

/**
 * What a link says in a message: an address of the web, one of Telegram's own, or a mention of somebody by id; null for what is neither.
 * @param {string} address as it is typed @returns {{kind: string, extra: string} | null}
 */
export function linkOf(address) {
  const text = address.trim();
  if (!text || text.length > MOST_URL || /[\s\u0000-\u001f\u007f]/.test(text)) return null;
  const someone = /^tg:\/\/user\?id=([1-9]\d{0,18})$/i.exec(text);
  if (someone) return { kind: "mention_name", extra: someone[1] };
  const full = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) ? text : `https://${text.replace(/^\/\//, "")}`;
  if (/^(tg|ton|tonsite):\/\/[^/]/i.test(full)) return { kind: "text_url", extra: full };
  try {
    const { protocol, hostname } = new URL(full);
    const web = (protocol === "http:" || protocol === "https:") && (hostname.includes(".") || hostname === "localhost");
    return web ? { kind: "text_url", extra: full } : null;
  } catch {
    return null;
  }
}

/** What a link is as people edit it. @param {Entity} link */
export const addressOf = (link) => (link.kind === "mention_name" ? `tg://user?id=${link.extra}` : link.extra ?? "");

/** Whether two texts look the same. @param {Rich} one @param {Rich} other */
export function same(one, other) {
  return one.text === other.text && looks(one) === looks(other);
}

/** How each stretch of the text looks. @param {Rich} rich */
function looks({ text, entities }) {
  const spans = tidy({ text, entities: entities.filter((one) => KINDS.has(one.kind)) }).entities;
  const places = [...new Set(spans.flatMap((one) => [one.offset, endOf(one)]))].sort((a, b) => a - b);
  return places.map((place) => {
    const here = spans.filter((one) => one.offset <= place && endOf(one) > place);
    const starts = here.filter((one) => one.offset === place && !joins(one.kind)).length;
    return `${place} ${starts} ${here.map((one) => `${one.kind}(${one.extra ?? ""})`).sort().join()}`;
  }).join("\n");
}

/** Why the formatting cannot be sent, or "". @param {Entity[]} entities */
export function overloaded(entities) {
  if (entities.length > MOST_SPANS) return `The message has too many formatted parts: ${entities.length} of ${MOST_SPANS}. Format less of it, or split it.`;
  const size = new TextEncoder().encode(JSON.stringify(entities)).length;
  return size > MOST_BYTES ? "The addresses of its links are too long together. Shorten some, or split the message." : "";
}
