/** Calls to the API that change something. */

import { Backoff, isTransient, realClock, retryAfter } from "#app/models/backoff.js";

/** No answer for this many milliseconds is a lost connection. */
const PATIENCE = 40_000;

/** The server's final no: a problem document (RFC 9457). */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {{title?: string, detail?: string}} problem
   */
  constructor(status, problem) {
    super(problem.detail || problem.title || "");
    this.status = status;
  }
}

/** 128 random bits. (`crypto.randomUUID` is missing on plain http.) */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

/**
 * One POST that is sent again until the server has answered it. Its idempotency key stays the
 * same, so that nothing is asked twice, however often it is sent.
 */
export class Call {
  /** How long until the next attempt; null when none is being waited for. */
  retryInMs = /** @type {number | null} */ (null);

  #url;
  #init;
  #changed;
  #fetch;
  #clock;
  #backoff;
  #cancelled = new AbortController();

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {object} [options.body]
   * @param {string} [options.key]
   * @param {string} [options.accept]
   * @param {string} [options.csrfToken]
   * @param {() => void} [options.changed] called when `retryInMs` did
   * @param {typeof globalThis.fetch} [options.fetch]
   * @param {import("#app/models/backoff.js").Clock} [options.clock]
   */
  constructor({
    url,
    body = {},
    key = newKey(),
    accept = "application/json",
    csrfToken = "",
    ...world
  }) {
    this.#url = url;
    this.#init = {
      method: "POST",
      body: JSON.stringify(body),
      headers: {
        Accept: accept,
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-CSRFToken": csrfToken,
      },
    };
    this.#changed = world.changed ?? (() => {});
    this.#fetch = world.fetch ?? globalThis.fetch.bind(globalThis);
    this.#clock = world.clock ?? realClock;
    this.#backoff = new Backoff(this.#clock);
  }

  /**
   * The server's yes. Throws {@link Refusal} for its no, and an `AbortError` after
   * {@link cancel}; anything else is tried again.
   * @returns {Promise<Response>}
   */
  async send() {
    for (;;) {
      const response = await this.#attempt();
      this.#cancelled.signal.throwIfAborted();
      if (response?.ok) return response;
      if (response && !isTransient(response.status)) throw await refusal(response);
      await this.#pause(response ? retryAfter(response.headers) : 0);
      this.#cancelled.signal.throwIfAborted();
    }
  }

  /** Give up. What the server may already have accepted stays accepted. */
  cancel() {
    this.#cancelled.abort();
    this.#backoff.hurry();
  }

  /** Things may be better now: try at once. */
  retryNow() {
    this.#backoff.hurry();
  }

  /** @returns {Promise<Response | null>} null when there was no answer */
  async #attempt() {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    this.#cancelled.signal.addEventListener("abort", abort);
    const enough = this.#clock.after(PATIENCE, abort);
    try {
      return await this.#fetch(this.#url, { ...this.#init, signal: attempt.signal });
    } catch {
      return null; // fetch rejects for a lost connection and for an abort, and for nothing else
    } finally {
      enough();
      this.#cancelled.signal.removeEventListener("abort", abort);
    }
  }

  /** @param {number} atLeast */
  async #pause(atLeast) {
    this.retryInMs = this.#backoff.next(atLeast);
    this.#changed();
    await this.#backoff.wait(this.retryInMs);
    this.retryInMs = null;
    this.#changed();
  }
}

/** @param {Response} response */
async function refusal(response) {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  return new Refusal(response.status, isProblem ? await response.json() : {});
}
