// What a message bears besides its text and media, in words: pure functions.

/** @typedef {import("./stream.js").Message} Message */

/**
 * What the message answers: `name` and `text` for the block above it, `tid` where it can be gone to. Null: nothing.
 * @param {Message} one @param {(media: string) => string} word a kind of media in a word
 * @returns {{name: string, text: string, tid: number | null} | null}
 */
export function answered(one, word) {
  const { reply, details } = one;
  if (details?.story_id) return { name: "A story", text: "Stories are shown in Telegram's own apps.", tid: null };
  if (details?.reply_message_id || details?.reply_from_name) return elsewhere(details, word);
  if (!reply) return null;
  const text = reply.deleted ? "Message deleted" : details?.quote || known(reply, word);
  return { name: reply.name || "Reply", text, tid: reply.tid };
}

/** @param {{missing: boolean, text: string | null, media?: string | null}} reply @param {(media: string) => string} word */
function known(reply, word) {
  if (reply.missing) return "An earlier message";
  return reply.text || (reply.media ? word(reply.media) : "");
}

/** @param {Record<string, any>} details @param {(media: string) => string} word */
function elsewhere(details, word) {
  const name = details.reply_from_name || "Another chat";
  return { name, text: details.quote || (details.reply_media ? word(details.reply_media) : "A message of another chat"), tid: null };
}

/** The texts of the buttons under a message, row by row. @param {Message} one @returns {string[][]} */
export function buttons(one) {
  const rows = one.details?.buttons ?? one.details?.keyboard;
  if (!Array.isArray(rows)) return [];
  const texts = rows.map((row) => (Array.isArray(row) ? row.map(text).filter(Boolean) : []));
  return texts.filter((row) => row.length);
}

/** @param {unknown} button */
function text(button) {
  const found = typeof button === "object" && button !== null && "text" in button ? button.text : button;
  return typeof found === "string" ? found : "";
}
