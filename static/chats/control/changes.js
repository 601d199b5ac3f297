// Changes to a message that is there: edited, deleted, its code shown.

import { cleaned, editable, same } from "../logic/format.js";

/** @typedef {import("../logic/stream.js").Message} Message */

export class Changes {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
  }

  /** @param {Message & {was?: Message}} edited was: as it stands, when a refused edit is taken up again
   * @param {string} text @param {import("../logic/text.js").Entity[]} entities all its formatting */
  async edit(edited, text, entities) {
    const { app } = this;
    const message = edited.was ?? edited;
    if (same({ text, entities }, cleaned(editable(message)))) {
      app.draw();
      return;
    }
    this.#saving(message.id, "saving");
    const answer = await app.server.request({ type: "edit", message: message.id, text, entities });
    this.#saving(message.id, "");
    if (answer.ok) return;
    const { chatId } = app.state;
    app.notice(`Not changed: ${answer.message}`, () => {
      const again = /** @type {Message} */ ({ ...message, text, entities, was: message });
      if (app.state.chatId === chatId) app.writing.compose({ editing: again, reply: null });
    });
  }

  /** @param {Message} message */
  async remove(message) {
    this.#saving(message.id, "deleting");
    const answer = await this.app.server.request({ type: "delete", messages: [message.id] });
    this.#saving(message.id, "");
    if (!answer.ok) this.app.notice(`Not deleted: ${answer.message}`);
  }

  /** The code in a message of Telegram's own, for this page alone. @param {Message} message */
  async showCode(message) {
    const { app } = this;
    const { visit } = app.navigation;
    const answer = await app.server.request({ type: "reveal", message: message.id });
    if (!answer.ok) app.notice(answer.message);
    else if (visit === app.navigation.visit) app.codes.show(message, answer.frame.shown);
    app.draw();
  }

  /** @param {Message} message */
  hideCode(message) {
    this.app.codes.hide(message.id);
    this.app.draw();
  }

  /** @param {number | null} id @param {string} what is being done with it, "" for nothing any more */
  #saving(id, what) {
    if (id === null) return;
    const saving = new Map(this.app.state.saving);
    if (what) saving.set(id, what);
    else saving.delete(id);
    this.app.patch({ saving });
  }
}
