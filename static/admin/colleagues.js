// The page of colleagues: finds accounts in the form's table, sums up what was chosen, copies the one-time link, keys.

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("#tg-colleague"));
const rows = /** @type {HTMLTableRowElement[]} */ ([...document.querySelectorAll(".tg-ar tbody:not(.all) tr")]);
const NONE = "0";

const all = /** @type {HTMLTableRowElement | null} */ (document.querySelector(".tg-ar .all tr"));

/** A form that somebody typed in is not left without asking. */
let changed = false;

/** @param {HTMLTableRowElement} row @returns {HTMLInputElement[]} */
const radios = (row) => [...row.querySelectorAll("input")];

/** What was chosen, in a sentence: "Operator of 2, viewer of 1." */
function sum() {
  const place = document.querySelector("#tg-sum");
  if (!place) return;
  /** @type {Map<string, number>} */
  const counts = new Map();
  const names = [...document.querySelectorAll(".tg-ar th:not(:first-child) span:last-child")].map((cell) => cell.textContent);
  for (const row of rows) {
    const chosen = radios(row).find((radio) => radio.checked);
    if (chosen && chosen.value !== NONE) counts.set(chosen.value, (counts.get(chosen.value) ?? 0) + 1);
  }
  const everywhere = all ? radios(all).find((radio) => radio.checked)?.value ?? NONE : NONE;
  const parts = [...counts].filter(([value]) => value > everywhere).sort().reverse().map(([value, count]) => `${names[Number(value)] ?? ""} of ${count}`);
  if (everywhere !== NONE) parts.push(`${names[Number(everywhere)] ?? ""} of all${parts.length ? " others" : ""}, later ones too`);
  const said = parts.map((part, at) => (at === 0 ? part : part.toLowerCase())).join(", ");
  place.textContent = rows.length === 0 ? "" : said ? `${said}.` : "No account yet.";
}

/** Shows the accounts whose name or number holds the words; what was chosen stays on top. @param {string} text */
function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const name = (row.cells[0]?.textContent ?? "").toLowerCase();
    const chosen = radios(row).some((radio) => radio.checked && radio.value !== NONE);
    row.hidden = !chosen && !words.every((word) => name.includes(word));
    if (!row.hidden) shown += 1;
  }
  const place = document.querySelector("#tg-shown");
  if (place) place.textContent = `${shown} of ${rows.length} shown`;
}

/** In the table: 0 V O M choose the role of the account in whose row one is. @param {KeyboardEvent} event */
function choose(event) {
  const at = ["0", "v", "o", "m"].indexOf(event.key.toLowerCase());
  const row = event.target instanceof Element ? event.target.closest("tr") : null;
  if (at < 0 || !row || event.ctrlKey || event.metaKey || event.altKey) return;
  const radio = radios(row)[at];
  if (!radio) return;
  event.preventDefault();
  radio.checked = true;
  radio.focus();
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

const finder = /** @type {HTMLElement | null} */ (document.querySelector(".tg-finder"));
if (finder) {
  finder.hidden = false;
  const field = finder.querySelector("input");
  field?.addEventListener("input", () => find(field.value));
  field?.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it finds; it does not send the form
  });
  find("");
}
document.querySelector(".tg-ar")?.addEventListener("keydown", (event) => choose(/** @type {KeyboardEvent} */ (event)));
form?.addEventListener("input", () => (changed = true));
form?.addEventListener("change", () => {
  changed = true;
  sum();
});
form?.addEventListener("submit", () => (changed = false));
addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});
sum();

document.addEventListener("keydown", (event) => {
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  if (form && event.key === "Escape" && !event.defaultPrevented) {
    /** @type {HTMLElement | null} */ (document.querySelector("[data-close]"))?.click();
  }
});

const link = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-select]"));
const copy = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-copy]"));
link?.addEventListener("focus", () => link.select());
if (link && copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(link.value);
    const word = copy.querySelector("span:last-child");
    if (word) word.textContent = "Copied";
  });
}
