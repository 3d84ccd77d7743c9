/** A clock that only moves when told to, and dice that always show the same. */
export class FakeClock {
  #now = 0;
  #timers = new Set();
  #watchers = new Set();

  constructor(dice = 0) {
    this.dice = dice;
  }

  random = () => this.dice;
  now = () => this.#now;

  after = (ms, callback) => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    for (const look of this.#watchers) look();
    return () => this.#timers.delete(timer);
  };

  /** Lets so much time pass. */
  pass(ms) {
    const end = this.#now + ms;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = timer.at;
      timer.callback();
    }
    this.#now = end;
  }

  /** Resolves once a timer of this length is set. */
  waitsFor(ms) {
    return new Promise((resolve) => {
      const look = () => {
        if (![...this.#timers].some(({ at }) => at === this.#now + ms)) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  #next(end) {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}
