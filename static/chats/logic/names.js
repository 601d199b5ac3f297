// Words for media; pure.

/** @type {Record<string, [string, string]>} kind -> icon, word */
const MEDIA = {
  photo: ["image", "Photo"],
  video: ["movie", "Video"],
  video_note: ["movie", "Video message"],
  gif: ["gif_box", "GIF"],
  live_location: ["location_on", "Live location"],
  dice: ["draft", "Dice"],
  game: ["draft", "Game"],
  invoice: ["draft", "Invoice"],
  story: ["draft", "Story"],
  to_do: ["draft", "To-do list"],
  paid_media: ["image", "Paid media"],
  voice: ["mic", "Voice message"],
  audio: ["music_note", "Audio"],
  document: ["description", "File"],
  sticker: ["sticky_note_2", "Sticker"],
  location: ["location_on", "Location"],
  venue: ["location_on", "Place"],
  contact: ["contacts", "Contact"],
  poll: ["bar_chart", "Poll"],
  unsupported: ["draft", "Not supported here: open it in Telegram"],
};

/** @param {any} media @returns {{icon: string, word: string, name: string}} */
export function media(media) {
  const [icon, word] = Object.hasOwn(MEDIA, media.kind) ? MEDIA[media.kind] : ["draft", "Attachment"];
  const person = [media.first_name, media.last_name].filter(Boolean).join(" ");
  const name = String(media.file_name ?? media.title ?? media.question ?? (person || media.emoji) ?? "");
  return { icon, word: media.expired ? `${word}, expired` : word, name };
}

/** Whether the media is shown as a box of its own; a web page's preview is not. @param {any} media */
export function isAttachment(media) {
  return Boolean(media) && !["web_page", "empty"].includes(media.kind);
}

export { service } from "./service.js";
