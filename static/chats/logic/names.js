// Words for what is not text: media, service messages; pure.

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

/**
 * A service message as a sentence.
 * @param {any} service its kind and facts
 * @param {string} who
 */
export function service(service, who) {
  const title = service.title ? ` “${service.title}”` : "";
  switch (service.kind) {
    case "chat_create":
      return `${who} created the group${title}`;
    case "channel_create":
      return `The channel${title} was created`;
    case "chat_edit_title":
      return `${who} changed the name to${title || " another one"}`;
    case "chat_edit_photo":
      return `${who} changed the photo`;
    case "chat_delete_photo":
      return `${who} removed the photo`;
    case "chat_add_user":
      return `${who} added a member`;
    case "chat_delete_user":
      return `${who} removed a member or left`;
    case "chat_joined_by_link":
      return `${who} joined by an invitation link`;
    case "chat_joined_by_request":
      return `${who} was admitted`;
    case "pin_message":
      return `${who} pinned a message`;
    case "chat_migrate_to":
    case "channel_migrate_from":
      return "The group became a supergroup";
    case "history_clear":
      return "The history was cleared";
    case "contact_sign_up":
      return `${who} joined Telegram`;
    case "phone_call":
      return `${who} called`;
    case "set_messages_ttl":
      return `${who} changed when messages are deleted`;
    default:
      return `${who}: ${String(service.kind ?? "event").replaceAll("_", " ")}`;
  }
}
