import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Sentences } from "#app/models/sentences.js";
import { Chance } from "./chance.js";

const hear = (pieces) => {
  const sentences = new Sentences("Code block");
  return [...pieces.flatMap((piece) => sentences.append(piece)), ...sentences.finish()];
};

describe("sentences", () => {
  test("are heard when they are finished, and not before", () => {
    const sentences = new Sentences();
    assert.deepEqual(sentences.append("Hello wor"), []);
    assert.deepEqual(sentences.append("ld. How"), ["Hello world."]);
    assert.deepEqual(sentences.append(" are you? (Fine!) "), ["How are you?", "(Fine!)"]);
  });

  test("do not end inside a number or a name", () => {
    assert.deepEqual(hear(["It is 3.14 at x.org. Yes."]), ["It is 3.14 at x.org.", "Yes."]);
  });

  test("end without spaces where a language has none", () => {
    assert.deepEqual(hear(["今日は。元気？はい"]), ["今日は。", "元気？", "はい"]);
  });

  test("are heard without Markdown's marks", () => {
    assert.deepEqual(hear(["## A **bold** [link](http://x.y)\n- `one`\n2. two\n"]), [
      "A bold link",
      "one",
      "two",
    ]);
  });

  test("leave code out", () => {
    assert.deepEqual(hear(["See:\n```js\nlet x. = 1;\n```\nDone.\n"]), [
      "See:",
      "Code block",
      "Done.",
    ]);
  });

  test("are the same however the text is cut", () => {
    const text = "One. Two?\n\n* Three! *Four*… “Five.” Six\n```\ncode. code\n```\n七。八";
    const whole = hear([text]);
    for (let seed = 1; seed <= 100; seed++) {
      assert.deepEqual(hear(new Chance(seed).chop(text, 6)), whole, `seed ${seed}`);
    }
  });
});
