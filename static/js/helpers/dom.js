/**
 * Markdown tokens become DOM nodes here, and nowhere by a string of HTML: elements are made by
 * name from the list that this file is, text only ever becomes text nodes, and the only address
 * is a link's, judged by `safeLink`. Raw HTML is shown as the text that it is; images are links.
 */

import { LineWriter } from "#app/helpers/lines.js";
import { element } from "#app/helpers/page.js";
import { decodeReferences } from "#app/helpers/references.js";
import { say } from "#app/helpers/words.js";

/** @typedef {import("marked").Tokens.Generic & Record<string, any>} Token */
/** @typedef {(token: Token) => Node} Builder */

/** @type {Record<string, Builder>} */
const BLOCKS = {
  heading: ({ depth, tokens }) => element(headingTag(depth), inline(tokens)),
  paragraph: ({ tokens }) => element("p", inline(tokens)),
  text: ({ tokens, text }) => element("p", tokens ? inline(tokens) : [text]),
  html: ({ text }) => element("p", [text], { className: "html" }),
  hr: () => element("hr"),
  blockquote: ({ tokens }) => element("blockquote", buildBlocks(tokens)),
  list: buildList,
  list_item: buildListItem,
  table: buildTable,
  code: buildCode,
};

/** @type {Record<string, Builder>} */
const INLINES = {
  text: ({ tokens, text }) =>
    tokens ? fragment(inline(tokens)) : document.createTextNode(decodeReferences(text)),
  escape: ({ text }) => document.createTextNode(text),
  codespan: ({ text }) => element("code", [text]),
  strong: ({ tokens }) => element("strong", inline(tokens)),
  em: ({ tokens }) => element("em", inline(tokens)),
  del: ({ tokens }) => element("del", inline(tokens)),
  br: () => element("br"),
  // The one tag that models write where Markdown has nothing of its own: in table cells.
  html: ({ text }) => (/^<br\s*\/?>$/i.test(text) ? element("br") : document.createTextNode(text)),
  checkbox: ({ checked }) => element("input", [], { type: "checkbox", disabled: true, checked }),
  link: buildLink,
  image: buildImage,
};

/**
 * One node for one block token, or for an open fence.
 * @param {object} block
 */
export function buildBlock(block) {
  const token = /** @type {Token} */ (block);
  const build = BLOCKS[token.type];
  return build ? build(token) : element("p", [token.raw]);
}

/**
 * The tokens of a block's content that have a node of their own.
 * @param {Token[]} tokens
 */
export const shown = (tokens) => tokens.filter(({ type }) => type !== "space" && type !== "def");

/** @param {Token[] | undefined} tokens */
const buildBlocks = (tokens) => shown(tokens ?? []).map(buildBlock);

/**
 * @param {Token[] | undefined} tokens
 * @returns {Node[]}
 */
function inline(tokens = []) {
  return tokens.map((token) => {
    const build = INLINES[token.type];
    return build ? build(token) : document.createTextNode(token.raw);
  });
}

/** @param {Node[]} nodes */
function fragment(nodes) {
  const all = document.createDocumentFragment();
  for (const node of nodes) all.append(node);
  return all;
}

/**
 * Headings of an answer are below the page's own: h1 becomes h3.
 * @param {number} depth
 */
const headingTag = (depth) =>
  /** @type {"h3" | "h4" | "h5" | "h6"} */ (`h${Math.min(depth + 2, 6)}`);

/** @type {Builder} */
function buildList({ ordered, start, items }) {
  const children = items.map(buildListItem);
  if (!ordered) return element("ul", children);
  return element("ol", children, start === 1 ? {} : { start });
}

/** @type {Builder} */
function buildListItem({ tokens, loose, task }) {
  const children = shown(/** @type {Token[]} */ (tokens)).flatMap((token) => {
    if (token.type === "checkbox") return inline([token]);
    return token.type === "text" && !loose ? inline(token.tokens ?? [token]) : [buildBlock(token)];
  });
  return element("li", children, task ? { className: "task" } : {});
}

/** @type {Builder} */
function buildTable({ header, rows }) {
  const head = element("thead", [buildRow("th", header)]);
  const body = element("tbody", /** @type {Token[][]} */ (rows).map(buildTableRow));
  return element("div", [element("table", [head, body])], { className: "table" });
}

/** @param {Token[]} cells */
export const buildTableRow = (cells) => buildRow("td", cells);

/**
 * @param {"th" | "td"} tag
 * @param {Token[]} cells
 */
function buildRow(tag, cells) {
  const children = cells.map(({ align, tokens }) =>
    element(tag, inline(tokens), align ? { className: align } : {}),
  );
  return element("tr", children);
}

/**
 * A fence that is still open has `chunks`: its node grows with them, see `LineWriter`.
 * @type {Builder}
 */
function buildCode(token) {
  const language = decodeReferences(token.lang ?? "").split(/\s/, 1)[0] ?? "";
  const label = element("span", [language], { className: "language" });
  const copy = element("button", [say("copy")], { type: "button" });
  copy.dataset.action = "copy-code";
  const code = element("code");
  if (token.chunks) new LineWriter(code, token.chunks);
  else code.append(codeText(token.text));
  const caption = element("figcaption", [label, copy]);
  return element("figure", [caption, element("pre", [code])], { className: "code" });
}

/**
 * A code block's text without the line end that every one of them has.
 * @param {string} text
 */
export const codeText = (text) => (text.endsWith("\n") ? text.slice(0, -1) : text);

/** @type {Builder} */
function buildLink({ href, title, text, tokens, autolink }) {
  // In an autolink everything is literal (CommonMark 0.31, section 6.5).
  const children = autolink ? [text] : inline(tokens);
  return anchor(autolink ? href : decodeReferences(href), title, "", children);
}

/** @type {Builder} */
function buildImage({ href, title, tokens, text }) {
  const address = decodeReferences(href);
  const alt = fragment(inline(tokens)).textContent || decodeReferences(text) || address;
  return anchor(address, title, "image", [alt]);
}

/**
 * @param {string} href
 * @param {string | null | undefined} title
 * @param {string} className
 * @param {(Node | string)[]} children
 */
function anchor(href, title, className, children) {
  const safe = safeLink(href);
  if (safe === null) return element("span", children, { className: "refused" });
  const rel = "noopener noreferrer nofollow";
  const link = element("a", children, { href: safe, rel, target: "_blank" });
  if (className) link.className = className;
  if (title) link.title = decodeReferences(title);
  return link;
}

const ALLOWED = new Set(["http:", "https:", "mailto:"]);

/**
 * The address a model's link may lead to, normalised; null for anything else: other schemes, what
 * is relative to our own pages, what is no URL. The judge is the browser's own URL parser, so
 * tabs, control characters and case are seen as it would see them.
 * @param {string} href
 * @returns {string | null}
 */
export function safeLink(href) {
  const url = URL.canParse(href) ? new URL(href) : null;
  return url && ALLOWED.has(url.protocol) ? url.href : null;
}
