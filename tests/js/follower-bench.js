import { Fold } from "#app/models/fold.js";
import { Follower } from "#app/models/follower.js";

export const WORDS = Array.from({ length: 60 }, (_, i) => `word ${i} 👩‍👩‍👧 \r\n data: x\n\n`);
export const TEXT = WORDS.join("");

/** Waits between attempts take no time; a connection is never thought to be silent. */
const hasty = {
  random: () => 0,
  now: () => 0,
  after(ms, callback) {
    const timer = ms < 20_000 ? setImmediate(callback) : null;
    return () => clearImmediate(timer);
  },
};

/** Counts what is applied, so that twice and never both show. */
class CountingFold extends Fold {
  applied = 0;

  apply(name, data) {
    super.apply(name, data);
    this.applied++;
  }
}

/** A follower of a server, and what it has come to. */
export class Bench {
  states = [];
  fold = new CountingFold();

  constructor(server, { clock = hasty, ...options } = {}) {
    const changed = () => this.note();
    const { fold } = this;
    this.follower = new Follower({ url: server.url, fold, changed, clock, ...options });
  }

  note() {
    const { name } = this.follower.state;
    if (this.states.at(-1) !== name) this.states.push(name);
    this.look?.();
  }

  /** Resolves once this holds. */
  until(holds) {
    return new Promise((resolve) => {
      this.look = () => holds(this) && resolve();
      this.look();
    });
  }

  get text() {
    return this.fold.parts.map(({ text }) => text).join("");
  }
}
