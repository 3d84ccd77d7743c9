/**
 * Server-sent events, decoding, without I/O.
 *
 * Implements the event stream format of the HTML standard, section 9.2 (WHATWG), with the same
 * semantics as the server's `streaming/sse.py`.
 */

/**
 * One dispatched event. `id` is the last one seen, as the standard keeps it.
 * @typedef {{data: string, event: string, id: string}} Frame
 */

/** The longest line, and the longest frame's data, in UTF-16 units. */
const LIMIT = 32 * 1024 * 1024;

/** A frame went past the decoder's limit. */
export class FrameTooLong extends RangeError {}

/**
 * Bytes in, frames out; any chunking gives the same frames. Invalid UTF-8 becomes U+FFFD.
 * A frame that the end of input cuts off is not dispatched.
 */
export class Decoder {
  /** @type {number | null} */
  retryMs = null;

  #utf8 = new TextDecoder();
  #limit;
  #rest = "";
  #afterCr = false;
  /** @type {string[]} */
  #data = [];
  #dataLength = 0;
  #event = "";
  #id = "";

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /**
   * The frames that this chunk completes, in order. Throws {@link FrameTooLong}.
   * @param {Uint8Array} chunk
   * @returns {Frame[]}
   */
  feed(chunk) {
    let text = this.#utf8.decode(chunk, { stream: true });
    if (this.#afterCr && text) {
      this.#afterCr = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    if (text.includes("\r")) {
      this.#afterCr = text.endsWith("\r");
      text = text.replace(/\r\n?/g, "\n");
    }
    const lines = text.split("\n");
    lines[0] = this.#rest + lines[0];
    this.#rest = /** @type {string} */ (lines.pop());
    this.#check(this.#rest.length);
    /** @type {Frame[]} */
    const frames = [];
    for (const line of lines) {
      if (line) this.#field(line);
      else this.#dispatch(frames);
    }
    return frames;
  }

  /** @param {Frame[]} frames */
  #dispatch(frames) {
    if (this.#data.length > 0) {
      const data = this.#data.join("\n");
      frames.push({ data, event: this.#event || "message", id: this.#id });
      this.#data = [];
      this.#dataLength = 0;
    }
    this.#event = "";
  }

  /** @param {string} line */
  #field(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "data") {
      this.#dataLength += value.length;
      this.#check(this.#dataLength);
      this.#data.push(value);
    } else if (name === "event") {
      this.#event = value;
    } else if (name === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (name === "retry" && /^[0-9]+$/.test(value)) {
      this.retryMs = Number(value);
    }
  }

  /** @param {number} length */
  #check(length) {
    if (length > this.#limit) throw new FrameTooLong(`a frame of more than ${this.#limit}`);
  }
}
