import { button, hook, showWords, toggle } from "#app/helpers/page.js";
import { Countdown } from "#app/helpers/timing.js";
import { endingWords, stateWords } from "#app/helpers/words.js";

/** @typedef {import("#app/models/fold.js").Fold} Fold */
/** @typedef {import("#app/models/follower.js").State} State */

/** What an answer says about itself, and which buttons it offers. */
export class AnswerStatus {
  #fold;
  // Found once: to look for them in every frame would cost the length of the answer.
  #state;
  #error;
  #now;
  #continue;
  #regenerate;
  #copy;
  /** @type {State} */
  #connection = { name: "idle" };
  /** What is being waited for: an object of the fold's or the connection's. @type {unknown} */
  #awaited = null;
  #countdown = new Countdown((seconds) => this.#show(seconds));

  /**
   * @param {HTMLElement} element
   * @param {Fold} fold
   */
  constructor(element, fold) {
    this.#fold = fold;
    this.#state = hook(element, "state");
    this.#error = hook(element, "error");
    this.#now = button(element, "now");
    this.#continue = button(element, "continue");
    this.#regenerate = button(element, "regenerate");
    this.#copy = button(element, "copy");
  }

  /** The quiet line's words. */
  get words() {
    return this.#state?.textContent ?? "";
  }

  /** @param {State} connection */
  update(connection) {
    this.#connection = connection;
    const { waiting, ended } = this.#fold;
    const lost = connection.name === "waiting" ? connection : null;
    const awaited = ended ? null : (lost ?? waiting);
    if (!awaited) this.#countdown.set(null);
    else if (awaited !== this.#awaited) {
      this.#countdown.set(lost?.retryInMs ?? waiting?.retry_in_ms ?? 0);
    }
    this.#awaited = awaited;
  }

  stop() {
    this.#countdown.stop();
  }

  /**
   * Words from elsewhere: an attempt to go on was refused.
   * @param {string} words
   */
  showError(words) {
    showWords(this.#error, words);
  }

  /** @param {number} seconds */
  #show(seconds) {
    const { status, ended, ending, parts } = this.#fold;
    const hasText = parts.some(({ type, chunks }) => type === "text" && chunks.length > 0);
    const cut = status === "incomplete" || status === "stopped" || status === "failed";
    const hopeless = ending?.error?.recoverable === false;
    showWords(this.#state, stateWords(this.#fold, this.#connection, seconds));
    showWords(this.#error, endingWords(this.#fold));
    toggle(this.#now, this.#connection.name === "waiting" && !ended);
    toggle(this.#continue, cut && hasText && !hopeless);
    toggle(this.#regenerate, ended);
    toggle(this.#copy, ended && hasText);
  }
}
