import { Refusal } from "#app/models/call.js";

/**
 * What the elements say. A page in another language brings its own words:
 * `<script type="application/json" data-words>{"copy": "Kopieren", …}</script>`.
 */
const ENGLISH = {
  copy: "Copy",
  copied: "Copied",
  reasoning: "Reasoning",
  reasoning_now: "Reasoning…",
  tool_call: "Used {name}",
  tool_result: "Result",
  queued: "Waiting for a free place…",
  thinking: "Thinking…",
  answering: "Answering…",
  busy: "The model is busy; trying again in {seconds} s",
  connecting: "Connecting…",
  lost: "Connection lost. Your text is safe; trying again in {seconds} s",
  unsent: "Not sent yet. Your text is safe; trying again in {seconds} s",
  signed_out: "You are signed out. Sign in again: nothing is lost.",
  not_found: "This is no longer there.",
  refused: "This did not work (error {status}). Reload the page to see how things stand.",
  broken: "This did not work. Reload the page to see how things stand.",
  done: "Answer complete",
  stopped: "Stopped.",
  failed: "No answer came.",
  incomplete: "The answer ended early. What there is was kept.",
  incomplete_length: "The answer reached its longest allowed length.",
  incomplete_content_filter: "The provider's content filter ended the answer.",
  incomplete_upstream_lost: "The connection to the model was lost. What there is was kept.",
  incomplete_stalled: "The model stopped sending. What there is was kept.",
  incomplete_interrupted: "The server was restarted. What there is was kept.",
  code_block: "Code block",
};

/** @typedef {keyof typeof ENGLISH} Word */

/** @type {Record<string, string> | undefined} */
let pageWords;

/**
 * The words for `key`, with `{name}` replaced by `values.name`.
 * @param {Word} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  pageWords ??= readPageWords();
  return (pageWords[key] ?? ENGLISH[key]).replace(/\{(\w+)\}/g, (_, name) =>
    String(values[name] ?? ""),
  );
}

/**
 * Whether there are words for it.
 * @param {string} key
 * @returns {key is Word}
 */
export const isWord = (key) => Object.hasOwn(ENGLISH, key);

/** @returns {Record<string, string>} */
const readPageWords = () =>
  JSON.parse(document.querySelector("script[data-words]")?.textContent || "{}");

/** @typedef {import("#app/models/fold.js").Fold} Fold */
/** @typedef {import("#app/models/follower.js").State} State */

/**
 * The quiet line under an answer that is not complete; empty when the text speaks for itself.
 * @param {Fold} fold
 * @param {State} connection
 * @param {number} seconds until whatever is being waited for
 */
export function stateWords(fold, connection, seconds) {
  if (fold.ended || connection.name === "idle") return "";
  if (connection.name === "gone") return goneWords(connection.status);
  if (connection.name === "waiting") return say("lost", { seconds });
  if (fold.waiting?.reason.startsWith("queue")) return say("queued");
  if (fold.waiting) return say("busy", { seconds });
  return fold.empty ? say("thinking") : "";
}

/** @param {number} status */
function goneWords(status) {
  if (status === 401 || status === 403) return say("signed_out");
  return status === 404 ? say("not_found") : say("refused", { status });
}

/**
 * Why a call did not work; empty when it was the person who gave it up.
 * @param {unknown} error what the call threw
 */
export function refusalWords(error) {
  if (error instanceof Refusal) return error.message || goneWords(error.status);
  if (error instanceof DOMException && error.name === "AbortError") return "";
  reportError(error);
  return say("broken");
}

/**
 * Why an answer is not all that one hoped for; empty when it is.
 * @param {Fold} fold
 */
export function endingWords({ status, ending }) {
  if (status === "failed") return ending?.error?.message || say("failed");
  if (status === "stopped") return say("stopped");
  if (status !== "incomplete") return "";
  const word = `incomplete_${ending?.reason}`;
  return say(isWord(word) ? word : "incomplete");
}
