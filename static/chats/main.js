// Starts the chat page: reads what the server put into it, draws, and wires keys and the browser's events.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { App } from "./app.js";
import { chatKeys, messageKeys } from "./keys.js";
import { fill } from "./view/composer.js";
import { conversation } from "./view/conversation.js";
import { details } from "./view/details.js";
import { deletion, help, notices } from "./view/dialogs.js";
import { list } from "./view/list.js";
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

// This page's name for itself: when its connection dies unnoticed, the next one takes the place of the dead one.
const page = crypto.randomUUID();

const app = new App({
  first,
  base: root.dataset.base ?? "/chats/",
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
    const from = app.state.chatId;
    if (app.state.sessionId !== null) await app.navigation.go(app.state.sessionId, null);
    paint();
    /** @type {HTMLElement | null} */ (root.querySelector(`.row[data-chat="${from}"]`))?.focus();
  },
  details: () => {
    panel = !panel;
    draw();
  },
  help: () => dialog("help")?.showModal(),
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
  const links = { addAccount: root.dataset.sessions ?? "", demo: root.dataset.demo ?? "", signIn: actions.signIn, accountSignIn: actions.accountSignIn, alone };
  root.dataset.view = app.state.chatId === null ? "list" : "chat";
  root.dataset.live = app.state.connection.state;
  render(
    html`${list(app, links)} ${conversation(app, actions)}
      ${panel && app.chat ? details(app, facts?.chat === app.state.chatId ? facts : null, closePanel) : nothing}
      ${help()} ${deletion(doomed, (one) => app.changes.remove(one), forget)} ${notices(app)}
      <div class="sr" role="log" aria-live="polite" aria-label="New messages">${app.state.announcement}</div>`,
    root,
  );
  const { chatId, pinned, stream } = app.state;
  scroller.after(root, { chat: chatId, pinned: pinned && !stream?.newer, ready: stream?.chat === chatId });
  afterwards();
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
  const { unread, chatId, sessionId } = app.state;
  const name = app.chat?.title ?? "Chats";
  document.title = `${unread ? `(${unread}) ` : ""}${name} · tgadmin`;
  badge(unread);
  if (panel && chatId !== null && sessionId !== null && app.state.stream) refreshFacts(sessionId, chatId);
  reach();
}

/** @param {number} unread chats with unread messages */
function badge(unread) {
  const link = document.getElementById("rail-chats");
  if (!link) return;
  let dot = link.querySelector(".dot");
  if (unread && !dot) {
    dot = document.createElement("span");
    dot.className = "dot";
    link.append(dot);
  }
  if (dot) dot.textContent = unread > 99 ? "99+" : String(unread);
  if (dot && !unread) dot.remove();
  link.setAttribute("aria-label", unread ? `Chats, ${unread} unread` : "Chats");
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

addEventListener("popstate", () => {
  const [, session, chat] = location.pathname.match(/(\d+)\/(?:(\d+)\/)?$/) ?? [];
  if (session) app.navigation.go(Number(session), chat ? Number(chat) : null, { push: false });
});
addEventListener("online", () => app.socket.hurry());
addEventListener("offline", draw);
addEventListener("focus", () => app.reading.mark());
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
