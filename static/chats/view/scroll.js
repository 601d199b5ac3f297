// Keeps the place in the stream while messages come in above, below and out of the window.

const NEAR = 48;
const AHEAD = 600;

export class Scroller {
  constructor() {
    /** @type {HTMLElement | null} */
    this.log = null;
    /** @type {number | null} the chat whose first position is set */
    this.placed = null;
    /** @type {{key: string, top: number} | null} */
    this.anchor = null;
    this.watcher = new ResizeObserver(() => this.#resized());
    this.stick = () => false;
  }

  /** Before drawing: which message is at the top of the view, and where. @param {ParentNode} root */
  before(root) {
    const log = /** @type {HTMLElement | null} */ (root.querySelector("#log"));
    this.anchor = null;
    if (!log) return;
    const edge = log.getBoundingClientRect().top;
    for (const element of log.querySelectorAll("[data-key]")) {
      const box = element.getBoundingClientRect();
      if (box.bottom > edge && element.classList.contains("m")) {
        this.anchor = { key: /** @type {HTMLElement} */ (element).dataset.key ?? "", top: box.top };
        return;
      }
    }
  }

  /**
   * After drawing: at the newest message if the viewer was there, else where they were.
   * @param {ParentNode} root
   * @param {{chat: number | null, pinned: boolean, ready: boolean}} now
   */
  after(root, { chat, pinned, ready }) {
    const log = /** @type {HTMLElement | null} */ (root.querySelector("#log"));
    if (log !== this.log) {
      this.watcher.disconnect();
      this.log = log;
      if (log) {
        this.watcher.observe(log);
        this.watcher.observe(/** @type {Element} */ (log.firstElementChild));
      }
    }
    if (!log || !ready) {
      this.placed = null;
      return;
    }
    if (this.placed !== chat) {
      this.placed = chat;
      this.#first(log);
    } else if (pinned) {
      this.bottom();
    } else if (this.anchor) {
      const same = log.querySelector(`[data-key="${CSS.escape(this.anchor.key)}"]`);
      if (same) log.scrollTop += same.getBoundingClientRect().top - this.anchor.top;
    }
  }

  /** Where a chat opens: at the line above what is new, else at its end. @param {HTMLElement} log */
  #first(log) {
    this.bottom();
    const line = log.querySelector(".new");
    if (!line) return;
    const above = line.getBoundingClientRect().top - log.getBoundingClientRect().top - 40;
    if (above < 0) log.scrollTop += above;
  }

  bottom() {
    if (this.log) this.log.scrollTop = this.log.scrollHeight;
  }

  #resized() {
    if (this.log && this.stick()) this.bottom();
  }

  /** Where the view stands: at the newest message; near the upper or lower end of what is loaded. */
  place() {
    const log = this.log;
    if (!log) return { pinned: true, nearTop: false, nearBottom: false };
    const below = log.scrollHeight - log.scrollTop - log.clientHeight;
    return { pinned: below < NEAR, nearTop: log.scrollTop < AHEAD, nearBottom: below < AHEAD };
  }

  /** Bring a message into view and mark it for a moment. @param {number} tid @returns {boolean} */
  show(tid) {
    const found = /** @type {HTMLElement | null} */ (this.log?.querySelector(`[data-tid="${tid}"]`) ?? null);
    if (!found) return false;
    found.scrollIntoView({ block: "center" });
    found.classList.add("found");
    found.focus({ preventScroll: true });
    setTimeout(() => found.classList.remove("found"), 1600);
    return true;
  }
}
