// The open chat's messages as a window over its history: pure functions, no page.

import { hasText } from "./captions.js";
import { covered } from "./format.js";

export const WINDOW = 400;
const GROUP_SECONDS = 300;

/**
 * @typedef {{id: number | null, chat: number, tid: number | null, cid: string | null, state: string, out: boolean,
 *   sender: {id: number, name: string}, staff: {id: number, name: string} | null, date: string, text: string,
 *   entities: import("./text.js").Entity[], reply: any, details?: Record<string, any> | null,
 *   expires?: string | null, edited: string | null, deleted: boolean, service: any, media: any,
 *   forward: any, author: string, error: {code: string, message: string, next: string} | null,
 *   waits_until: string | null, masked?: boolean}} Message
 * @typedef {{chat: number, number: number, epoch: string, items: Message[], older: "stored" | "telegram" | "start",
 *   askBefore: number, newer: boolean, newLine: number | null, unseen: number}} Stream
 *   number: of the last event known; newer: messages beyond the window's end exist; newLine: incoming messages above this
 *   id are new; unseen: how many arrived below what is in view
 */

/** @param {import("./frames.js").HistoryPage} page as the server gives it @param {number | null} newLine @returns {Stream} */
export function fromPage(page, newLine) {
  return {
    chat: page.chat,
    number: page.at,
    epoch: page.epoch,
    items: sort(page.messages),
    older: page.older,
    askBefore: page.ask_before,
    newer: page.newer,
    newLine,
    unseen: 0,
  };
}

/** The name of a message over its whole life on the page. @param {Message} message */
export function key(message) {
  return message.cid ?? `m${message.id}`;
}

/** Has no number at Telegram and gets none by itself: what Telegram tells of its own accord, and what could not be sent,
 * stand where their time is. @param {Message} one */
const isPlacedByTime = (one) => one.tid === null && (!one.out || one.state === "failed");

/** What of these could not be sent, oldest first. @param {Message[]} items */
export const unsent = (items) => items.filter((one) => one.tid === null && one.state === "failed");

/** On its way: it comes last, in the order of writing. @param {Message} one */
const waits = (one) => one.tid === null && !isPlacedByTime(one);

/** Sent ones by Telegram's id. @param {Message} a @param {Message} b */
function compare(a, b) {
  if (waits(a) !== waits(b)) return waits(a) ? 1 : -1;
  if (a.tid !== null && b.tid !== null) return a.tid - b.tid;
  return byTime(a, b);
}

/** @param {Message} a @param {Message} b */
function byTime(a, b) {
  return Date.parse(a.date) - Date.parse(b.date) || (a.id ?? Infinity) - (b.id ?? Infinity) || 0;
}

/** @param {Message[]} items */
function sort(items) {
  return [...items].sort(compare);
}

/** @param {Message[]} items @param {Message[]} more replaces what has the same id */
function merge(items, more) {
  const byId = new Map(items.map((message) => [message.id, message]));
  for (const message of more) byId.set(message.id, message);
  return sort([...byId.values()]);
}

/** @param {Message[]} items */
const sentIds = (items) => items.flatMap((message) => (message.tid === null ? [] : [message.tid]));

/** @param {Stream} stream */
export const oldestId = (stream) => Math.min(...sentIds(stream.items), Infinity);
/** @param {Stream} stream */
export const newestId = (stream) => Math.max(...sentIds(stream.items), 0);

/** Older messages in front; the newest leave when the window is full. @param {Stream} stream @param {any} page */
export function prepend(stream, page) {
  const items = merge(stream.items, page.messages);
  const over = items.length - WINDOW;
  const kept = over > 0 ? items.slice(0, WINDOW) : items;
  return { ...stream, items: kept, older: page.older, askBefore: page.ask_before, newer: stream.newer || over > 0 };
}

/** What a frame `page` brings: messages of the newest page that had no room in `reset`. What is here is newer.
 * @param {Stream} stream @param {import("./frames.js").PageFrame} page @returns {Stream} */
export function complete(stream, page) {
  const above = Math.min(...sentIds(page.messages), Infinity) < oldestId(stream);
  const items = merge(page.messages, stream.items);
  return above ? { ...stream, items, older: page.older, askBefore: page.ask_before } : { ...stream, items };
}

/** How many messages of the chat wait to go out, or could not be sent, and are not among those here: the server gives
 * some, and how many there are. @param {Stream} stream @param {{sending: number, failed: number}} all */
export function hidden(stream, all) {
  const count = (/** @type {string} */ state) => stream.items.filter((one) => one.tid === null && one.state === state).length;
  return { sending: Math.max(0, all.sending - count("sending")), failed: Math.max(0, all.failed - count("failed")) };
}

/** "12 more messages wait to go out in this chat. …", or "". @param {{sending: number, failed: number}} them */
export function hiddenLabel({ sending, failed }) {
  const some = (/** @type {number} */ count) => `${count.toLocaleString("en")} more message${count === 1 ? "" : "s"}`;
  const waits = sending && `${some(sending)} ${sending === 1 ? "waits" : "wait"} to go out in this chat.`;
  const lost = failed && `${some(failed)} could not be sent.`;
  const next = (sending || failed) && "They are shown when fewer of the others are left.";
  return [waits, lost, next].filter(Boolean).join(" ");
}

/** Newer messages behind; the oldest leave when the window is full. @param {Stream} stream @param {any} page */
export function append(stream, page) {
  const items = merge(stream.items, page.messages);
  return dropOldest({ ...stream, items, newer: page.newer });
}

/** @param {Stream} stream @returns {Stream} */
function dropOldest(stream) {
  const over = stream.items.length - WINDOW;
  return over > 0 ? { ...stream, items: stream.items.slice(over), older: "stored" } : stream;
}

/**
 * The stream after an `events` frame, and what was new in it. `stale`: the frame says nothing new; `gap`: something
 * before it is missing, ask again.
 * @param {Stream} stream
 * @param {import("./frames.js").EventsFrame} frame
 * @param {boolean} pinned the viewer is at the newest message
 * @returns {{stream: Stream, arrived: Message[], outcome: "applied" | "stale" | "gap"}}
 */
export function applyEvents(stream, frame, pinned) {
  if (frame.chat !== stream.chat || frame.to <= stream.number) return { stream, arrived: [], outcome: "stale" };
  if (frame.after > stream.number) return { stream, arrived: [], outcome: "gap" };
  const known = new Set(stream.items.map((message) => message.id));
  const [oldest, newest] = [oldestId(stream), newestId(stream)];
  const inWindow = frame.messages.filter(
    (/** @type {Message} */ message) =>
      known.has(message.id) ||
      message.tid === null ||
      ((message.tid >= oldest || !known.size || stream.older === "start") && (!stream.newer || message.tid <= newest)),
  );
  const arrived = frame.messages.filter(
    (/** @type {Message} */ message) => !known.has(message.id) && !message.out && !message.deleted && (message.tid ?? 0) > newest,
  );
  const gone = /** @type {Set<number | null>} */ (new Set(frame.removed));
  const items = merge(stream.items, inWindow).filter((message) => !gone.has(message.id));
  const next = {
    ...stream,
    items,
    number: frame.to,
    unseen: pinned && !stream.newer ? 0 : stream.unseen + arrived.length,
  };
  return { stream: pinned ? dropOldest(next) : next, arrived, outcome: "applied" };
}

/**
 * What waits in the outbox, as messages of the stream.
 * @param {import("./outbox.js").Waiting[]} waiting
 * @param {Stream} stream
 * @param {{id: number, name: string}} user
 * @returns {Message[]}
 */
export function waitingMessages(waiting, stream, user) {
  const known = new Set(stream.items.map((message) => message.cid));
  const byTid = new Map(stream.items.map((message) => [message.tid, message]));
  return waiting
    .filter((one) => !known.has(one.cid))
    .map((one) => {
      const quoted = one.reply_to === null ? undefined : byTid.get(one.reply_to);
      return {
        id: null, chat: one.chat, tid: null, cid: one.cid, state: one.error ? "failed" : "sending", out: true,
        sender: { id: 0, name: "You" }, staff: user, date: one.at, text: one.text, entities: one.entities ?? [],
        reply: quoted ? { tid: one.reply_to, name: quoted.out ? "You" : quoted.sender.name, text: covered(quoted) } : null,
        edited: null, deleted: false, service: null, media: null, forward: null, author: "",
        error: one.error ? { code: "", message: one.error, next: "" } : null, waits_until: null,
      };
    });
}

/**
 * @typedef {{type: "day", key: string, date: Date} | {type: "new", key: string} |
 *   {type: "message", key: string, message: Message, first: boolean, last: boolean}} Row
 */

/**
 * What is drawn: days, the line above new messages, messages grouped by sender.
 * @param {Message[]} messages in order
 * @param {number | null} newLine
 * @returns {Row[]}
 */
export function rows(messages, newLine) {
  /** @type {Row[]} */
  const drawn = [];
  /** @type {Message | null} */
  let before = null;
  let lined = newLine === null;
  for (const message of messages) {
    const date = new Date(message.date);
    const newDay = before === null || new Date(before.date).toDateString() !== date.toDateString();
    if (newDay) drawn.push({ type: "day", key: `d${date.toDateString()}`, date });
    const newHere = !lined && !message.out && message.tid !== null && message.tid > /** @type {number} */ (newLine);
    if (newHere) {
      drawn.push({ type: "new", key: "new" });
      lined = true;
    }
    const first = newDay || newHere || before === null || !together(before, message);
    const previous = drawn.at(-1);
    if (previous?.type === "message" && !first) previous.last = false;
    drawn.push({ type: "message", key: key(message), message, first, last: true });
    before = message;
  }
  return drawn;
}

/** @param {Message} a @param {Message} b */
function together(a, b) {
  return (
    a.out === b.out && !a.service && !b.service && a.sender.id === b.sender.id && a.staff?.id === b.staff?.id &&
    Math.abs(Date.parse(b.date) - Date.parse(a.date)) < GROUP_SECONDS * 1000
  );
}

/** The last message of ours if it can be edited; one that is still on its way cannot, and no older one is meant then.
 * @param {Message[]} messages in order, with what waits */
export function lastEditable(messages) {
  const last = messages.findLast((message) => message.out && !message.deleted && !message.service);
  return last && canEdit(last) ? last : null;
}

/** @param {Message} message */
export function canEdit(message) {
  return message.out && message.tid !== null && !message.deleted && !message.forward && hasText(message);
}
