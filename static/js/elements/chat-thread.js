import { ChatComposer } from "#app/elements/chat-composer.js";
import { LiveAnswer } from "#app/elements/live-answer.js";
import { conversationsUrl, csrfToken, messagesUrl, messageUrl } from "#app/helpers/api.js";
import { EndKeeper } from "#app/helpers/end-keeper.js";
import { button, clicked, hook, toggle } from "#app/helpers/page.js";
import { refusalWords } from "#app/helpers/words.js";
import { Call, newKey } from "#app/models/call.js";

/** @typedef {import("#app/elements/chat-composer.js").Sending} Sending */

const EVENTS = ["composer-send", "composer-stop", "composer-now", "answer-change", "answer-again"];

const isSeen = () => document.visibilityState === "visible";

/**
 * `<chat-thread conversation page-url>`: one conversation. Sends what the composer holds, adds
 * questions and answers to the list, and keeps the end in view.
 */
export class ChatThread extends HTMLElement {
  /** The call that is under way. @type {Call | null} */
  #call = null;
  /** @type {EndKeeper | null} */
  #end = null;
  #listening = new AbortController();

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    for (const type of [...EVENTS, "click"]) this.addEventListener(type, this, { signal });
    for (const type of ["online", "pageshow"]) window.addEventListener(type, this, { signal });
    document.addEventListener("visibilitychange", this, { signal });
    // The elements inside may not be upgraded yet.
    queueMicrotask(() => this.#begin());
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.#end?.stop();
    this.#call?.cancel();
  }

  /** @param {Event} event */
  handleEvent(event) {
    const detail = event instanceof CustomEvent ? event.detail : null;
    if (event.type === "composer-send") this.#ask(detail);
    else if (event.type === "composer-stop") this.#stop();
    else if (event.type === "answer-change") this.#answerChanged(detail);
    else if (event.type === "answer-again") this.#again(event.target, detail.how);
    else if (event.type === "click") this.#click(event);
    else if (event.type === "composer-now" || isSeen()) this.#call?.retryNow();
  }

  get #conversation() {
    return this.getAttribute("conversation") ?? "";
  }

  /** @returns {Element} */
  get #list() {
    return hook(this, "messages") ?? this;
  }

  get #composer() {
    const composer = this.querySelector("chat-composer");
    return composer instanceof ChatComposer ? composer : null;
  }

  /** The answers that were asked for and that more may come for. */
  get #running() {
    const answers = [...this.querySelectorAll("live-answer")];
    return answers
      .filter((answer) => answer instanceof LiveAnswer)
      .filter(({ running, message }) => running && message);
  }

  #begin() {
    this.#end ??= new EndKeeper(this.#list, (stuck) => this.#showStuck(stuck));
    this.#end.start();
    this.#showStuck(true);
    this.#showState();
  }

  /** @param {boolean} stuck */
  #showStuck(stuck) {
    this.toggleAttribute("stuck", stuck);
    toggle(button(this, "latest"), !stuck);
  }

  #showState() {
    const composer = this.#composer;
    const idle = this.#running.length === 0 ? "idle" : "answering";
    if (composer) composer.state = this.#call ? "sending" : idle;
  }

  /** @param {Sending} sending */
  async #ask({ text, key, fields }) {
    const question = this.#copy("question");
    const answer = this.#copy("answer");
    const words = hook(question, "text");
    if (words) words.textContent = text;
    question.toggleAttribute("data-pending", true);
    this.#list.append(question, answer);
    toggle(hook(this, "empty"), false);
    this.#end?.toEnd();
    try {
      if (!this.#conversation) await this.#create(fields);
      const response = await this.#send(messagesUrl(this.#conversation), { text, ...fields }, key);
      question.removeAttribute("data-pending");
      this.#composer?.accepted();
      if (this.#follow(answer, response)) return;
      question.remove();
      answer.remove();
    } catch (error) {
      question.remove();
      answer.remove();
      this.#composer?.restore({ text, key }, refusalWords(error));
    } finally {
      this.#showState();
    }
  }

  /**
   * Makes the conversation of a new chat's first message.
   * @param {Record<string, string>} fields
   */
  async #create({ model }) {
    const response = await this.#send(conversationsUrl, { ...(model && { model }) }, newKey());
    const { id } = await response.json();
    this.setAttribute("conversation", id);
    if (this.#composer) this.#composer.conversation = id;
    const page = this.getAttribute("page-url")?.replace("{id}", id);
    if (page) history.replaceState(history.state, "", page);
    this.#tell("conversation-created", { id });
  }

  /**
   * A sibling takes the place of an answer: at once, or, if it goes on with the same text, as
   * soon as it has some. A refusal brings the old one back.
   * @param {EventTarget | null} old
   * @param {"continue" | "regenerate"} how
   */
  async #again(old, how) {
    const place = [...this.#list.children].find((child) =>
      child.contains(/** @type {any} */ (old)),
    );
    if (!(old instanceof LiveAnswer) || !place || this.#call || this.#running.length > 0) return;
    const answer = this.#copy("answer");
    if (how === "regenerate") replace(place, answer);
    else replaceOnceShown(place, answer);
    old.toggleAttribute("data-pending", true);
    try {
      this.#follow(answer, await this.#send(messageUrl(old.message, how), {}, newKey()));
    } catch (error) {
      answer.replaceWith(place);
      old.showError(refusalWords(error));
    }
    old.toggleAttribute("data-pending", false);
    this.#showState();
  }

  /**
   * @param {string} url
   * @param {object} body
   * @param {string} key
   */
  async #send(url, body, key) {
    const accept = url === conversationsUrl ? "application/json" : "text/event-stream";
    const changed = () => this.#composer?.showWait(call.retryInMs);
    const call = new Call({ url, body, key, accept, csrfToken: csrfToken(), changed });
    this.#call = call;
    this.#showState();
    try {
      return await call.send();
    } finally {
      this.#call = null;
    }
  }

  /**
   * Has the answer follow what the response streams; false when that is here already, because
   * the call joined an earlier one.
   * @param {Element} item
   * @param {Response} response
   */
  #follow(item, response) {
    const id = response.headers.get("X-Message-Id") ?? "";
    if (this.querySelector(`live-answer[message="${CSS.escape(id)}"]`)) {
      response.body?.cancel();
      return false;
    }
    const answer = item instanceof LiveAnswer ? item : item.querySelector("live-answer");
    if (answer instanceof LiveAnswer) {
      answer.message = id;
      answer.follow(response);
    }
    return true;
  }

  /**
   * A copy of the page's template.
   * @param {"question" | "answer"} name
   */
  #copy(name) {
    const template = this.querySelector(`template[data-template="${name}"]`);
    if (!(template instanceof HTMLTemplateElement)) throw new Error(`no template "${name}"`);
    const copy = document.importNode(template.content, true);
    return /** @type {Element} */ (copy.firstElementChild);
  }

  #stop() {
    this.#call?.cancel();
    for (const answer of this.#running) {
      const refused = (/** @type {unknown} */ error) => answer.showError(refusalWords(error));
      answer.stop().catch(refused);
    }
  }

  /** @param {{message: string, status: string, connection: string}} detail */
  #answerChanged({ message, status, connection }) {
    this.#showState();
    if (connection === "ended") this.#tell("answer-ended", { message, status });
  }

  /** @param {Event} event */
  #click(event) {
    if (clicked(event)?.action === "latest") this.#end?.toEnd();
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
  }
}

/**
 * @param {Element} old
 * @param {Element} now takes its place, and the keyboard's focus
 */
function replace(old, now) {
  const focused = old.contains(document.activeElement);
  if (now.isConnected) old.remove();
  else old.replaceWith(now);
  if (!focused || !(now instanceof HTMLElement)) return;
  now.tabIndex = -1;
  now.focus({ preventScroll: true });
}

/**
 * @param {Element} old
 * @param {Element} now
 */
function replaceOnceShown(old, now) {
  now.toggleAttribute("hidden", true);
  old.before(now);
  now.addEventListener("answer-shown", () => {
    now.toggleAttribute("hidden", false);
    replace(old, now);
  });
}

customElements.define("chat-thread", ChatThread);
