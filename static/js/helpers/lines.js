/** @type {WeakMap<string[], LineWriter>} */
const writers = new WeakMap();

/**
 * Writes text that only grows into an element, a text node for each line: appending to one long
 * text node would lay all of it out again.
 */
export class LineWriter {
  #element;
  #chunks;
  #seen = 0;
  #line = new Text();

  /**
   * @param {Element} element
   * @param {string[]} chunks the text; only ever grows
   */
  constructor(element, chunks) {
    this.#element = element;
    this.#chunks = chunks;
    writers.set(chunks, this);
    this.write();
  }

  /**
   * Writes what was added to `chunks` where they are written.
   * @param {string[]} chunks
   */
  static grow(chunks) {
    writers.get(chunks)?.write();
  }

  write() {
    const added = this.#chunks.slice(this.#seen).join("");
    this.#seen = this.#chunks.length;
    for (const piece of added.split(/(?<=\n)/)) {
      if (!this.#line.parentNode || this.#line.data.endsWith("\n")) this.#begin(piece);
      else this.#line.appendData(piece);
    }
  }

  /** @param {string} text */
  #begin(text) {
    if (!text) return;
    this.#line = new Text(text);
    this.#element.append(this.#line);
  }
}
