import { LineWriter } from "#app/helpers/lines.js";
import { element } from "#app/helpers/page.js";
import { patch } from "#app/helpers/patch.js";
import { say } from "#app/helpers/words.js";
import { MarkdownStream } from "#app/models/markdown.js";

/** @typedef {import("#app/models/fold.js").Fold} Fold */

/** Shows the parts of an answer in an element, whose children it owns. */
export class AnswerView {
  #element;
  /** @type {PartView[]} */
  #views = [];

  /** @param {Element} element */
  constructor(element) {
    this.#element = element;
    this.#element.replaceChildren();
  }

  /**
   * Shows the state of `fold`; costs what changed since the last time. A part that is not the
   * last one is complete, save tool calls, which may interleave, and parts that a later run of the
   * answer has added to.
   * @param {Fold} fold
   */
  render({ parts, ended }) {
    if (parts[0] !== this.#views[0]?.part) this.#clear();
    for (const [index, part] of parts.entries()) {
      const complete = index < parts.length - 1 && part.type !== "tool_call";
      this.#view(index, part).render(ended, complete);
    }
  }

  /**
   * @param {number} index
   * @param {import("#app/models/fold.js").Part} part
   */
  #view(index, part) {
    const known = this.#views[index];
    if (known) return known;
    const view = new PartView(part);
    this.#views.push(view);
    this.#element.append(view.element);
    return view;
  }

  /** A snapshot replaced everything. */
  #clear() {
    this.#views = [];
    this.#element.replaceChildren();
  }
}

/** @typedef {import("#app/models/fold.js").Part} Part */

/** Types whose text is Markdown; that of others (a tool's input and output) is shown as it is. */
const MARKDOWN = new Set(["text", "refusal", "reasoning"]);
/** Types that are the answer itself; others are folded away. */
const OPEN = new Set(["text", "refusal"]);

/** Shows one part of an answer while it arrives. */
class PartView {
  part;
  /** @type {HTMLElement} */
  element;
  #body;
  #summary = element("summary");
  /** @type {MarkdownView | null} */
  #markdown = null;
  /** How many of the part's chunks are shown. */
  #seen = 0;
  #finished = false;
  /** Whether it grew after it had been taken for complete. */
  #reopened = false;

  /** @param {Part} part */
  constructor(part) {
    this.part = part;
    this.#body = element(MARKDOWN.has(part.type) ? "div" : "pre");
    this.element = OPEN.has(part.type)
      ? this.#body
      : element("details", [this.#summary, this.#body]);
    this.element.className = "part";
    this.element.dataset.type = part.type;
    this.#begin();
  }

  /**
   * Shows what came since the last time.
   * @param {boolean} ended whether nothing more comes
   * @param {boolean} complete whether nothing more is expected
   */
  render(ended, complete) {
    const { chunks } = this.part;
    const grown = chunks.length > this.#seen;
    if (this.#finished && grown) {
      this.#reopened = true;
      this.#begin();
    }
    const finished = ended || (complete && !this.#reopened);
    if (this.#finished === finished && !grown) return;
    if (this.#markdown) this.#renderMarkdown(this.#markdown, finished);
    else LineWriter.grow(chunks);
    this.#seen = chunks.length;
    this.#finished = finished;
    this.#summary.textContent = this.#title();
  }

  /** Nothing is shown yet, or something came after all: everything is shown anew. */
  #begin() {
    this.#body.replaceChildren();
    this.#seen = 0;
    this.#finished = false;
    this.#summary.textContent = this.#title();
    if (MARKDOWN.has(this.part.type)) this.#markdown = new MarkdownView(this.#body);
    else new LineWriter(this.#body, this.part.chunks);
  }

  /**
   * @param {MarkdownView} markdown
   * @param {boolean} finished
   */
  #renderMarkdown(markdown, finished) {
    for (const chunk of this.part.chunks.slice(this.#seen)) markdown.append(chunk);
    if (finished) markdown.finish();
    else markdown.render();
  }

  #title() {
    const { type, name } = this.part;
    if (type === "tool_call") return say("tool_call", { name });
    if (type !== "reasoning") return say("tool_result");
    return say(this.#finished ? "reasoning" : "reasoning_now");
  }
}

/** @typedef {import("#app/models/markdown.js").Block} Block */

/** Shows Markdown in an element of its own while it arrives, touching only what is open. */
export class MarkdownView {
  #element;
  #stream = new MarkdownStream();
  /** What is shown, closed blocks first. @type {Block[]} */
  #blocks = [];
  /** The node of each block. @type {Node[]} */
  #nodes = [];

  /** @param {Element} element */
  constructor(element) {
    this.#element = element;
  }

  /**
   * Shown at the next {@link render}.
   * @param {string} text
   */
  append(text) {
    this.#stream.append(text);
  }

  /** Shows what was appended; costs what is open. */
  render() {
    this.#show(this.#stream.advance());
  }

  /** The text is complete: shows it all as it is as a whole. */
  finish() {
    this.#show(this.#stream.finish());
  }

  /** @param {import("#app/models/markdown.js").Step} step */
  #show({ from, blocks }) {
    const old = this.#blocks.splice(from);
    const nodes = patch(this.#element, this.#nodes.splice(from), old, blocks);
    for (const node of nodes) this.#nodes.push(node);
    for (const block of blocks) {
      this.#blocks.push(block);
      if ("chunks" in block) LineWriter.grow(block.chunks);
    }
  }
}
