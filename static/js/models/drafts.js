/**
 * What a person wrote and has not sent. `key` is set once it was sent and no answer came yet:
 * sent again unchanged, even after a reload, it is the same request.
 * @typedef {{text: string, key?: string}} Draft
 */

/** Drafts by conversation, in the browser's storage. */
export class Drafts {
  #storage;

  /** @param {Storage} [storage] */
  constructor(storage = globalThis.localStorage) {
    this.#storage = storage;
  }

  /**
   * @param {string} conversation its id; empty for a new one
   * @returns {Draft}
   */
  get(conversation) {
    const json = this.#storage.getItem(name(conversation));
    return json ? JSON.parse(json) : { text: "" };
  }

  /**
   * @param {string} conversation
   * @param {Draft} draft
   */
  set(conversation, draft) {
    if (draft.text) this.#storage.setItem(name(conversation), JSON.stringify(draft));
    else this.clear(conversation);
  }

  /** @param {string} conversation */
  clear(conversation) {
    this.#storage.removeItem(name(conversation));
  }
}

/** @param {string} conversation */
const name = (conversation) => `draft:${conversation || "new"}`;
