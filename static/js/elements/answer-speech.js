import { endingWords, say } from "#app/helpers/words.js";
import { Sentences } from "#app/models/sentences.js";

/** @typedef {import("#app/models/fold.js").Part} Part */

/** Has finished sentences and changes of state spoken, not tokens. */
export class AnswerSpeech {
  #sentences = new Sentences(say("code_block"));
  /** How many chunks of each part were heard. @type {WeakMap<Part, number>} */
  #heard = new WeakMap();
  #state = "";

  /**
   * What is there already is not spoken.
   * @param {import("#app/models/fold.js").Fold} fold
   */
  constructor({ parts }) {
    for (const part of parts) this.#heard.set(part, part.chunks.length);
  }

  /**
   * @param {import("#app/models/fold.js").Fold} fold
   * @param {string} state the quiet line's words
   */
  update(fold, state) {
    const sentences = fold.parts.flatMap((part) => this.#listen(part));
    if (fold.ended) sentences.push(...this.#sentences.finish(), endingWords(fold) || say("done"));
    // A countdown is not news.
    const news = state.replace(/\d+/g, "");
    if (news && news !== this.#state) sentences.push(state);
    this.#state = news;
    announce(...sentences);
  }

  /** @param {Part} part */
  #listen(part) {
    const heard = this.#heard.get(part) ?? 0;
    this.#heard.set(part, part.chunks.length);
    if (part.type !== "text" && part.type !== "refusal") return [];
    return this.#sentences.append(part.chunks.slice(heard).join(""));
  }
}

/** Sentences that a screen reader has not taken up after this many milliseconds are removed. */
const KEPT = 10_000;

/**
 * Has it spoken, when the reader's screen reader finds time: goes to the page's polite live
 * region, `[data-announcer]`.
 * @param {...string} sentences
 */
function announce(...sentences) {
  const region = document.querySelector("[data-announcer]");
  if (!region || sentences.length === 0) return;
  const line = document.createElement("p");
  line.textContent = sentences.join(" ");
  region.append(line);
  setTimeout(() => line.remove(), KEPT);
}
