// What was written before: undo and redo for a field that the page draws itself, as browsers do for their own.

/** @typedef {{rich: import("./format.js").Rich, start: number, end: number}} Written a text with its selection */

const MOST = 200;

export class Undo {
  /** @param {Written} first */
  constructor(first) {
    /** @type {Written[]} */
    this.done = [];
    this.now = first;
    /** @type {Written[]} */
    this.undone = [];
    this.how = "";
  }

  /** Another text: nothing of the former one comes back. @param {Written} first */
  reset(first) {
    Object.assign(this, new Undo(first));
  }

  /** Something was changed. Letters of one word are undone together. @param {Written} next @param {string} how an inputType, or "" for a step of its own */
  note(next, how) {
    const typed = next.rich.text.slice(next.start - 1, next.start);
    const goes = how !== "" && how === this.how && !/\s/.test(typed);
    if (!goes) this.done.push(this.now);
    if (this.done.length > MOST) this.done.shift();
    this.now = next;
    this.undone = [];
    this.how = how;
  }

  /** @returns {Written | null} */
  undo() {
    const before = this.done.pop();
    if (!before) return null;
    this.undone.push(this.now);
    this.how = "";
    return (this.now = before);
  }

  /** @returns {Written | null} */
  redo() {
    const after = this.undone.pop();
    if (!after) return null;
    this.done.push(this.now);
    this.how = "";
    return (this.now = after);
  }
}
