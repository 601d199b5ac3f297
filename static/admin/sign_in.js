// The sign-in's and the demo's page: follows what the gateway answers, counts waits down, sends each form once.

const POLL = 400; // ms between looks while an answer is owed
const POLL_SLOWEST = 5000; // ms, while the server does not answer

const POLL_QR = 1000; // ms, while somebody is looking for his phone

// Said of what nobody has asked for, so that a page that is left alone does not keep its login alive.
const UNATTENDED = { "X-Unattended": "1" };
const AGAIN = "?again";
if (location.search === AGAIN) history.replaceState(history.state, "", location.pathname);

const page = document.querySelector("[data-status]");
const code = document.querySelector("[data-qr]");
let lapses = 0; // performance.now() at which the shown code is of no use any more

async function look() {
  const shown = code ? `?shown=${encodeURIComponent(code.dataset.qr)}` : "";
  const response = await fetch(page.dataset.status + shown, {
    headers: { Accept: "application/json", ...UNATTENDED },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

// Another code takes the place of the one that lapses, without the page being loaded anew. A page that nobody sees asks
// for none; it does so when it is looked at again.
function showCode(qr) {
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
    const form = new FormData(document.querySelector("[data-qr-form]"));
    form.set("action", "qr");
    await fetch(location.pathname, {
      method: "POST",
      body: form,
      headers: UNATTENDED,
      credentials: "same-origin",
      redirect: "manual",
    });
  } catch {
    // the next look asks again
  } finally {
    renewing = false;
  }
}

function tickCode() {
  const left = Math.max(0, Math.ceil((lapses - performance.now()) / 1000));
  document.querySelector("[data-qr-seconds]").textContent = `${left} s`;
  code.toggleAttribute("data-lapsed", left === 0);
}

function show(answer) {
  if (answer.open) {
    location.replace(answer.open);
    return false;
  }
  if (answer.version !== page.dataset.version) {
    location.replace(page.dataset.again ?? location.pathname + AGAIN);
    return false;
  }
  if (answer.qr && code) showCode(answer.qr);
  if (answer.chats !== undefined) {
    page.querySelector("[data-chats]").textContent = answer.chats;
    page.querySelector("[data-syncing]").hidden = answer.complete;
    return !answer.complete;
  }
  return true;
}

async function watch() {
  const usual = code ? POLL_QR : POLL;
  let wait = usual;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      if (!show(await look())) return;
      wait = usual;
    } catch {
      wait = Math.min(wait * 2, POLL_SLOWEST);
    }
  }
}

function words(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, "0")} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
}

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
    for (const button of document.querySelectorAll(`[data-${element.dataset.enables}]`)) button.disabled = false;
  };
  tick();
}

for (const element of document.querySelectorAll("[data-seconds]")) countDown(element);

for (const form of document.querySelectorAll("form[data-once]")) {
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
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

if (code) {
  lapses = performance.now() + Number.parseInt(document.querySelector("[data-qr-seconds]").textContent, 10) * 1000;
  setInterval(tickCode, 250);
}

if (page && page.dataset.watch !== undefined) watch();
