// On every page of the admin: times said relative to now (data-clock: by the clock), exactly, in the viewer's zone, on
// hover; and the focus in the field that asks for it.
(() => {
  /** @type {[number, number, string][]} below so many seconds: seconds of one unit, its name */
  const STEPS = [
    [60, 1, "s"],
    [3600, 60, "min"],
    [86400, 3600, "h"],
    [30 * 86400, 86400, "d"],
  ];
  const FORM = "en-GB"; // day before month, 24 hours: as on the live pages (static/chats/logic/time.js), in any browser
  const exact = new Intl.DateTimeFormat(FORM, { dateStyle: "medium", timeStyle: "medium" });
  const hours = new Intl.DateTimeFormat(FORM, { timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(FORM, { dateStyle: "medium" });

  /** @param {number} at milliseconds */
  function relative(at) {
    const seconds = Math.round((Date.now() - at) / 1000);
    const size = Math.abs(seconds);
    for (const [below, unit, name] of STEPS) {
      if (size < below) {
        const count = Math.floor(size / unit);
        if (size < 2) return "now";
        return seconds < 0 ? `in ${count} ${name}` : `${count} ${name} ago`;
      }
    }
    return day.format(at);
  }

  /** @param {number} at milliseconds */
  function clock(at) {
    const today = new Date(at).toDateString() === new Date().toDateString();
    return (today ? hours : exact).format(at);
  }

  function show() {
    for (const element of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[datetime]"))) {
      const at = Date.parse(element.dateTime);
      if (Number.isNaN(at)) continue;
      element.title = exact.format(at);
      element.textContent = element.dataset.clock === undefined ? relative(at) : clock(at);
    }
  }

  function nameScrollers() {
    document.querySelectorAll("[data-simplebar]").forEach((element, place) => {
      element.setAttribute("data-simplebar-aria-label", place === 0 ? "Navigation" : `Scrollable content ${place + 1}`);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    show();
    nameScrollers(); // before simplebar, which is loaded later, names them all alike
  });
  document.addEventListener("tg:shown", show); // what a script has put into the page
  setInterval(show, 5000);

  // The browser's own autofocus may pass the field by: Unfold hides the page until its scripts have run.
  function focus() {
    requestAnimationFrame(() => {
      const field = /** @type {HTMLElement | null} */ (document.querySelector("[autofocus]"));
      if (document.activeElement === document.body) field?.focus();
    });
  }

  document.addEventListener("alpine:initialized", focus);
  addEventListener("load", focus);
})();
