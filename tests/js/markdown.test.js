import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { same } from "#app/helpers/patch.js";
import { MarkdownStream } from "#app/models/markdown.js";
import { Chance } from "./chance.js";
import { vectors } from "./vectors.js";

/** Keeps blocks as a view does, and watches that no closed one is given again. */
class Reader {
  blocks = [];
  #closed = 0;

  take({ from, blocks, closed }) {
    assert.equal(from, this.#closed, "a closed block was given again");
    this.blocks.splice(from, Infinity, ...blocks);
    this.#closed = from + closed;
  }

  finish({ from, blocks }) {
    this.blocks.splice(from, Infinity, ...blocks);
  }
}

function read(pieces) {
  const stream = new MarkdownStream();
  const reader = new Reader();
  for (const piece of pieces) {
    stream.append(piece);
    reader.take(stream.advance());
  }
  const streamed = reader.blocks.slice();
  reader.finish(stream.finish());
  return { streamed, final: reader.blocks };
}

const plain = (blocks) =>
  JSON.parse(JSON.stringify(blocks, (key, value) => (key === "raw" ? undefined : value)));

function assertSame(actual, expected, message) {
  const equal = actual.length === expected.length && actual.every((b, i) => same(b, expected[i]));
  if (!equal) assert.deepEqual(plain(actual), plain(expected), message);
}

const SAMPLES = vectors("markdown");
const hasLateLinks = (name) => /definition|links|real answer/.test(name);

describe("a Markdown stream", () => {
  for (const { name, text } of SAMPLES) {
    test(`gives the blocks of the whole text however it is cut: ${name}`, () => {
      const whole = read([text]).final;
      for (let seed = 1; seed <= 40; seed++) {
        const pieces = new Chance(seed).chop(text, seed % 4 === 0 ? 80 : 7);
        const { streamed, final } = read(pieces);
        assertSame(final, whole, `seed ${seed}`);
        if (!hasLateLinks(name)) assertSame(streamed, whole, `seed ${seed}, before the end`);
      }
    });
  }
});
