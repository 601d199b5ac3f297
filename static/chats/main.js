// Starts the chat page: reads what the server put into it, draws, and wires keys and the browser's events.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { App } from "./app.js";
import { unreadIn } from "./logic/store.js";
import { badgeText, label } from "./logic/unread.js";
import { chatKeys, messageKeys } from "./keys.js";
import { fill } from "./view/composer.js";
import { conversation } from "./view/conversation.js";
import { details } from "./view/details.js";
import { focusAccounts } from "./view/accounts.js";
import { deletion, help, notices } from "./view/dialogs.js";
import { list } from "./view/list.js";
import { chatMenu, openMenu } from "./view/menu.js";
import { noticesDialog } from "./view/notices.js";
import { useIcons } from "./view/parts.js";
import { toHtml } from "./logic/clipboard.js";
import { Scroller } from "./view/scroll.js";

const root = /** @type {HTMLElement} */ (document.getElementById("chats"));
const first = JSON.parse(document.getElementById("first-data")?.textContent ?? "{}");
const scroller = new Scroller();
const wide = matchMedia("(min-width: 1181px)");
const FACTS_MS = 1500;
const narrow = matchMedia("(max-width: 760px)");

let panel = wide.matches;
/** @type {any} */
let facts = null;
let factsFor = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let factsTimer;
/** @type {any} the message whose deletion is asked about */
let doomed = null;
let scheduled = false;
/** @type {import("./logic/list.js").Chat | null} whose menu is open */
let chosen = null;
/** Typing is what one does in a chat that one has opened, unless it would open a keyboard on the screen. */
const types = matchMedia("(hover: hover) and (min-width: 761px)");

// This page's name for itself: when its connection dies unnoticed, the next one takes the place of the dead one.
const page = crypto.randomUUID();

const app = new App({
  first,
  base: root.dataset.base ?? "/chats/",
  icon: root.dataset.icon ?? "",
  socketUrl: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${root.dataset.socket}?page=${page}&parts=1`,
  storage: localStorage,
  draw,
  paint,
});

/** @type {import("./view/conversation.js").Actions} */
const actions = {
  reply: (one) => {
    app.writing.compose({ reply: one, editing: null });
    focusComposer();
  },
  edit: (one) => {
    app.writing.compose({ editing: one, reply: null });
    focusComposer();
  },
  copy: async (one) => {
    try {
      await copied(app.codes.of(one) ?? one);
      app.notice("Copied.");
    } catch {
      app.notice("This browser does not let the page copy. Select the text instead.");
    }
  },
  askDelete: (one) => {
    doomed = one;
    paint();
    dialog("deletion")?.showModal();
  },
  find: async (tid) => {
    await app.history.find(tid);
    paint();
    if (!scroller.show(tid)) app.notice("That message is not stored here. Scroll up to fetch older ones.");
  },
  jump: async () => {
    if (app.state.stream?.newer) await app.history.load();
    app.reading.pin(true);
    paint();
    scroller.bottom();
    focusComposer();
  },
  back: async () => {
    const from = app.state.chatId ?? 0;
    await app.navigation.go(app.state.everywhere ? null : app.state.sessionId, null);
    paint();
    focusRow(from);
  },
  details: () => {
    panel = !panel;
    draw();
  },
  help: () => dialog("help")?.showModal(),
  menu: (chat, at) => {
    chosen = chat;
    paint();
    openMenu(at);
  },
  nextUnread: async () => {
    const row = await app.list.nextUnread();
    if (row) show(row.id);
  },
  accounts: () => focusAccounts(app),
  markUnread: async () => {
    const { chat } = app;
    if (!chat || !app.session?.can_send) return;
    await app.list.mark(chat, true);
    paint();
    focusRow(chat.id);
  },
  scrolled: () => {
    app.reading.pin(scroller.place().pinned && !app.state.stream?.newer);
    reach();
  },
  signIn: `${root.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`,
  accountSignIn: root.dataset.accountSignIn ?? "",
  get detailsOpen() {
    return panel;
  },
};

/** @param {number} id of a chat: its row, or the list when it has none there */
function focusRow(id) {
  const row = /** @type {HTMLElement | null} */ (root.querySelector(`.row[data-chat="${id}"]`));
  (row ?? document.getElementById("chat-search"))?.focus();
}

/** The chat has been gone to by key: its row is in view, and one can type. @param {number} id */
function show(id) {
  paint();
  root.querySelector(`.row[data-chat="${id}"]`)?.scrollIntoView({ block: "nearest" });
  focusConversation();
}

/** To the field, or to the messages where nothing can be written. */
function focusConversation() {
  (document.getElementById("composer") ?? root.querySelector(".log") ?? root.querySelector(".back"))?.focus();
}

/** @param {string} id */
function dialog(id) {
  return /** @type {HTMLDialogElement | null} */ (document.getElementById(id));
}

/** The text, and for what takes it its formatting. @param {import("./logic/format.js").Rich} rich */
async function copied(rich) {
  if (!rich.entities.length || typeof ClipboardItem === "undefined") return navigator.clipboard.writeText(rich.text);
  const data = { "text/plain": rich.text, "text/html": toHtml(rich) };
  const parts = Object.entries(data).map(([type, text]) => [type, new Blob([text], { type })]);
  return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(parts))]);
}

function focusComposer() {
  paint();
  document.getElementById("composer")?.focus();
}

function draw() {
  if (scheduled) return;
  scheduled = true;
  const due = () => scheduled && paint(); // unless it was painted at once meanwhile
  if (document.visibilityState === "visible") requestAnimationFrame(due);
  else setTimeout(due, 0);
}

function paint() {
  scheduled = false;
  scroller.before(root);
  const alone = narrow.matches && app.state.chatId === null;
  const links = {
    addAccount: root.dataset.sessions ?? "", demo: root.dataset.demo ?? "", signIn: actions.signIn,
    accountSignIn: actions.accountSignIn, alone,
    notices: () => dialog("notices")?.showModal(), menu: actions.menu, opened,
  };
  root.dataset.view = app.state.chatId === null ? "list" : "chat";
  root.dataset.live = app.state.connection.state;
  render(
    html`${list(app, links)} ${conversation(app, actions)}
      ${panel && app.chat ? details(app, facts?.chat === app.state.chatId ? facts : null, closePanel) : nothing}
      ${help()} ${noticesDialog(app)} ${chatMenu(app, chosen, () => (chosen = null))}
      ${deletion(doomed, (one) => app.changes.remove(one), forget)} ${notices(app)}
      <div class="sr" role="log" aria-live="polite" aria-label="New messages">${app.state.announcement}</div>`,
    root,
  );
  const { chatId, pinned, stream } = app.state;
  scroller.after(root, { chat: chatId, pinned: pinned && !stream?.newer, ready: stream?.chat === chatId });
  afterwards();
}

/** A chat was chosen in the list. */
function opened() {
  if (scheduled) paint();
  if (types.matches) focusConversation();
  else /** @type {HTMLElement | null} */ (root.querySelector(".back"))?.focus();
}

function closePanel() {
  panel = false;
  draw();
  /** @type {HTMLElement | null} */ (root.querySelector('.hd [aria-label="Chat details"]'))?.focus();
}

/** Deleted or kept: the focus goes back to where one writes if its element is gone. */
function forget() {
  doomed = null;
  draw();
  if (document.activeElement === document.body) document.getElementById("composer")?.focus();
}

/** What follows from what is now shown: title, count in the navigation, details, more history. */
function afterwards() {
  fill(app);
  app.list.drawn();
  app.notices.look();
  const { chatId, sessionId } = app.state;
  const unread = unreadIn(app.state, null);
  const name = app.chat?.title ?? "Chats";
  document.title = `${unread.chats ? `(${badgeText(unread.chats)}) ` : ""}${name} · tgadmin`;
  badge(unread);
  if (panel && chatId !== null && sessionId !== null && app.state.stream) refreshFacts(sessionId, chatId);
  reach();
}

/** The label has what is shown in it, at any count. @param {import("./logic/unread.js").Unread} unread */
function badge(unread) {
  const link = document.getElementById("rail-chats");
  if (!link) return;
  let dot = link.querySelector(".dot");
  const text = unread.chats ? badgeText(unread.chats) : "";
  if (text && !dot) {
    dot = document.createElement("span");
    dot.className = "dot";
    link.append(dot);
  }
  if (dot && !text) dot.remove();
  else if (dot && dot.textContent !== text) dot.textContent = text;
  link.setAttribute("aria-label", text ? `Chats, ${text} unread` : "Chats");
  link.title = text ? `Chats: ${label(unread)}` : "Chats";
}

/** The details of the open chat: at once when it is opened, a moment after something happened in it.
 * @param {number} sessionId @param {number} chatId */
function refreshFacts(sessionId, chatId) {
  const stream = app.state.stream;
  // Older messages that were fetched from Telegram are stored as well, without an event.
  const name = [chatId, stream?.number, stream?.older, stream?.askBefore].join("/");
  if (name === factsFor) return;
  const wait = factsFor.startsWith(`${chatId}/`) ? FACTS_MS : 0;
  factsFor = name;
  clearTimeout(factsTimer);
  factsTimer = setTimeout(async () => {
    const found = await app.server.details(sessionId, chatId);
    if (found.error || app.state.chatId !== chatId) return;
    facts = found;
    draw();
  }, wait);
}

/** Load what the view comes near to. */
function reach() {
  const { stream, edge, chatId } = app.state;
  if (!stream || stream.chat !== chatId || !scroller.log) return;
  const { nearTop, nearBottom } = scroller.place();
  const away = edge.older === "away" && app.session?.status === "ready";
  if (nearTop && stream.older !== "start" && (!edge.older || away)) app.history.older();
  if (nearBottom && stream.newer && !edge.newer) app.history.newer();
}

scroller.stick = () => app.state.pinned && !app.state.stream?.newer;
useIcons(root.dataset.icons ?? "");
root.replaceChildren();
paint();
app.start();

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  if (app.chat) focusConversation();
  else focusRow(Number(/** @type {HTMLElement | null} */ (root.querySelector(".row"))?.dataset.chat ?? 0));
});
history.replaceState({ session: app.state.sessionId }, "");
addEventListener("popstate", ({ state }) => {
  const [, list, number] = location.pathname.match(/(all|\d+)\/(?:(\d+)\/)?$/) ?? [];
  if (!list) return;
  const everywhere = list === "all";
  const chat = number ? Number(number) : null;
  const session = !everywhere ? Number(list) : chat === null ? null : (app.state.chats.get(chat)?.session ?? state?.session ?? null);
  if (chat !== null && session === null) location.reload(); // the server knows whose chat it is
  else app.navigation.go(session, chat, { push: false, everywhere });
});
addEventListener("online", () => app.socket.hurry());
addEventListener("offline", draw);
addEventListener("focus", () => {
  app.reading.mark();
  draw();
});
addEventListener("blur", draw);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  app.socket.hurry();
  app.reading.mark();
  draw();
});
addEventListener("storage", draw);
narrow.addEventListener("change", draw);
wide.addEventListener("change", () => {
  panel = wide.matches;
  draw();
});
document.addEventListener("keydown", (event) => {
  if (chatKeys(event, app, actions) || messageKeys(event, app, actions)) event.preventDefault();
});
