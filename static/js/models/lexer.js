/** marked's lexer with bounds, so that no text can exhaust the stack or the main thread. */

import { Lexer } from "marked";

/** @typedef {import("marked").Token} Token */
/** @typedef {import("marked").Links} Links */

/** Quotes and lists nested deeper than this are shown as the text that they are. */
const DEEPEST_BLOCK = 24;
/** Emphasis and brackets nested deeper than this likewise. */
const DEEPEST_INLINE = 16;
/** A run of inline text longer than this is shown plain: inline lexing can be quadratic. */
const LONGEST_INLINE = 16_384;

class BoundedLexer extends Lexer {
  #blockDepth = 0;
  #inlineDepth = 0;

  /**
   * @override
   * @param {string} source
   * @param {any} [tokens]
   * @param {boolean} [clipped]
   * @returns {any}
   */
  blockTokens(source, tokens = [], clipped = false) {
    if (this.#blockDepth >= DEEPEST_BLOCK) {
      tokens.push({ type: "text", raw: source, text: source, tokens: this.inline(source) });
      return tokens;
    }
    this.#blockDepth++;
    super.blockTokens(source, tokens, clipped);
    this.#blockDepth--;
    return tokens;
  }

  /**
   * @override
   * @param {string} source
   * @param {Token[]} [tokens]
   * @returns {Token[]}
   */
  inlineTokens(source, tokens = []) {
    if (this.#inlineDepth >= DEEPEST_INLINE || source.length > LONGEST_INLINE) {
      tokens.push({ type: "text", raw: source, text: source });
      return tokens;
    }
    this.#inlineDepth++;
    super.inlineTokens(source, tokens);
    this.#inlineDepth--;
    return tokens;
  }
}

/**
 * The block tokens of `source`.
 * @param {string} source
 * @param {Links} [links] definitions from earlier text
 * @returns {Token[]}
 */
export function lex(source, links) {
  const lexer = new BoundedLexer({ gfm: true });
  Object.assign(lexer.tokens.links, links);
  return lexer.lex(source);
}
