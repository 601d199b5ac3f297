// The page's state and how frames change it; no page, no network.

import { applyEvents, complete, fromPage, hidden } from "./stream.js";
import { NOTHING, total } from "./unread.js";

/**
 * @typedef {import("./frames.js").Session} Session
 * @typedef {{more: string | null, loading: boolean, error: string}} ListView
 * @typedef {{session: number, peer: number, sender: number, name: string, action: string, until: number}} Typing
 * @typedef {{
 *   user: {id: number, name: string}, mayAdd: boolean,
 *   sessions: Session[], everywhere: boolean, sessionId: number | null, unread: Map<number, import("./unread.js").Unread>,
 *   chats: Map<number, import("./list.js").Chat>, tab: string, query: string, views: Map<string, ListView>,
 *   chatId: number | null, stream: import("./stream.js").Stream | null, streamError: string,
 *   edge: {older: string, newer: string, message: string}, typing: Typing[], typists: Map<number, string>,
 *   connection: import("./socket.js").Connection, pinned: boolean, announcement: string,
 *   saving: Map<number, string>, notices: {id: number, text: string, again: (() => void) | null}[]
 * }} State
 *   everywhere: the list is over all accounts; sessionId: the account of the list, or of the open chat; unread: by account
 */

export const TYPING_MS = 6000;

/** Nothing is being loaded at either end of the stream. @type {State["edge"]} */
export const STILL = { older: "", newer: "", message: "" };

/** The list's parts before the first page has come. @returns {Map<string, ListView>} */
export const firstViews = () => new Map([["all|", { more: null, loading: true, error: "" }]]);

/** @param {any} first what the server put into the page @param {number} now @returns {State} */
export function initial(first, now) {
  const chats = new Map((first.list?.chats ?? []).map((/** @type {any} */ chat) => [chat.id, chat]));
  if (first.chat) chats.set(first.chat.id, first.chat);
  return {
    user: first.user,
    mayAdd: first.may_add,
    sessions: first.sessions,
    everywhere: first.everywhere,
    sessionId: first.session,
    unread: new Map(first.unread.map((/** @type {any} */ one) => [one.session, one])),
    chats,
    tab: "all",
    query: "",
    views: new Map([["all|", { more: first.list?.more ?? null, loading: false, error: "" }]]),
    chatId: first.chat?.id ?? null,
    stream: first.page ? fromPage(first.page, newLineOf(first.chat)) : null,
    streamError: "",
    edge: STILL,
    typing: [],
    typists: new Map(),
    connection: { state: "connecting", code: 0, refusal: null, since: now },
    pinned: true,
    announcement: "",
    saving: new Map(),
    notices: [],
  };
}

/** Above which message id what others wrote is new; null: nothing is. @param {import("./list.js").Chat} chat */
export function newLineOf(chat) {
  return chat.unread > 0 ? chat.read_inbox : null;
}

/** @param {State} state */
export const session = (state) => state.sessions.find((one) => one.id === state.sessionId) ?? null;
/** Whether the list shows this account's chats. @param {State} state @param {number} id */
export const lists = (state, id) => (state.everywhere ? state.sessions.some((one) => one.id === id) : id === state.sessionId);
/** How much is unread in an account, or (null) in all of them. @param {State} state @param {number | null} id */
export function unreadIn(state, id) {
  if (id !== null) return state.unread.get(id) ?? NOTHING;
  return total(state.sessions.map((one) => state.unread.get(one.id) ?? NOTHING));
}
/** @param {State} state */
export const chat = (state) => (state.chatId === null ? null : (state.chats.get(state.chatId) ?? null));
/** @param {State} state */
export const viewKey = (state) => `${state.tab}|${state.query.trim().toLocaleLowerCase()}`;

/**
 * The state after a frame from the server. What a frame does not change stays the same object.
 * @param {State} state
 * @param {import("./frames.js").FromServer} frame
 * @param {{now: number, looking: boolean}} at looking: the page is visible and focused
 * @returns {{state: State, effect: "" | "reopen" | "arrived" | "gone"}}
 */
export function receive(state, frame, at) {
  const done = (/** @type {State} */ next, /** @type {any} */ effect = "") => ({ state: next, effect });
  switch (frame.type) {
    case "welcome":
    case "sessions":
      return done({ ...state, sessions: frame.sessions });
    case "session":
      return done({ ...state, sessions: state.sessions.map((one) => (one.id === frame.id ? { ...one, ...frame } : one)) });
    case "gone":
      return withoutAccount(state, frame.session);
    case "list":
      return done(frame.session === (state.everywhere ? null : state.sessionId) ? withList(state, frame) : state);
    case "chats":
      return done(lists(state, frame.session) ? withRows(state, frame.chats) : state);
    case "unread":
      return done({ ...state, unread: new Map([...state.unread, ...frame.accounts.map(byAccount)]) });
    case "typing":
      return done(lists(state, frame.session) ? withTyping(state, frame, at.now) : state);
    case "reset":
      return done(frame.page.chat === state.chatId ? withReset(state, frame) : state);
    case "page":
      return done(
        state.stream && frame.chat === state.stream.chat ? { ...state, stream: complete(state.stream, frame) } : state,
      );
    case "error":
      return done(frame.code === "UNREADABLE" ? withUnreadable(state, frame) : state);
    case "opened": // what the page knows goes on: events follow
      return done(state);
    case "events":
      return state.stream ? withEvents(state, state.stream, frame, at) : done(state);
    default:
      return done(state);
  }
}

/** @param {import("./frames.js").AccountUnread} one @returns {[number, import("./unread.js").Unread]} */
const byAccount = (one) => [one.session, one];

/** An account is no longer the viewer's to see; the effect says so if it, or a chat of it, is shown.
 * @param {State} state @param {number} id @returns {{state: State, effect: "" | "gone"}} */
function withoutAccount(state, id) {
  const sessions = state.sessions.filter((one) => one.id !== id);
  const chats = new Map([...state.chats].filter(([, row]) => row.session !== id));
  const shown = state.sessionId === id;
  return { state: { ...state, sessions, chats, sessionId: shown ? null : state.sessionId }, effect: shown ? "gone" : "" };
}

/** @param {State} state @param {import("./frames.js").ListFrame} frame a fresh first page: rows that it does not name are kept as they were known */
function withList(state, frame) {
  const views = new Map([["all|", { more: frame.more, loading: false, error: "" }]]);
  return { ...withRows(state, frame.chats), views };
}

/** @param {State} state @param {import("./list.js").Chat[]} rows */
export function withRows(state, rows) {
  const chats = new Map(state.chats);
  for (const row of rows) {
    // A row that was read before the one we have says nothing new.
    if ((chats.get(row.id)?.at ?? -1) <= row.at) chats.set(row.id, row);
  }
  return { ...state, chats };
}

/** @param {State} state @param {import("./frames.js").ResetFrame} frame */
function withReset(state, frame) {
  const next = withRows(state, [frame.row]);
  const line = state.stream?.chat === state.chatId ? state.stream?.newLine ?? null : newLineOf(frame.row);
  return { ...next, stream: fromPage(frame.page, line), streamError: "", edge: STILL };
}

/** Something in a chat cannot be read: where messages would be, or, when there are some, as a notice.
 * @param {State} state @param {import("./frames.js").ErrorFrame} frame */
function withUnreadable(state, frame) {
  if (frame.chat !== state.chatId) return state;
  return state.stream ? withNotice(state, frame.message) : { ...state, streamError: frame.message };
}

/** How many waiting messages of the open chat this page does not have. @param {State} state */
export function hiddenHere(state) {
  const row = chat(state);
  const { stream } = state;
  if (!row?.waiting || stream?.chat !== row.id || stream.newer) return { sending: 0, failed: 0 };
  return hidden(stream, row.waiting);
}

/**
 * @param {State} state
 * @param {import("./stream.js").Stream} stream
 * @param {import("./frames.js").EventsFrame} frame
 * @param {{now: number, looking: boolean}} at
 * @returns {{state: State, effect: "" | "reopen" | "arrived"}}
 */
function withEvents(state, stream, frame, at) {
  const applied = applyEvents(stream, frame, state.pinned && at.looking);
  if (applied.outcome !== "applied") return { state, effect: applied.outcome === "gap" ? "reopen" : "" };
  let next = withRows(state, [frame.row]);
  next = { ...next, stream: applied.stream };
  for (const notice of frame.notices) {
    if (notice.message !== null) next.saving = without(next.saving, notice.message);
    next = withNotice(next, `${notice.action === "delete" ? "Not deleted" : "Not changed"}: ${notice.error.message}`);
  }
  for (const message of frame.messages) next.saving = without(next.saving, message.id);
  if (!applied.arrived.length) return { state: next, effect: "" };
  const last = /** @type {import("./stream.js").Message} */ (applied.arrived.at(-1));
  next.announcement = `${last.sender.name}: ${last.text.slice(0, 200) || "sent something"}`;
  next.typing = next.typing.filter((one) => !applied.arrived.some((message) => message.sender.id === one.sender));
  if (!at.looking && applied.stream.newLine === null) {
    const above = Math.min(...applied.arrived.map((message) => message.tid ?? Infinity)) - 1;
    next.stream = { ...applied.stream, newLine: above };
  }
  return { state: next, effect: "arrived" };
}

/** @template K, V @param {Map<K, V>} map @param {K} key */
function without(map, key) {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** @param {State} state @param {import("./frames.js").TypingFrame} frame @param {number} now */
function withTyping(state, frame, now) {
  const { session, peer_id: peer, sender_id: sender, name, action } = frame;
  const others = state.typing.filter((one) => one.session !== session || one.peer !== peer || one.sender !== sender);
  if (action === "cancel") return { ...state, typing: others };
  return { ...state, typing: [...others, { session, peer, sender, name: name || "Somebody", action, until: now + TYPING_MS }] };
}

/** Those whose typing is old are done. @param {State} state @param {number} now */
export function expireTyping(state, now) {
  const typing = state.typing.filter((one) => one.until > now);
  return typing.length === state.typing.length ? state : { ...state, typing };
}

/** "Priya is typing…" in a group, "typing…" in a private chat; "" for nobody.
 * @param {State} state @param {import("./list.js").Chat} row */
export function typingLabel(state, row) {
  const here = state.typing.filter((one) => one.session === row.session && one.peer === row.peer);
  if (!here.length) return "";
  const doing = here.length === 1 ? (ACTIONS[here[0].action] ?? "typing") : "typing";
  if (row.kind === "user" || row.kind === "bot") return `${doing}…`;
  const names = here.map((one) => one.name.split(" ")[0]);
  if (names.length > 2) return `${names.length} people are typing…`;
  return `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} ${doing}…`;
}

/** @type {Record<string, string>} */
const ACTIONS = {
  typing: "typing",
  record_audio: "recording a voice message",
  record_video: "recording a video",
  record_round: "recording a video message",
  upload_audio: "sending a voice message",
  upload_photo: "sending a photo",
  upload_video: "sending a video",
  upload_document: "sending a file",
  choose_sticker: "choosing a sticker",
};

let notices = 0;

/** @param {State} state @param {string} text @param {(() => void) | null} [again] @returns {State} */
export function withNotice(state, text, again = null) {
  notices += 1;
  return { ...state, notices: [...state.notices.slice(-2), { id: notices, text, again }] };
}
