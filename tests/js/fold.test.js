import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fold } from "#app/models/fold.js";
import { vectors } from "./vectors.js";

const fold = (events) => {
  const state = new Fold();
  for (const { event, data } of events) state.apply(event, data);
  return state;
};

const asJson = ({ status, parts }) => ({ status, parts: parts.map((part) => part.toJSON()) });

describe("a fold", () => {
  for (const { name, events, state } of vectors("fold")) {
    test(`gives what the server's gives: ${name}`, () => {
      assert.deepEqual(asJson(fold(events)), state);
    });
  }

  test("refuses a delta for a part that is not open", () => {
    assert.throws(() => new Fold().apply("delta", { index: 0, text: "x" }), RangeError);
    assert.throws(() => new Fold().apply("delta", { index: "length", text: "x" }), RangeError);
  });

  test("refuses a part that skips one", () => {
    assert.throws(() => new Fold().apply("part", { index: 1, type: "text" }), RangeError);
  });

  test("refuses everything after the end", () => {
    const state = fold([{ event: "done", data: {} }]);
    assert.throws(() => state.apply("started", {}), RangeError);
  });

  test("takes no notice of events it has never heard of", () => {
    const state = fold([{ event: "started", data: {} }]);
    state.apply("sparkles", { many: true });
    assert.equal(state.status, "running");
  });

  test("knows what is waited for until something comes", () => {
    const state = fold([{ event: "waiting", data: { reason: "rate_limited", retry_in_ms: 5 } }]);
    assert.equal(state.waiting.reason, "rate_limited");
    state.apply("started", {});
    assert.equal(state.waiting, null);
  });

  test("knows how it ended", () => {
    const error = { code: "overloaded", message: "Try later.", recoverable: true };
    const state = fold([{ event: "failed", data: { error } }]);
    assert.deepEqual(state.ending, { status: "failed", reason: undefined, error });
    assert.equal(state.ended, true);
  });
});
