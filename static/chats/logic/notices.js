// Desktop notices: what the viewer wants of which account, and which rows are worth one; pure.

/**
 * @typedef {{on: boolean, sound: boolean, text: boolean}} Wish of one account
 * @typedef {{later: number, accounts: Record<string, Wish>}} Wishes later: the question is not asked before (milliseconds)
 */

/** @type {Wish} */
export const OFF = { on: false, sound: true, text: false };
/** "Not now" is heeded for so long. */
export const LATER_MS = 30 * 24 * 3600 * 1000;

/** @param {string | null} stored @returns {Wishes} whatever is stored */
export function parse(stored) {
  /** @type {any} */
  let found = null;
  try {
    found = JSON.parse(stored ?? "null");
  } catch {
    // What cannot be read is as good as nothing.
  }
  /** @type {Record<string, Wish>} */
  const accounts = {};
  for (const [id, one] of Object.entries(found?.accounts ?? {})) accounts[id] = wish(one);
  return { later: Number(found?.later) || 0, accounts };
}

/** @param {any} one @returns {Wish} */
function wish(one) {
  return { on: one?.on === true, sound: one?.sound !== false, text: one?.text === true };
}

/** Whether a row says that somebody wrote, after `since`, what nobody here has heard of.
 * @param {import("./list.js").Chat} row @param {number} heard the Telegram id that was told last, 0 for none
 * @param {number} since milliseconds, by the server's clock */
export function isNews(row, heard, since) {
  const { tid, out, at } = row.last;
  return !row.muted && !out && row.unread > 0 && tid !== null && tid > heard && Date.parse(at) >= since;
}

/** What a notice says. @param {import("./list.js").Chat} row @param {string} account @param {boolean} withText
 * @returns {{title: string, body: string}} */
export function words(row, account, withText) {
  const sender = row.last.sender && row.kind !== "user" ? `${row.last.sender}: ` : "";
  return { title: `${row.title} · ${account}`, body: withText ? `${sender}${row.last.text}` : "New message" };
}
