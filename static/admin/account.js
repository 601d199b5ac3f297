// An account's page: asks whether it answers and shows what comes of it without loading the page again; its menu.

const POLL = 700; // ms between polls while Telegram is asked
const POLL_SLOWEST = 5000; // ms, while the server does not answer

const panel = /** @type {HTMLElement | null} */ (document.querySelector("[data-check]"));
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#tg-check-form"));
const menu = /** @type {HTMLDetailsElement | null} */ (document.querySelector("#tg-more-actions"));

/** @typedef {{html: string, waits: boolean}} Check what the panel shows, and whether that will change */

/** @param {string} address @param {RequestInit} [more] @returns {Promise<Check>} */
async function ask(address, more = {}) {
  const response = await fetch(address, {
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    ...more,
    headers: { Accept: "application/json", ...more.headers },
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? String(response.status));
  return answer;
}

let shown = "";

/** Nothing is said twice to who listens. @param {HTMLElement} panel @param {Check} check */
function show(panel, check) {
  if (check.html === shown) return;
  shown = check.html;
  panel.replaceChildren(...new DOMParser().parseFromString(check.html, "text/html").body.childNodes);
  panel.hidden = false;
  document.dispatchEvent(new Event("tg:shown"));
}

let following = false;

/** Until it is over. @param {HTMLElement} panel */
async function follow(panel) {
  if (following) return;
  following = true;
  let wait = POLL;
  for (let waits = true; waits; ) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      // Asked by nobody, so that a page that is left alone does not keep its login alive.
      const check = await ask(panel.dataset.check ?? "", { headers: { "X-Unattended": "1" } });
      show(panel, check);
      waits = check.waits;
      wait = POLL;
    } catch {
      wait = Math.min(wait * 2, POLL_SLOWEST);
    }
  }
  following = false;
}

form?.addEventListener("submit", async (event) => {
  if (!panel) return;
  event.preventDefault();
  form.setAttribute("aria-busy", "true");
  try {
    const check = await ask(form.action, { method: "POST", body: new FormData(form) });
    show(panel, check);
    if (check.waits) follow(panel);
  } catch {
    form.submit(); // as a page: it shows what is in the way, a sign-in for instance
  } finally {
    form.removeAttribute("aria-busy");
  }
});

if (panel?.dataset.waits !== undefined) follow(panel);

/** @param {EventTarget | null} target whether somebody types there */
const takesText = (target) => target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");

if (menu) {
  const button = /** @type {HTMLElement} */ (menu.querySelector("summary"));
  document.addEventListener("click", (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      button.focus();
    } else if (event.key === "." && !event.ctrlKey && !event.metaKey && !event.altKey && !takesText(event.target)) {
      event.preventDefault();
      menu.open = true;
      menu.querySelector("a")?.focus();
    }
  });
}
