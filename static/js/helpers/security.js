/**
 * htmx under `require-trusted-types-for 'script'; trusted-types app`: the page's one policy, for
 * nothing but the HTML that htmx fetched from our own origin (`"mode": "same-origin"` in its
 * configuration), and no way from a string to a script.
 */

import { csrfToken } from "#app/helpers/api.js";

/** Scripts inside fetched HTML become empty. */
const RULES = {
  createHTML: (/** @type {string} */ html) => html,
  createScript: () => "",
};

const SAFE = new Set(["GET", "HEAD", "OPTIONS", "QUERY"]);

/** Stands in for the constructors of functions: `hx-on`, `js:` and event filters are dead. */
class Forbidden {
  constructor() {
    throw new TypeError("this page makes no functions from text");
  }
}

/** The extension that makes htmx keep the page's rules. */
export const security = {
  /** @param {{initSecurity: (policy: object, sync: Function, async: Function) => void}} api */
  init(api) {
    const { trustedTypes } = /** @type {any} */ (globalThis);
    api.initSecurity(trustedTypes?.createPolicy("app", RULES) ?? RULES, Forbidden, Forbidden);
  },

  /**
   * @param {Element} _element
   * @param {{ctx: {request: {method: string, headers: Record<string, string>}}}} detail
   */
  htmx_config_request(_element, { ctx: { request } }) {
    if (!SAFE.has(request.method.toUpperCase())) request.headers["X-CSRFToken"] = csrfToken();
  },
};
