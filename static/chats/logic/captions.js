// Which messages have a text that can be edited, and how long it may be. The server says the same (apps/chats/services/captions.py).

import { MAX_LENGTH } from "./text.js";

/** UTF-16 units of a caption; Premium accounts may write MAX_LENGTH. */
const MAX_CAPTION = 1024;

const WITH_CAPTION = new Set(["photo", "video", "gif", "audio", "voice", "document"]);

/** @param {{media: any} | null} message whether its text is a caption, which may be empty */
export function isCaption(message) {
  return WITH_CAPTION.has(message?.media?.kind);
}

/** @param {{media: any, service: any}} message */
export function hasText({ media, service }) {
  return !service && (!media || media.kind === "web_page" || WITH_CAPTION.has(media.kind));
}

/** How long a text may be. @param {{text: string, media: any} | null} message that is edited; null: a new one */
export function longest(message) {
  return isCaption(message) && (message?.text.length ?? 0) <= MAX_CAPTION ? MAX_CAPTION : MAX_LENGTH;
}
