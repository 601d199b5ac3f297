// How much is unread, account by account; pure.

/** @typedef {import("./frames.js").AccountUnread} AccountUnread */
/** @typedef {{chats: number, messages: number, muted_chats: number, muted_messages: number}} Unread muted chats apart */

/** @type {Unread} */
export const NOTHING = { chats: 0, messages: 0, muted_chats: 0, muted_messages: 0 };

/** Of accounts together. @param {Iterable<Unread>} each @returns {Unread} */
export function total(each) {
  const sum = { ...NOTHING };
  for (const one of each) {
    sum.chats += one.chats;
    sum.messages += one.messages;
    sum.muted_chats += one.muted_chats;
    sum.muted_messages += one.muted_messages;
  }
  return sum;
}

/** As it stands in a badge. @param {number} count */
export function badgeText(count) {
  return count > 999 ? "999+" : String(count);
}

/** "3 unread chats, 12 messages; muted: 1 chat, 40 messages"; "nothing unread". @param {Unread} unread */
export function label({ chats, messages, muted_chats: mutedChats, muted_messages: mutedMessages }) {
  const parts = [];
  if (chats) parts.push(`${count(chats, "unread chat")}${messages ? `, ${count(messages, "message")}` : ""}`);
  if (mutedChats) parts.push(`muted: ${count(mutedChats, "chat")}${mutedMessages ? `, ${count(mutedMessages, "message")}` : ""}`);
  return parts.join("; ") || "nothing unread";
}

/** @param {number} number @param {string} word */
function count(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}
