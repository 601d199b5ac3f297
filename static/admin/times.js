// Times on the admin's pages: said relative to now, the exact one, in the viewer's zone, on hover.
(() => {
  const STEPS = [
    [60, 1, "s"],
    [3600, 60, "min"],
    [86400, 3600, "h"],
    [30 * 86400, 86400, "d"],
  ];
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

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

  function show() {
    for (const element of document.querySelectorAll("time[datetime]")) {
      const at = Date.parse(element.getAttribute("datetime"));
      if (Number.isNaN(at)) continue;
      element.title = exact.format(at);
      element.textContent = relative(at);
    }
  }

  document.addEventListener("DOMContentLoaded", show);
  setInterval(show, 5000);
})();
