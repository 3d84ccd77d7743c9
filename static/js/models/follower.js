/** Follow: read a log from a cursor, history first and then live, until its terminal event. */

import { Backoff, isTransient, realClock, retryAfter } from "#app/models/backoff.js";
import { Decoder } from "#app/models/sse.js";

/**
 * What a page may say about the connection. `waiting` is for the next attempt, `gone` is final:
 * the server refuses (401, 403, 404, …).
 * @typedef {{name: "idle" | "connecting" | "live" | "ended"}
 *   | {name: "waiting", retryInMs: number}
 *   | {name: "gone", status: number}} State
 */

/** Pings come at least every 15 s: silence of this many milliseconds is a drop. */
const SILENCE = 40_000;
/** After this much silence somebody in a hurry gets a new connection. */
const STALE = 20_000;

/** How an attempt ended: over for good, or a drop after which to come back. */
const OVER = Symbol("over");
/** @typedef {typeof OVER | {retryInMs: number}} Outcome */

/** The stream said something that cannot follow what came before. */
class Broken extends Error {}

/**
 * Applies each event of one message to a fold exactly once, over any number of connections.
 * Cursors are opaque: compared for equality only.
 */
export class Follower {
  /** @type {State} */
  state = { name: "idle" };
  /** The place in the log up to which `fold` knows everything; empty is the beginning. */
  cursor;

  #url;
  #fold;
  #changed;
  #fetch;
  #clock;
  #backoff;
  /** Ends the run. @type {AbortController | null} */
  #run = null;
  /** Ends the attempt, which the run follows up with another. */
  #attempt = new AbortController();
  #lastByte = 0;
  #hurried = false;

  /**
   * @param {object} options
   * @param {string} options.url of the message's events
   * @param {import("#app/models/fold.js").Fold} options.fold the state at `cursor`
   * @param {string} [options.cursor]
   * @param {() => void} options.changed called after every change of `fold` or `state`
   * @param {typeof globalThis.fetch} [options.fetch]
   * @param {import("#app/models/backoff.js").Clock} [options.clock]
   */
  constructor({ url, fold, cursor = "", changed, fetch, clock = realClock }) {
    this.cursor = cursor;
    this.#url = url;
    this.#fold = fold;
    this.#changed = changed;
    this.#fetch = fetch ?? globalThis.fetch.bind(globalThis);
    this.#clock = clock;
    this.#backoff = new Backoff(clock);
  }

  /**
   * Follow until the end, or until {@link stop}. A call that was answered with a stream hands it
   * over as `response`: the POST's own response is the first follower.
   * @param {Response} [response]
   * @returns {Promise<void>}
   */
  async follow(response) {
    this.stop();
    const run = new AbortController();
    this.#run = run;
    for (let first = response; !run.signal.aborted; first = undefined) {
      const outcome = await this.#connect(run.signal, first);
      if (run.signal.aborted) return;
      if (outcome === OVER) break;
      await this.#pause(outcome.retryInMs);
    }
  }

  /** Stop reading, for now: {@link follow} goes on from the cursor. */
  stop() {
    this.#run?.abort();
    this.#attempt.abort();
    this.#backoff.hurry();
    this.#run = null;
    if (this.state.name !== "ended" && this.state.name !== "gone") this.state = { name: "idle" };
  }

  /** The network is gone, or so the browser says: do not wait for the silence. */
  drop() {
    this.#attempt.abort();
  }

  /** Things may be better now (a click, `online`, the page is looked at again): try at once. */
  retryNow() {
    const stale = this.#clock.now() - this.#lastByte > STALE;
    if (this.state.name === "waiting") {
      this.#backoff.hurry();
    } else if (this.#run && stale) {
      this.#hurried = true;
      this.#attempt.abort();
    }
  }

  /** @param {number} ms */
  async #pause(ms) {
    if (!this.#hurried) {
      this.#set({ name: "waiting", retryInMs: ms });
      await this.#backoff.wait(ms);
    }
    this.#hurried = false;
  }

  /**
   * One attempt: connect (unless a response is given) and read until it ends.
   * @param {AbortSignal} run
   * @param {Response | undefined} response
   * @returns {Promise<Outcome>}
   */
  async #connect(run, response) {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const unwatch = this.#watch(attempt);
    try {
      this.#set({ name: "connecting" });
      response ??= await this.#request(attempt.signal);
      if (response.status === 204) return this.#nothingMore();
      if (!response.ok) return this.#refused(response);
      const type = response.headers.get("Content-Type") ?? "";
      // A captive portal or a proxy's page answers 200 too.
      if (!type.startsWith("text/event-stream") || !response.body) return this.#dropped();
      this.#set({ name: "live" });
      return await this.#read(response.body.getReader(), attempt.signal);
    } catch (error) {
      if (error instanceof Broken) {
        console.warn(error);
        this.#startOver();
      } else if (!run.aborted && !isNetworkError(error)) throw error;
      return this.#dropped();
    } finally {
      unwatch();
      attempt.abort();
    }
  }

  /** @param {AbortSignal} signal */
  #request(signal) {
    const url = this.cursor ? `${this.#url}?after=${encodeURIComponent(this.cursor)}` : this.#url;
    const headers = { Accept: "text/event-stream" };
    return this.#fetch(url, { headers, signal, cache: "no-store" });
  }

  /**
   * @param {ReadableStreamDefaultReader<Uint8Array>} reader
   * @param {AbortSignal} signal
   * @returns {Promise<Outcome>}
   */
  async #read(reader, signal) {
    const cancel = () => void reader.cancel().catch(() => {}); // it failed before we gave it up
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel);
    const decoder = new Decoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return this.#dropped();
      if (done) return this.#fold.ended ? this.#over() : this.#dropped();
      this.#lastByte = this.#clock.now();
      const outcome = this.#take(decoder, value);
      if (outcome) return outcome;
    }
  }

  /**
   * @param {Decoder} decoder
   * @param {Uint8Array} bytes
   * @returns {Outcome | undefined}
   */
  #take(decoder, bytes) {
    try {
      for (const { event, id, data } of decoder.feed(bytes)) {
        if (event === "reconnect") return { retryInMs: JSON.parse(data).retry_in_ms };
        if (id === this.cursor && event !== "snapshot") continue;
        this.#fold.apply(event, JSON.parse(data));
        this.cursor = id;
        this.#backoff.reset();
        if (this.#fold.ending) return this.#over();
      }
    } catch (cause) {
      throw new Broken("the stream does not fit what came before", { cause });
    } finally {
      this.#changed();
    }
  }

  /** Read everything again, from nothing. */
  #startOver() {
    this.cursor = "";
    this.#fold.reset();
  }

  /** 204: the server has nothing after our cursor, so we must know the end. */
  #nothingMore() {
    if (this.#fold.ended) return this.#over();
    this.#startOver();
    return this.#dropped();
  }

  /**
   * @param {Response} response
   * @returns {Outcome}
   */
  #refused(response) {
    if (isTransient(response.status)) return this.#dropped(retryAfter(response.headers));
    this.#set({ name: "gone", status: response.status });
    return OVER;
  }

  /** @returns {Outcome} */
  #over() {
    this.#set({ name: "ended" });
    return OVER;
  }

  /** @returns {Outcome} */
  #dropped(atLeast = 0) {
    return { retryInMs: this.#backoff.next(atLeast) };
  }

  /**
   * Ends the attempt when no byte comes for too long.
   * @param {AbortController} attempt
   * @returns {() => void} to stop watching
   */
  #watch(attempt) {
    this.#lastByte = this.#clock.now();
    let cancel = () => {};
    const look = () => {
      const left = this.#lastByte + SILENCE - this.#clock.now();
      if (left <= 0) attempt.abort();
      else cancel = this.#clock.after(left, look);
    };
    look();
    return () => cancel();
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.#changed();
  }
}

/**
 * `fetch` rejects with a TypeError, an aborted one with an AbortError, and so does a read.
 * @param {unknown} error
 */
const isNetworkError = (error) =>
  error instanceof TypeError || (error instanceof DOMException && error.name === "AbortError");
