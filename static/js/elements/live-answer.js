import { AnswerSpeech } from "#app/elements/answer-speech.js";
import { AnswerStatus } from "#app/elements/answer-status.js";
import { AnswerView } from "#app/elements/answer-view.js";
import { csrfToken, messageUrl } from "#app/helpers/api.js";
import { copy } from "#app/helpers/copy.js";
import { clicked, hook } from "#app/helpers/page.js";
import { Frames } from "#app/helpers/timing.js";
import { Call } from "#app/models/call.js";
import { Fold } from "#app/models/fold.js";
import { Follower } from "#app/models/follower.js";

/**
 * `<live-answer message status cursor>`: one answer. Shows its parts, follows it while it runs,
 * says what happens to it, and offers what can be done.
 */
export class LiveAnswer extends HTMLElement {
  #fold = new Fold();
  /** @type {Follower | null} */
  #follower = null;
  /** @type {AnswerView | null} */
  #view = null;
  /** @type {AnswerSpeech | null} */
  #speech = null;
  /** @type {AnswerStatus | null} */
  #status = null;
  #frames = new Frames(() => this.#draw());
  /** Ends our listening to the window. */
  #listening = new AbortController();
  #reported = "";

  connectedCallback() {
    if (!this.#view) this.#begin();
    if (this.message && !this.#fold.ended) this.follow();
  }

  disconnectedCallback() {
    this.#follower?.stop();
    this.#listening.abort();
    this.#frames.cancel();
    this.#status?.stop();
  }

  get message() {
    return this.getAttribute("message") ?? "";
  }

  set message(id) {
    this.setAttribute("message", id);
  }

  get status() {
    return this.#fold.status;
  }

  /** Whether more may come. */
  get running() {
    return !this.#fold.ended && this.#follower?.state.name !== "gone";
  }

  get cursor() {
    return this.#follower?.cursor ?? this.getAttribute("cursor") ?? "";
  }

  /** What a person reads of it, as Markdown. */
  get text() {
    const visible = this.#fold.parts.filter(({ type }) => type === "text" || type === "refusal");
    const texts = visible.map(({ text }) => text);
    return texts.filter(Boolean).join("\n\n");
  }

  /**
   * Follow the message, from the stream of the call that asked for it where there is one.
   * @param {Response} [response]
   */
  follow(response) {
    this.#speech ??= new AnswerSpeech(this.#fold);
    this.#follower ??= new Follower({
      url: messageUrl(this.message, "events"),
      fold: this.#fold,
      cursor: this.cursor,
      changed: () => this.#changed(),
    });
    this.#listen();
    return this.#follower.follow(response);
  }

  /** Ask the server to stop it; the `stopped` event ends it here as everywhere. */
  async stop() {
    await new Call({ url: messageUrl(this.message, "stop"), csrfToken: csrfToken() }).send();
  }

  retryNow() {
    this.#follower?.retryNow();
  }

  /**
   * Words about an attempt that did not work; none when there is nothing to say.
   * @param {string} words
   */
  showError(words) {
    this.#status?.showError(words);
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "click") this.#click(event);
    else if (event.type === "offline") this.#follower?.drop();
    else if (event.type === "pagehide") this.#follower?.stop();
    else if (event.type === "pageshow") this.#resume();
    else if (document.visibilityState === "visible") this.retryNow();
  }

  /** Takes over what the server rendered. */
  #begin() {
    const json = this.querySelector('script[type="application/json"]')?.textContent;
    const { parts = [], reason, error } = json ? JSON.parse(json) : {};
    const status = /** @type {any} */ (this.getAttribute("status") || "queued");
    this.#fold.reset(parts, status);
    if (this.#fold.ended) this.#fold.ending = { status, reason, error };
    this.#status = new AnswerStatus(this, this.#fold);
    this.#view = new AnswerView(hook(this, "body") ?? this);
    this.addEventListener("click", this);
    this.#draw();
  }

  #listen() {
    this.#listening.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    for (const type of ["online", "offline", "pagehide", "pageshow"]) {
      window.addEventListener(type, this, { signal });
    }
    document.addEventListener("visibilitychange", this, { signal });
  }

  /** Back from the back/forward cache: the connection was given up when the page was hidden. */
  #resume() {
    if (this.#follower?.state.name === "idle" && this.running) this.follow();
    else this.retryNow();
  }

  #changed() {
    // Whoever reads that it is done finds all of it, in a tab that nobody looks at too.
    if (this.#fold.ended) this.#finish();
    else this.#frames.request();
    const status = this.#fold.status;
    const connection = this.#connection.name;
    if (`${status} ${connection}` !== this.#reported) {
      this.#reported = `${status} ${connection}`;
      this.setAttribute("status", status);
      this.toggleAttribute("connection", this.running);
      if (this.running) this.setAttribute("connection", connection);
      const detail = { message: this.message, status, connection };
      this.dispatchEvent(new CustomEvent("answer-change", { bubbles: true, detail }));
    }
    if (!this.running) this.#listening.abort();
  }

  #finish() {
    this.#frames.cancel();
    this.#draw();
  }

  /** @returns {import("#app/models/follower.js").State} */
  get #connection() {
    return this.#follower?.state ?? { name: "idle" };
  }

  #draw() {
    this.#view?.render(this.#fold);
    this.#status?.update(this.#connection);
    const empty = this.running && this.#fold.empty;
    if (!empty && this.hasAttribute("empty")) {
      this.dispatchEvent(new CustomEvent("answer-shown", { bubbles: true }));
    }
    this.toggleAttribute("empty", empty);
    this.#speech?.update(this.#fold, this.#status?.words ?? "");
    if (this.#fold.ended) this.#speech = null;
  }

  /** @param {Event} event */
  #click(event) {
    const { action, button } = clicked(event) ?? {};
    if (!action || !button) return;
    event.preventDefault();
    if (action === "now") this.retryNow();
    if (action === "copy") copy(this.text, button);
    if (action === "copy-code") copy(codeOf(button), button);
    if (action === "continue" || action === "regenerate") {
      const detail = { message: this.message, how: action };
      this.dispatchEvent(new CustomEvent("answer-again", { bubbles: true, detail }));
    }
  }
}

/** @param {Element} button */
const codeOf = (button) => button.closest("figure")?.querySelector("code")?.textContent ?? "";

customElements.define("live-answer", LiveAnswer);
