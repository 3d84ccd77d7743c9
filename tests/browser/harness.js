/** What the tests in Chromium call: `window.harness`. */

import "#app/app.js";
import { MarkdownView } from "#app/elements/answer-view.js";

/** All that Markdown may become, and the attributes that it may have. */
const TAGS = new Set(
  "h3 h4 h5 h6 p ul ol li blockquote hr strong em del code br figure figcaption span button pre div table thead tbody tr th td a input"
    .split(" ")
    .map((tag) => tag.toUpperCase()),
);
const ATTRIBUTES = new Set(
  "class href rel target title type disabled start data-action".split(" "),
);

const violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`),
);

/** What is wrong with an element that Markdown became; empty when nothing is. */
function complaint(node) {
  if (!TAGS.has(node.tagName)) return `a ${node.tagName}`;
  const odd = node.getAttributeNames().find((name) => !ATTRIBUTES.has(name));
  if (odd) return `${node.tagName} with ${odd}`;
  if (node.tagName === "A" && !/^(https?:|mailto:)/.test(node.getAttribute("href"))) {
    return `a link to ${node.getAttribute("href")}`;
  }
  if (node.tagName === "A" && node.rel !== "noopener noreferrer nofollow") return "a link's rel";
  if (node.tagName === "INPUT" && !(node.disabled && node.type === "checkbox")) return "an input";
  return "";
}

function complaints(root) {
  return [...root.querySelectorAll("*")].map(complaint).filter(Boolean);
}

function stage() {
  const root = document.createElement("div");
  document.getElementById("stage").replaceChildren(root);
  return root;
}

/** The text in one piece. */
function whole(text) {
  const root = stage();
  const view = new MarkdownView(root);
  view.append(text);
  view.finish();
  root.normalize();
  return root;
}

/** The text piece by piece; `look` sees each state. */
function streamed(pieces, look = () => {}) {
  const root = stage();
  const view = new MarkdownView(root);
  for (const piece of pieces) {
    view.append(piece);
    view.render();
    look(root);
  }
  view.finish();
  look(root);
  root.normalize();
  return root;
}

globalThis.harness = {
  violations,
  whole: (text) => whole(text).innerHTML,
  outline: (text) => ({ html: whole(text).innerHTML, text: whole(text).textContent }),

  /** Shows every prefix of the text as a stream and, if short enough, each as a whole too. */
  everyPrefix(text, wholeUpTo = 400) {
    const found = new Set();
    const look = (root) => {
      for (const words of complaints(root)) found.add(words);
    };
    const end = streamed([...text], look);
    if (text.length <= wholeUpTo) {
      for (let length = 1; length <= text.length; length++) look(whole(text.slice(0, length)));
    }
    if (!end.isEqualNode(whole(text))) found.add("the stream's end is not the whole");
    return [...found];
  },

  /** Shows a long text in these pieces. */
  piecesSafely(pieces) {
    const found = new Set(complaints(streamed(pieces)));
    return [...found];
  },

  /** Whether the text streamed in these pieces ends as the whole does. */
  endsAsWhole(pieces) {
    const end = streamed(pieces);
    return end.isEqualNode(whole(pieces.join("")));
  },

  /** Whether a list's items stay the same nodes, save the last one, while it grows. */
  keptItems(pieces) {
    let before = [];
    let kept = true;
    streamed(pieces, (root) => {
      const items = [...root.querySelectorAll("li")];
      kept &&= before.slice(0, -1).every((item, index) => item === items[index]);
      before = items;
    });
    return kept && before.length === pieces.length;
  },

  /** Which top-level nodes stayed the same objects from each step to the next. */
  keptNodes(pieces) {
    let before = [];
    const kept = [];
    streamed(pieces, (root) => {
      kept.push(before.filter((node) => node.parentNode === root).length === before.length);
      before = [...root.childNodes].slice(0, -2);
    });
    return kept.every(Boolean);
  },
};
