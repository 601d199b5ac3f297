// What the page asks the server: over the live socket, with an answer that is waited for; and pages of JSON.

const REQUEST_MS = 20_000;
const ANSWERS = ["ok", "done", "error"];

/** @typedef {{ok: boolean, message: string, frame: any}} Answer message: for people, why it was not done */

export class Server {
  /** @param {{base: string, send: (frame: object) => boolean}} options base: address of the pages; send: whether it was sent */
  constructor({ base, send }) {
    this.base = base;
    this.send = send;
    /** @type {Map<string, {settle: (frame: any) => void}>} requests by ref */
    this.requests = new Map();
  }

  /** @param {any} frame @returns {boolean} whether it was the answer that somebody waited for */
  answered(frame) {
    const request = frame.ref && ANSWERS.includes(frame.type) ? this.requests.get(frame.ref) : undefined;
    request?.settle(frame);
    return request !== undefined;
  }

  /** The connection is gone, and answers with it. */
  lost() {
    for (const request of [...this.requests.values()]) {
      request.settle({ type: "error", code: "NOT_CONNECTED", message: "The connection was lost before the answer came." });
    }
  }

  /**
   * Ask for something and wait for its answer; never rejects.
   * @param {object} frame
   * @param {number} [patience] milliseconds
   * @returns {Promise<Answer>}
   */
  request(frame, patience = REQUEST_MS) {
    const ref = crypto.randomUUID();
    return new Promise((resolve) => {
      const settle = (/** @type {any} */ answer) => {
        clearTimeout(timer);
        this.requests.delete(ref);
        const ok = answer.type === "ok" || (answer.type === "done" && answer.state === "done");
        resolve({ ok, message: answer.message ?? answer.error?.message ?? "It was not done.", frame: answer });
      };
      const late = { type: "error", message: "Telegram has not answered yet. It is tried again by itself." };
      const timer = setTimeout(() => settle(late), patience);
      this.requests.set(ref, { settle });
      if (!this.send({ ...frame, ref })) {
        settle({ type: "error", code: "NOT_CONNECTED", message: "There is no connection just now. Nothing was changed." });
      }
    });
  }

  /**
   * @param {string} path below the pages' base
   * @param {Record<string, string>} [said] more headers
   * @returns {Promise<any>} the JSON, or {error} with a sentence
   */
  async get(path, said = {}) {
    try {
      const answer = await fetch(this.base + path, { headers: { Accept: "application/json", ...said } });
      const data = await answer.json();
      return answer.ok ? data : { error: data.message ?? "The server could not answer." };
    } catch {
      return { error: "The server does not answer. What is shown is kept; it is tried again when the connection is back." };
    }
  }

  /** Details of a chat, for the panel. @param {number} sessionId @param {number} chatId @returns {Promise<any>} */
  details(sessionId, chatId) {
    // Asked again whenever something arrives: that keeps no login alive.
    return this.get(`${sessionId}/${chatId}/details/`, { "X-Unattended": "1" });
  }
}
