// The chat list: which chats are shown, in which order; pure.

/** @typedef {import("./frames.js").ChatRow} Chat */

/** @type {{name: string, label: string}[]} */
export const TABS = [
  { name: "all", label: "All" },
  { name: "unread", label: "Unread" },
  { name: "groups", label: "Groups" },
  { name: "channels", label: "Channels" },
];
const UNSENT = { name: "failed", label: "Not sent" };

/** The tabs to offer: "Not sent" while there is something in it, or it is open. @param {Iterable<Chat>} chats @param {string} open */
export function tabs(chats, open) {
  const some = open === UNSENT.name || [...chats].some((chat) => chat.waiting.failed > 0);
  return some ? [...TABS, UNSENT] : TABS;
}

/** @param {Chat} chat @param {string} tab @param {number | null} open the open chat stays in "Unread" and "Not sent" until one leaves */
function inTab(chat, tab, open) {
  if (tab === "unread") return chat.unread > 0 || chat.marked || chat.id === open;
  if (tab === "groups") return chat.kind === "group" || chat.kind === "supergroup";
  if (tab === "channels") return chat.kind === "channel";
  if (tab === UNSENT.name) return chat.waiting.failed > 0 || chat.id === open;
  return true;
}

/**
 * The chats to show, newest first; what is unread the oldest first, as it has waited longest.
 * @param {Iterable<Chat>} chats
 * @param {string} tab
 * @param {string} query words that title or username hold
 * @param {number | null} open
 */
export function shown(chats, tab, query, open) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return [...chats]
    .filter((chat) => !chat.continued_in && inTab(chat, tab, open))
    .filter((chat) => {
      const text = `${chat.title}\n${chat.username}`.toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => (tab === "unread" ? newer(b, a) : newer(a, b)));
}

/** @param {Chat} a @param {Chat} b below 0 when a is the newer one */
function newer(a, b) {
  return Date.parse(b.last.at) - Date.parse(a.last.at) || b.id - a.id;
}

/** "18 members", "bot", "private chat" … @param {Chat} chat */
export function kindLabel(chat) {
  const names = { user: "Private chat", bot: "Bot", group: "Group", supergroup: "Group", channel: "Channel" };
  return names[/** @type {keyof typeof names} */ (chat.kind)] ?? chat.kind;
}

/** @param {Chat} chat "18 members", "1 subscriber" or "" */
export function membersLabel(chat) {
  if (chat.members === null) return "";
  const word = chat.kind === "channel" ? "subscriber" : "member";
  return `${chat.members.toLocaleString("en")} ${word}${chat.members === 1 ? "" : "s"}`;
}

/** The icon beside a chat's name; none for people. @param {Chat} chat */
export function kindIcon(chat) {
  const names = { bot: "smart_toy", group: "group", supergroup: "group", channel: "campaign" };
  return names[/** @type {keyof typeof names} */ (chat.kind)] ?? "";
}
