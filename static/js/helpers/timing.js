/** When work is done: once a frame, once a second. */

/** Work beyond this many milliseconds in a frame is followed by rest, so many times as long. */
const HEAVY = 8;
const REST = 4;

/** Calls `draw` at most once for each animation frame, and less often when it is hard work. */
export class Frames {
  #draw;
  #frame = 0;
  #rest = 0;
  #notBefore = 0;

  /** @param {() => void} draw */
  constructor(draw) {
    this.#draw = draw;
  }

  /** There is something new to draw. */
  request() {
    if (this.#frame || this.#rest) return;
    const wait = this.#notBefore - performance.now();
    if (wait > 0) this.#rest = setTimeout(() => this.#next(), wait);
    else this.#next();
  }

  cancel() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#rest);
    this.#frame = 0;
    this.#rest = 0;
  }

  #next() {
    this.#rest = 0;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const start = performance.now();
      this.#draw();
      const end = performance.now();
      this.#notBefore = end - start > HEAVY ? end + REST * (end - start) : 0;
    });
  }
}

/** Calls `tick` with the whole seconds that are left, at once and then every second. */
export class Countdown {
  #tick;
  #timer = 0;
  #end = 0;

  /** @param {(seconds: number) => void} tick */
  constructor(tick) {
    this.#tick = tick;
  }

  /**
   * @param {number | null} ms from now; null when nothing is waited for
   */
  set(ms) {
    clearInterval(this.#timer);
    this.#end = performance.now() + (ms ?? 0);
    if (ms !== null) this.#timer = setInterval(() => this.#tick(this.seconds), 1000);
    this.#tick(this.seconds);
  }

  get seconds() {
    return Math.max(0, Math.ceil((this.#end - performance.now()) / 1000));
  }

  stop() {
    clearInterval(this.#timer);
  }
}
