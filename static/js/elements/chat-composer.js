import { button, clicked, hook, showWords, toggle } from "#app/helpers/page.js";
import { Countdown } from "#app/helpers/timing.js";
import { say } from "#app/helpers/words.js";
import { newKey } from "#app/models/call.js";
import { Drafts } from "#app/models/drafts.js";

/** @typedef {"idle" | "sending" | "answering"} ComposerState */
/** @typedef {{text: string, key: string, fields: Record<string, string>}} Sending */

/**
 * `<chat-composer>` around a real form: keeps drafts, sends on Enter, becomes Stop while an answer
 * runs. It sends nothing itself: `composer-send` and `composer-stop` say what the person wants.
 */
export class ChatComposer extends HTMLElement {
  #drafts = new Drafts("");
  #conversation = "";
  #countdown = new Countdown((seconds) => this.#showWait(seconds));
  #waiting = false;

  connectedCallback() {
    this.#drafts = new Drafts(this.getAttribute("owner") ?? "");
    this.#conversation = this.closest("[conversation]")?.getAttribute("conversation") ?? "";
    for (const type of ["submit", "keydown", "input", "click"]) this.addEventListener(type, this);
    // What the browser would complain of in a bubble, an empty text, is simply not sent.
    if (this.#form) this.#form.noValidate = true;
    const draft = this.#drafts.get(this.#conversation).text;
    if (draft) this.#text = draft;
    this.state = "idle";
  }

  disconnectedCallback() {
    this.#countdown.stop();
  }

  /** @returns {ComposerState} */
  get state() {
    return /** @type {ComposerState} */ (this.getAttribute("state") ?? "idle");
  }

  set state(state) {
    this.setAttribute("state", state);
    toggle(button(this, "send"), state === "idle");
    toggle(button(this, "stop"), state !== "idle");
    if (state !== "sending") this.showWait(null);
  }

  /** A new conversation got its id: the draft moves along. */
  set conversation(/** @type {string} */ id) {
    const draft = this.#drafts.get(this.#conversation);
    this.#drafts.clear(this.#conversation);
    this.#conversation = id;
    this.#drafts.set(id, draft);
  }

  /** The server has it: there is no draft any more, unless the person wrote on. */
  accepted() {
    this.#drafts.set(this.#conversation, { text: this.#text });
  }

  /**
   * It was not sent after all: the text comes back. Given up by the person, it may have arrived:
   * sent again unchanged it is still the same request.
   * @param {{text: string, key: string}} sent
   * @param {string} words why, when it was refused
   */
  restore({ text, key }, words) {
    this.#text = [text, this.#text].filter(Boolean).join("\n\n");
    this.#drafts.set(this.#conversation, { text: this.#text, ...(!words && { key }) });
    this.state = "idle";
    this.showError(words);
    this.#area.focus();
  }

  /** @param {string} words none to hide them */
  showError(words) {
    showWords(hook(this, "error"), words);
  }

  /**
   * Says that it is not sent yet and when the next attempt will be.
   * @param {number | null} retryInMs
   */
  showWait(retryInMs) {
    this.#waiting = retryInMs !== null;
    this.#countdown.set(retryInMs);
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "submit") this.#submit(event);
    else if (event.type === "input") this.#input();
    else if (event.type === "click") this.#click(event);
    else if (event instanceof KeyboardEvent) this.#key(event);
  }

  get #form() {
    return this.querySelector("form");
  }

  get #area() {
    return /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
  }

  get #text() {
    return this.#area.value;
  }

  set #text(text) {
    this.#area.value = text;
    this.#grow();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#text;
    if (this.state !== "idle" || !text.trim()) return;
    const draft = this.#drafts.get(this.#conversation);
    // The same text that was under way when the page went is the same request.
    const key = draft.text === text && draft.key ? draft.key : newKey();
    this.#drafts.set(this.#conversation, { text, key });
    this.showError("");
    this.#text = "";
    this.state = "sending";
    this.#tell("composer-send", { text, key, fields: this.#fields() });
  }

  /**
   * The form's other fields that are filled in.
   * @returns {Record<string, string>}
   */
  #fields() {
    const data = new FormData(this.#form ?? undefined);
    const filled = ["model", "parent_id"].filter((name) => data.get(name));
    return Object.fromEntries(filled.map((name) => [name, String(data.get(name))]));
  }

  #input() {
    this.#grow();
    if (this.state !== "sending") this.#drafts.set(this.#conversation, { text: this.#text });
  }

  /** @param {Event} event */
  #click(event) {
    const action = clicked(event)?.action;
    if (action === "stop") this.#tell("composer-stop");
    if (action === "now") this.#tell("composer-now");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // 229: Safari ends the composition before it tells of the key that ended it.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape" && this.state !== "idle") this.#tell("composer-stop");
    if (event.key !== "Enter" || event.shiftKey || event.target !== this.#area) return;
    // Without a keyboard there is no Shift+Enter; the button sends.
    if (matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    this.#form?.requestSubmit();
  }

  /** As high as its text, where CSS cannot do it (`field-sizing`). */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    const { style } = this.#area;
    style.height = "auto";
    style.height = `${this.#area.scrollHeight}px`;
  }

  /** @param {number} seconds */
  #showWait(seconds) {
    showWords(hook(this, "state"), this.#waiting ? say("unsent", { seconds }) : "");
    toggle(button(this, "now"), this.#waiting);
  }

  /**
   * @param {string} type
   * @param {Sending} [detail]
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

customElements.define("chat-composer", ChatComposer);
