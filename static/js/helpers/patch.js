/** Makes a container show new blocks while touching only the nodes of those that differ. */

import { buildBlock, buildTableRow, codeText, shown } from "#app/helpers/dom.js";

/** @typedef {Record<string, any>} Token */

/** What says how a token looks, besides its text and the tokens inside. */
const FIELDS = ["type", "href", "title", "depth", "lang", "ordered", "start", "loose", "task"];
FIELDS.push("checked", "autolink", "align");

/**
 * Whether the node that shows `a` may stay for `b`. Their `raw` may differ: a block that more
 * follows has the line end too.
 * @param {Token} a
 * @param {Token} b
 * @returns {boolean}
 */
export function same(a, b) {
  if (a === b) return true;
  // An open fence grows in a node that was built for it.
  if (b.chunks && !b.closed) return false;
  if (a.type === "table" && b.type === "table") {
    return sameAll(a.header, b.header) && sameAll(rows(a), rows(b));
  }
  if (FIELDS.some((field) => (a[field] ?? null) !== (b[field] ?? null))) return false;
  if (a.type === "code") return codeText(a.text) === codeText(b.text);
  const inside = a.items ?? a.tokens;
  const others = b.items ?? b.tokens;
  return inside && others ? sameAll(inside, others) : a.text === b.text;
}

/**
 * @param {Token[]} a
 * @param {Token[]} b
 */
const sameAll = (a, b) =>
  a.length === b.length && a.every((token, i) => same(token, /** @type {Token} */ (b[i])));

/** @param {Token} table */
const rows = (table) => table.rows.map((/** @type {Token[]} */ tokens) => ({ tokens }));

/**
 * Turns `nodes`, which show `old`, into nodes that show `now`, and returns those. One node for
 * each token; `after` is what follows them in `parent`.
 * @template {Token} T
 * @param {Node} parent
 * @param {Node[]} nodes
 * @param {T[]} old
 * @param {T[]} now
 * @param {(token: T) => Node} [build]
 * @param {Node | null} [after]
 * @returns {Node[]}
 */
export function patch(parent, nodes, old, now, build = buildBlock, after = null) {
  for (const node of nodes.slice(now.length)) parent.removeChild(node);
  return now.map((token, i) => {
    const was = old[i];
    const node = nodes[i];
    if (!was || !node) return parent.insertBefore(build(token), after);
    if (same(was, token) || patchInside(node, was, token)) return node;
    const built = build(token);
    parent.replaceChild(built, node);
    return built;
  });
}

/**
 * Patches what is inside a node that can stay itself; false when it cannot.
 * @param {Node} node
 * @param {Token} old
 * @param {Token} now
 * @returns {boolean}
 */
function patchInside(node, old, now) {
  if (old.type !== now.type) return false;
  if (now.type === "blockquote") return patchBlocks(node, old.tokens, now.tokens);
  if (now.type === "list" && old.ordered === now.ordered && old.start === now.start) {
    return patchBlocks(node, old.items, now.items);
  }
  if (now.type === "list_item" && old.loose === now.loose && old.task === now.task) {
    return patchItem(node, shown(old.tokens), shown(now.tokens), now.loose);
  }
  if (now.type === "table" && sameAll(old.header, now.header)) {
    const { rows: nodes } = /** @type {HTMLTableElement} */ (node.firstChild);
    const body = /** @type {Node} */ (node.firstChild?.lastChild);
    patch(body, [...nodes].slice(1), rows(old), rows(now), (row) => buildTableRow(row.tokens));
    return true;
  }
  return false;
}

/**
 * @param {Node} node
 * @param {any[]} old
 * @param {any[]} now
 */
function patchBlocks(node, old, now) {
  patch(node, [...node.childNodes], shown(old), shown(now));
  return true;
}

/**
 * A tight item's text has no node of its own: only a list at its end can be gone into.
 * @param {Node} node
 * @param {any[]} old
 * @param {any[]} now
 * @param {boolean} loose
 */
function patchItem(node, old, now, loose) {
  if (loose) return patchBlocks(node, old, now);
  const last = node.lastChild;
  const before = sameAll(old.slice(0, -1), now.slice(0, -1));
  return Boolean(last && before && now.length && patchInside(last, old.at(-1), now.at(-1)));
}
