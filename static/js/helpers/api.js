const ROOT = "/api/v1";

export const conversationsUrl = `${ROOT}/conversations`;

/** @param {string} conversation */
export const messagesUrl = (conversation) => `${conversationsUrl}/${conversation}/messages`;

/**
 * @param {string} message
 * @param {"events" | "stop" | "continue" | "regenerate"} what
 */
export const messageUrl = (message, what) => `${ROOT}/messages/${message}/${what}`;

/** The page's CSRF token; the cookie itself may be hidden from scripts. */
export const csrfToken = () =>
  document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
