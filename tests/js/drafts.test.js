import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Drafts } from "#app/models/drafts.js";

class MemoryStorage {
  items = new Map();
  getItem = (name) => this.items.get(name) ?? null;
  setItem = (name, value) => void this.items.set(name, value);
  removeItem = (name) => void this.items.delete(name);
}

describe("drafts", () => {
  test("are kept for each conversation, and for a new one", () => {
    const drafts = new Drafts("7", new MemoryStorage());
    drafts.set("", { text: "new" });
    drafts.set("a", { text: "in a", key: "k" });
    assert.deepEqual(drafts.get(""), { text: "new" });
    assert.deepEqual(drafts.get("a"), { text: "in a", key: "k" });
    assert.deepEqual(drafts.get("b"), { text: "" });
  });

  test("are shown to nobody else who uses this browser", () => {
    const storage = new MemoryStorage();
    new Drafts("7", storage).set("", { text: "mine" });
    assert.deepEqual(new Drafts("8", storage).get(""), { text: "" });
  });

  test("are not kept where there is no room for them", () => {
    const storage = new MemoryStorage();
    const drafts = new Drafts("7", storage);
    drafts.set("a", { text: "short" });
    storage.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    drafts.set("a", { text: "too long" });
    assert.deepEqual(drafts.get("a"), { text: "" });
  });

  test("leave nothing behind when they are empty", () => {
    const storage = new MemoryStorage();
    const drafts = new Drafts("7", storage);
    drafts.set("a", { text: "x" });
    drafts.set("a", { text: "" });
    assert.equal(storage.items.size, 0);
  });
});
