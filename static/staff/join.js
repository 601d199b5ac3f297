// The page of a one-time link: takes the secret from behind the address's "#", where no server sees it, and posts it.

const secret = location.hash.slice(1);
const field = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-link] input[name=link]"));
if (secret && field) {
  history.replaceState(null, "", location.pathname); // it is not to stay in the browser's history
  field.value = secret;
  field.form?.requestSubmit();
}
