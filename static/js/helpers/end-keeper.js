/** Nearer to the end than this many pixels is at the end. */
const NEAR = 32;

/** Keeps a scroller at its end while its content grows, unless the reader left it. */
export class EndKeeper {
  #content;
  #changed;
  #scroller;
  #last = 0;
  #stuck = true;
  #growth = new ResizeObserver(() => this.#grown());
  #listening = new AbortController();

  /**
   * @param {Element} content
   * @param {(stuck: boolean) => void} changed
   */
  constructor(content, changed) {
    this.#content = content;
    this.#changed = changed;
    this.#scroller = scrollerOf(content);
  }

  start() {
    this.#listening = new AbortController();
    const isPage = this.#scroller === document.scrollingElement;
    const options = { passive: true, signal: this.#listening.signal };
    (isPage ? document : this.#scroller).addEventListener(
      "scroll",
      () => this.#scrolled(),
      options,
    );
    this.#growth.observe(this.#content);
    this.#growth.observe(this.#scroller);
    this.toEnd();
  }

  stop() {
    this.#listening.abort();
    this.#growth.disconnect();
  }

  /** Go to the end and stay there. */
  toEnd() {
    this.#set(true);
    this.#grown();
  }

  #grown() {
    if (!this.#stuck) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#last = this.#scroller.scrollTop;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const left = scrollHeight - scrollTop - clientHeight;
    // Only the reader goes up, by however little: content that grows leaves the place where it
    // is, and content that shrinks ends at the end.
    if (scrollTop < this.#last - 1 && left > 1) this.#set(false);
    else if (left <= NEAR) this.#set(true);
    this.#last = scrollTop;
  }

  /** @param {boolean} stuck */
  #set(stuck) {
    if (stuck === this.#stuck) return;
    this.#stuck = stuck;
    this.#changed(stuck);
  }
}

/**
 * What scrolls the element.
 * @param {Element} element
 * @returns {Element}
 */
function scrollerOf(element) {
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
    if (at === document.body) break;
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  }
  return document.scrollingElement ?? document.documentElement;
}
