/**
 * What a person wrote and has not sent. `key` is set once it was sent and no answer came yet:
 * sent again unchanged, even after a reload, it is the same request.
 * @typedef {{text: string, key?: string}} Draft
 */

/** One person's drafts by conversation, in the browser's storage. */
export class Drafts {
  #owner;
  #storage;

  /**
   * @param {string} owner who wrote them: others may use this browser too
   * @param {Storage} [storage]
   */
  constructor(owner, storage = globalThis.localStorage) {
    this.#owner = owner;
    this.#storage = storage;
  }

  /**
   * @param {string} conversation its id; empty for a new one
   * @returns {Draft}
   */
  get(conversation) {
    const json = this.#storage.getItem(this.#name(conversation));
    return json ? JSON.parse(json) : { text: "" };
  }

  /**
   * A draft for which the browser has no room left is not kept.
   * @param {string} conversation
   * @param {Draft} draft
   */
  set(conversation, draft) {
    this.clear(conversation);
    if (!draft.text) return;
    try {
      this.#storage.setItem(this.#name(conversation), JSON.stringify(draft));
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
    }
  }

  /** @param {string} conversation */
  clear(conversation) {
    this.#storage.removeItem(this.#name(conversation));
  }

  /** @param {string} conversation */
  #name(conversation) {
    return `draft:${this.#owner}:${conversation || "new"}`;
  }
}
