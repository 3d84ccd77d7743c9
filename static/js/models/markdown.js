/**
 * Markdown while it arrives: closed blocks are lexed once, only the open end again.
 *
 * A block closes when a blank line precedes the next one and that one's first line is complete.
 * At the end the whole text is lexed once more, for what only the end can tell (a link defined
 * after its use).
 */

import { openFence } from "#app/models/fence.js";
import { lex } from "#app/models/lexer.js";

/** @typedef {import("marked").Token} Token */
/** @typedef {import("#app/models/fence.js").Fence} Fence */
/** @typedef {Token | Fence} Block */
/**
 * From the block at index `from` on, the text now is `blocks`; the first `closed` of them will
 * not change before the end. The same {@link Fence} is given again and again while it grows.
 * @typedef {{from: number, blocks: Block[], closed: number}} Step
 */

/** An open end longer than this closes by force, at a line's end: the cost of a step is bounded. */
const LONGEST_OPEN = 65_536;
/** A text longer than this is not lexed again at the end. */
const LONGEST_WHOLE = 262_144;

export class MarkdownStream {
  /** Text that came since the last step. */
  #added = "";
  /** All text before that, with LF at line ends. @type {string[]} */
  #source = [];
  #length = 0;
  /** Of `#source`: what comes after the last closed block. */
  #open = "";
  /** @type {Fence | null} */
  #fence = null;
  #closed = 0;
  /** Links that closed blocks define. @type {import("marked").Links} */
  #links = Object.create(null);

  /**
   * Costs nothing until the next {@link advance}.
   * @param {string} text
   */
  append(text) {
    this.#added += text;
  }

  /**
   * Takes in what was appended. Costs its length and the open end's, not the whole text's.
   * @returns {Step}
   */
  advance() {
    /** @type {Step} */
    const step = { from: this.#closed, blocks: [], closed: 0 };
    let text = this.#takeAdded();
    do {
      text = this.#fence ? this.#growFence(step, this.#fence, text) : this.#lexOpen(step, text);
    } while (text);
    this.#closed += step.closed;
    return step;
  }

  /**
   * The end: everything is closed, and what turned out differently is given again.
   * @returns {Step}
   */
  finish() {
    if (this.#added.endsWith("\r")) this.#added += "\n";
    if (this.#length + this.#added.length > LONGEST_WHOLE) {
      const step = this.advance();
      this.#fence?.finish();
      return { ...step, closed: step.blocks.length };
    }
    this.#takeAdded();
    const blocks = visible(lex(this.#source.join("")));
    return { from: 0, blocks, closed: blocks.length };
  }

  /** What was appended, with LF at line ends. A CR at the end waits for what follows it. */
  #takeAdded() {
    const waits = this.#added.endsWith("\r");
    const text = (waits ? this.#added.slice(0, -1) : this.#added).replace(/\r\n?/g, "\n");
    this.#added = waits ? "\r" : "";
    this.#source.push(text);
    this.#length += text.length;
    return text;
  }

  /**
   * @param {Step} step
   * @param {Fence} fence
   * @param {string} text
   * @returns {string} what is left of it
   */
  #growFence(step, fence, text) {
    const rest = fence.append(text);
    step.blocks[step.closed] = fence;
    if (fence.closed) {
      step.closed++;
      this.#fence = null;
    }
    return rest;
  }

  /**
   * Lexes the open end and as much of `text` as a step may lex, and closes what is closed.
   * @param {Step} step
   * @param {string} text
   * @returns {string} what is left of it
   */
  #lexOpen(step, text) {
    const room = LONGEST_OPEN - this.#open.length;
    this.#open += text.slice(0, room);
    step.blocks.length = step.closed;
    const tokens = lex(this.#open, this.#links);
    const end = closedEnd(tokens, this.#open);
    const open = tokens.slice(end.count);
    this.#close(step, tokens.slice(0, end.count), end.length);
    this.#fence = openFence(open.at(-1));
    if (this.#fence) {
      this.#close(step, open.slice(0, -1), this.#open.length);
      step.blocks.push(this.#fence);
    } else if (this.#open.length === LONGEST_OPEN) {
      const length = this.#open.lastIndexOf("\n") + 1 || LONGEST_OPEN;
      this.#close(step, lex(this.#open.slice(0, length), this.#links), length);
      const left = this.#open;
      this.#open = "";
      return left + text.slice(room);
    } else {
      step.blocks = step.blocks.concat(visible(open));
    }
    return text.slice(room);
  }

  /**
   * Closes blocks, and notes the links that they define: the first definition of a label wins.
   * @param {Step} step
   * @param {Token[]} tokens
   * @param {number} length of their source
   */
  #close(step, tokens, length) {
    this.#open = this.#open.slice(length);
    step.blocks = step.blocks.concat(visible(tokens));
    step.closed = step.blocks.length;
    for (const token of tokens) {
      if (token.type === "def") this.#links[token.tag] ??= { href: token.href, title: token.title };
    }
  }
}

/** @param {Token[]} tokens */
const visible = (tokens) => tokens.filter(({ type }) => type !== "space" && type !== "def");

/**
 * How many of the tokens are closed, and the length of their source.
 * @param {Token[]} tokens
 * @param {string} source
 */
function closedEnd(tokens, source) {
  const lastLine = source.lastIndexOf("\n");
  const end = { count: 0, length: 0 };
  let length = 0;
  for (const [index, token] of tokens.entries()) {
    // The lexer may join sources (and has: a paragraph it continues); then nothing is certain.
    if (length > lastLine || !source.startsWith(token.raw, length)) break;
    if (index > 1 && tokens[index - 1]?.type === "space") {
      end.count = index;
      end.length = length;
    }
    length += token.raw.length;
  }
  return end;
}
