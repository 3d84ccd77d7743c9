/** A top-level code fence while it is open: text is only ever appended to it. */

/** @typedef {import("marked").Token} Token */

/**
 * Stands in for marked's `code` token. `chunks` only ever grows: a reader keeps its own place in
 * it. A last line that may yet turn out to be the closing one is held back.
 */
export class Fence {
  type = /** @type {const} */ ("code");
  raw = "";
  lang;
  /** @type {string[]} */
  chunks = [];
  closed = false;

  #held = "";
  /** Whether some of the current line is in `chunks`: then it cannot be the closing one. */
  #begun = false;
  #first = true;
  #closing;
  #maybeClosing;

  /**
   * @param {string} run the backticks or tildes that opened it
   * @param {string} [lang]
   */
  constructor(run, lang) {
    const mark = run[0];
    this.lang = lang;
    this.#closing = new RegExp(`^ {0,3}${mark}{${run.length},} *$`);
    this.#maybeClosing = new RegExp(`^ {0,3}${mark}* *$`);
  }

  /** With the line end that marked gives a code block's text. */
  get text() {
    return `${this.chunks.join("")}\n`;
  }

  /**
   * Takes the text up to the closing line, and returns what follows that.
   * @param {string} text
   */
  append(text) {
    const lines = text.split("\n");
    const last = /** @type {string} */ (lines.pop());
    for (const [index, line] of lines.entries()) {
      this.#endLine(line);
      if (this.closed) return [...lines.slice(index + 1), last].join("\n");
    }
    this.#held += last;
    if (this.#held && (this.#begun || !this.#maybeClosing.test(this.#held))) this.#show();
    return "";
  }

  /** The text ends here, after the closing line or not. */
  finish() {
    if (this.#held) this.#endLine("");
    this.closed = true;
  }

  /** @param {string} rest */
  #endLine(rest) {
    this.#held += rest;
    this.closed = !this.#begun && this.#closing.test(this.#held);
    if (this.closed) return;
    if (this.#held || !this.#begun) this.#show();
    this.#begun = false;
  }

  #show() {
    const text = this.#begun || this.#first ? this.#held : `\n${this.#held}`;
    if (text) this.chunks.push(text);
    this.#held = "";
    this.#begun = true;
    this.#first = false;
  }
}

/**
 * The fence that `token` leaves open at the end of the text; null when it is none.
 * @param {Token | undefined} token
 * @returns {Fence | null}
 */
export function openFence(token) {
  if (token?.type !== "code") return null;
  const { raw, lang } = /** @type {import("marked").Tokens.Code} */ (token);
  const [opening, run] = /^(`{3,}|~{3,})[^\n]*\n/.exec(raw) ?? [];
  if (!opening || !run) return null;
  const fence = new Fence(run, lang);
  fence.append(raw.slice(opening.length));
  return fence.closed ? null : fence;
}
