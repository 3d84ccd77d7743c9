/** Dice with a seed (mulberry32), so that a failure can be repeated. */
export class Chance {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1. */
  random() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `low` to `high`, both possible. */
  between(low, high) {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** `whole` (text or bytes) in pieces of 1 to `longest`. */
  chop(whole, longest) {
    const pieces = [];
    for (let at = 0; at < whole.length; ) {
      const end = at + this.between(1, longest);
      pieces.push(whole.slice(at, end));
      at = end;
    }
    return pieces;
  }
}
