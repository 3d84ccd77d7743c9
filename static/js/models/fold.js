/**
 * Fold: old state + events = new state. Same semantics as the server's `streaming/fold.py`; both
 * read `tests/vectors/fold.json`.
 */

/** @typedef {"queued" | "running" | "done" | "stopped" | "incomplete" | "failed"} Status */
/** @typedef {{type: string, text?: string, name?: string, call?: string}} PartJson */
/** @typedef {{reason: string, retry_in_ms: number}} Waiting */
/** @typedef {{code: string, message: string, recoverable: boolean}} Failure */
/**
 * A terminal event: its name and the fields that say how it ended.
 * @typedef {{status: Status, reason?: string, error?: Failure}} Ending
 */

const TERMINAL = new Set(["done", "stopped", "incomplete", "failed"]);

/**
 * Whether nothing follows a message in this state.
 * @param {string} status
 */
export const isTerminal = (status) => TERMINAL.has(status);

/** One part of a message. `chunks` only ever grows: a reader keeps its own place in it. */
export class Part {
  /** @param {PartJson} json */
  constructor({ type, text = "", name = "", call = "" }) {
    this.type = type;
    this.name = name;
    this.call = call;
    /** @type {string[]} */
    this.chunks = text ? [text] : [];
  }

  /** The whole text. Costs its length: ask at the end, not per event. */
  get text() {
    return this.chunks.join("");
  }

  /** @returns {PartJson} */
  toJSON() {
    const { type, text, name, call } = this;
    return { type, text, ...(name && { name }), ...(call && { call }) };
  }
}

/** The state of a message as its events tell it. Applying an event costs its own length. */
export class Fold {
  /** @type {Status} */
  status = "queued";
  /** @type {Part[]} */
  parts = [];
  /** @type {Ending | null} */
  ending = null;
  /** Why nothing comes at the moment, until something does. @type {Waiting | null} */
  waiting = null;

  /**
   * Throws a `RangeError` for an event that cannot follow what came before. An event of a name
   * that is not known changes nothing: a page may be older than its server.
   * @param {string} name
   * @param {any} data
   */
  apply(name, data) {
    if (this.ending) throw new RangeError(`${name} after ${this.ending.status}`);
    if (name === "delta") {
      const part = this.parts[data.index];
      if (!part) throw new RangeError(`delta for part ${data.index} of ${this.parts.length}`);
      part.chunks.push(data.text);
    } else if (name === "part") {
      const count = this.parts.length;
      if (data.index !== count) throw new RangeError(`part ${data.index} opened after ${count}`);
      this.parts.push(new Part(data));
    } else if (name === "snapshot") {
      this.reset(data.parts, data.status);
    } else if (name === "started") {
      this.status = "running";
    } else if (isTerminal(name)) {
      this.status = /** @type {Status} */ (name);
      this.ending = { status: this.status, reason: data.reason, error: data.error };
    }
    this.waiting = name === "waiting" ? data : null;
  }

  /**
   * Forget everything and begin from this state.
   * @param {PartJson[]} parts
   * @param {Status} status
   */
  reset(parts = [], status = "queued") {
    this.parts = parts.map((part) => new Part(part));
    this.status = status;
    this.ending = null;
    this.waiting = null;
  }

  /** Whether there is nothing to show yet. */
  get empty() {
    return this.parts.every(({ type, chunks }) => type !== "tool_call" && chunks.length === 0);
  }

  /** Whether nothing more will come. A snapshot may say so without a terminal event. */
  get ended() {
    return isTerminal(this.status);
  }
}
