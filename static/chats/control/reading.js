// Reading: where the viewer stands in the open chat, and what they have seen of it.

const READ_MS = 300;

export class Reading {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** The visit whose chat has been opened with its mark as unread, if it had one. */
    this.opened = -1;
  }

  /** @param {boolean} pinned the viewer is at the newest message */
  pin(pinned) {
    const { state } = this.app;
    if (pinned === state.pinned) return;
    const stream = state.stream && pinned && !state.stream.newer ? { ...state.stream, unseen: 0 } : state.stream;
    this.app.patch({ pinned, stream });
    this.mark();
  }

  /** What the viewer sees is read: after a moment, while they look, at the newest message. */
  mark() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#tell(), READ_MS);
  }

  #tell() {
    const { app } = this;
    const { stream, pinned, sessionId } = app.state;
    const row = app.chat;
    if (!stream || !row || !pinned || stream.newer || !app.looking || !app.session?.can_send) return;
    this.#unmark(row);
    const theirs = stream.items.flatMap((message) => (message.out || message.tid === null ? [] : [message.tid]));
    const newest = Math.max(0, ...theirs);
    if (sessionId === row.session && (newest > row.read_inbox || (row.unread && newest))) {
      app.socket.send({ type: "read", chat: row.id, max_id: newest });
    }
  }

  /** Opening a chat takes its mark as unread away; one that a colleague sets while it is open stays. @param {import("../logic/list.js").Chat} row */
  #unmark(row) {
    const { app } = this;
    if (this.opened === app.navigation.visit) return;
    this.opened = app.navigation.visit;
    if (row.marked) app.socket.send({ type: "mark", chat: row.id, unread: false });
  }
}
