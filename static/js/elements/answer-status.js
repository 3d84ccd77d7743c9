import { button, hook, showWords, toggle } from "#app/helpers/page.js";
import { Countdown } from "#app/helpers/timing.js";
import { endingWords, stateWords } from "#app/helpers/words.js";

/** @typedef {import("#app/models/fold.js").Fold} Fold */
/** @typedef {import("#app/models/follower.js").State} State */

/** What an answer says about itself, and which buttons it offers. */
export class AnswerStatus {
  #element;
  #fold;
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
    this.#element = element;
    this.#fold = fold;
  }

  /** @param {State} connection */
  update(connection) {
    this.#connection = connection;
    const { waiting, ended } = this.#fold;
    const lost = connection.name === "waiting" ? connection : null;
    const awaited = ended ? null : (lost ?? waiting);
    if (awaited && awaited !== this.#awaited) {
      this.#countdown.set(lost?.retryInMs ?? waiting?.retry_in_ms ?? 0);
    } else if (!awaited) {
      this.#countdown.set(null);
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
    showWords(hook(this.#element, "error"), words);
  }

  /** @param {number} seconds */
  #show(seconds) {
    const { status, ended, ending, parts } = this.#fold;
    const hasText = parts.some(({ type, chunks }) => type === "text" && chunks.length > 0);
    const cut = status === "incomplete" || status === "stopped" || status === "failed";
    const hopeless = ending?.error?.recoverable === false;
    showWords(hook(this.#element, "state"), stateWords(this.#fold, this.#connection, seconds));
    this.showError(endingWords(this.#fold));
    toggle(button(this.#element, "now"), this.#connection.name === "waiting" && !ended);
    toggle(button(this.#element, "continue"), cut && hasText && !hopeless);
    toggle(button(this.#element, "regenerate"), ended);
    toggle(button(this.#element, "copy"), ended && hasText);
  }
}
