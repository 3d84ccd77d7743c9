/** Delays in milliseconds: the first at least, any at most. */
const SHORTEST = 500;
const LONGEST = 10_000;

/**
 * What Backoff needs of the world; tests bring their own.
 * @typedef {{
 *   random(): number,
 *   now(): number,
 *   after(ms: number, callback: () => void): () => void,
 * }} Clock
 */

/** @type {Clock} */
export const realClock = {
  random: Math.random,
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Patience between attempts: longer each time, jittered, cut short by {@link hurry}. */
export class Backoff {
  #clock;
  #failures = 0;
  #wake = () => {};

  /** @param {Clock} clock */
  constructor(clock = realClock) {
    this.#clock = clock;
  }

  /**
   * How long to wait after one more failure; never less than `atLeast`.
   * @param {number} atLeast milliseconds
   */
  next(atLeast = 0) {
    const ceiling = Math.min(LONGEST, SHORTEST * 2 ** ++this.#failures);
    const delay = SHORTEST + this.#clock.random() * (ceiling - SHORTEST);
    return Math.max(Math.round(delay), atLeast);
  }

  /** There was progress: the next failure is the first one again. */
  reset() {
    this.#failures = 0;
  }

  /**
   * Resolves after `ms`, or at once when somebody is in a hurry.
   * @param {number} ms
   * @returns {Promise<void>}
   */
  wait(ms) {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** End the wait, if there is one. */
  hurry() {
    this.#wake();
  }
}

/** Nobody is made to wait longer than this because a header said so. */
const LONGEST_ASKED = 60_000;

/**
 * Milliseconds that `Retry-After` asks for (RFC 9110, section 10.2.3: seconds or a date), within
 * reason; 0 without one.
 * @param {Headers} headers
 */
export function retryAfter(headers) {
  const value = headers.get("Retry-After")?.trim();
  if (!value) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_ASKED) : 0;
}

/**
 * Whether the same request may succeed later: the server is busy, broken or restarting.
 * @param {number} status
 */
export const isTransient = (status) => status >= 500 || [408, 425, 429].includes(status);
