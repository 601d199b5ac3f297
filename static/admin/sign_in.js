// The sign-in's and the demo's page: follows what the gateway answers, counts waits down, sends each form once.

const POLL = 400; // ms between polls while an answer is awaited
const POLL_SLOWEST = 5000; // ms, while the server does not answer

const POLL_QR = 1000; // ms, while somebody is looking for their phone

// Said of what nobody has asked for, so that a page that is left alone does not keep its login alive.
const UNATTENDED = { "X-Unattended": "1" };
const AGAIN = "?again";
if (location.search === AGAIN) history.replaceState(history.state, "", location.pathname);

/**
 * @typedef {{id: string, svg?: string, seconds: number, renew?: boolean}} Shown a QR code; svg: it is another one
 * @typedef {{open?: string, version: string, qr?: Shown, chats?: number, total?: number, complete?: boolean}} Status
 */

/** The first element that fits, or null. @param {string} selector */
function find(selector) {
  return /** @type {HTMLElement | null} */ (document.querySelector(selector));
}

/** All elements that fit. @param {string} selector */
function findAll(selector) {
  return /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));
}

const page = find("[data-status]");
const code = find("[data-qr]");
let lapses = 0; // performance.now() at which the shown code is of no use any more

/** How the sign-in stands. @param {HTMLElement} page @returns {Promise<Status>} */
async function poll(page) {
  const shown = code ? `?shown=${encodeURIComponent(code.dataset.qr ?? "")}` : "";
  const response = await fetch(page.dataset.status + shown, {
    headers: { Accept: "application/json", ...UNATTENDED },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/**
 * Another code takes the place of the one that lapses, without the page being loaded again. A page that nobody sees asks
 * for none; it does so when it is looked at again.
 * @param {HTMLElement} code
 * @param {Shown} qr
 */
function showCode(code, qr) {
  if (qr.svg !== undefined) {
    const drawn = new DOMParser().parseFromString(qr.svg, "image/svg+xml").documentElement;
    code.replaceChildren(document.importNode(drawn, true));
    code.dataset.qr = qr.id;
  }
  lapses = performance.now() + qr.seconds * 1000;
  if (qr.renew && !document.hidden) renew();
}

let renewing = false;

async function renew() {
  if (renewing) return;
  renewing = true;
  try {
    const form = new FormData(/** @type {HTMLFormElement} */ (find("[data-qr-form]")));
    form.set("action", "qr");
    await fetch(location.pathname, {
      method: "POST",
      body: form,
      headers: UNATTENDED,
      credentials: "same-origin",
      redirect: "manual",
    });
  } catch {
    // the next poll asks again
  } finally {
    renewing = false;
  }
}

/** @param {HTMLElement} code */
function tickCode(code) {
  const left = Math.max(0, Math.ceil((lapses - performance.now()) / 1000));
  say("[data-qr-seconds]", `${left} s`);
  code.toggleAttribute("data-lapsed", left === 0);
}

/** @param {string} selector @param {string} text what the element then says, if there is one */
function say(selector, text) {
  const element = find(selector);
  if (element) element.textContent = text;
}

/** Show the state of the sign-in. @param {HTMLElement} page @param {Status} answer @returns {boolean} whether to poll again */
function show(page, answer) {
  if (answer.open) {
    location.replace(answer.open);
    return false;
  }
  if (answer.version !== page.dataset.version) {
    location.replace(page.dataset.again ?? location.pathname + AGAIN);
    return false;
  }
  if (answer.qr && code) showCode(code, answer.qr);
  if (answer.chats !== undefined) {
    say("[data-chats]", String(answer.chats));
    say("[data-total]", ` of ${answer.total}`);
    find("[data-total]")?.toggleAttribute("hidden", !answer.total);
    find("[data-syncing]")?.toggleAttribute("hidden", Boolean(answer.complete));
    return !answer.complete;
  }
  return true;
}

/** @param {HTMLElement} page */
async function watch(page) {
  const usual = code ? POLL_QR : POLL;
  let wait = usual;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      if (!show(page, await poll(page))) return;
      wait = usual;
    } catch {
      wait = Math.min(wait * 2, POLL_SLOWEST);
    }
  }
}

/** @param {number} seconds */
function words(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, "0")} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
}

/** @param {HTMLElement} element */
function countDown(element) {
  const end = performance.now() + Number(element.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      element.textContent = words(left);
      setTimeout(tick, 250);
      return;
    }
    element.textContent = "0 s";
    element.closest(".tg-wait")?.remove();
    for (const button of findAll(`[data-${element.dataset.enables}]`)) button.removeAttribute("disabled");
  };
  tick();
}

for (const element of findAll("[data-seconds]")) countDown(element);

for (const form of findAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    form.setAttribute("aria-busy", "true");
  });
}

addEventListener("pageshow", () => {
  for (const form of findAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

if (code) {
  lapses = performance.now() + Number.parseInt(find("[data-qr-seconds]")?.textContent ?? "0", 10) * 1000;
  setInterval(() => tickCode(code), 250);
}

if (page && page.dataset.watch !== undefined) watch(page);
