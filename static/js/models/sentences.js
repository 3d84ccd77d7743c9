/** What a sentence ends with: a stop (of no number) and a space, a full-width stop, a line end. */
const END = /(?<=\D[.!?…]["'”’)\]]*)\s+|(?<=[。！？])|\n+/u;
/** Marks that nobody wants to hear. */
const MARKS = /[*_`#>|~]+|^\s*(?:[-+]|\d+[.)])\s+|\]\([^)]*\)|!?\[/gu;

/** Turns Markdown that arrives in pieces into whole sentences for a screen reader. */
export class Sentences {
  #rest = "";
  #inCode = false;
  #codeBlock;

  /** @param {string} codeBlock what is said instead of the code */
  constructor(codeBlock = "") {
    this.#codeBlock = codeBlock;
  }

  /**
   * The sentences that this completes.
   * @param {string} text
   */
  append(text) {
    const sentences = (this.#rest + text).split(END);
    this.#rest = sentences.pop() ?? "";
    return sentences.map((sentence) => this.#speak(sentence)).filter(Boolean);
  }

  /** What is left when nothing more comes. */
  finish() {
    return this.append("\n");
  }

  /** @param {string} sentence */
  #speak(sentence) {
    if (/^\s*(```|~~~)/.test(sentence)) {
      this.#inCode = !this.#inCode;
      return this.#inCode ? this.#codeBlock : "";
    }
    return this.#inCode ? "" : sentence.replace(MARKS, "").trim();
  }
}
