import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Decoder, FrameTooLong } from "#app/models/sse.js";
import { Chance } from "./chance.js";

const utf8 = new TextEncoder();
const bytes = (text) => utf8.encode(text);
const decode = (...chunks) => {
  const decoder = new Decoder();
  return chunks.flatMap((chunk) => decoder.feed(chunk));
};
const frames = (text) => decode(bytes(text));

describe("the decoder of server-sent events", () => {
  test("gives a frame with its fields", () => {
    assert.deepEqual(frames("id: 7\nevent: delta\ndata: x\n\n"), [
      { id: "7", event: "delta", data: "x" },
    ]);
  });

  test("takes LF, CR and CRLF as line ends", () => {
    const expected = [
      { id: "", event: "message", data: "a\nb" },
      { id: "", event: "message", data: "c" },
    ];
    for (const end of ["\n", "\r", "\r\n"]) {
      const text = ["data: a", "data: b", "", "data: c", "", ""].join(end);
      assert.deepEqual(frames(text), expected, JSON.stringify(end));
    }
  });

  test("keeps the last id, until another one", () => {
    const ids = frames("id: 1\ndata\n\ndata\n\nid\ndata\n\n").map(({ id }) => id);
    assert.deepEqual(ids, ["1", "1", ""]);
  });

  test("takes no id with NUL in it", () => {
    assert.equal(frames("id: a\ndata: x\n\nid: b\0\ndata: y\n\n")[1].id, "a");
  });

  test("removes one space after the colon and no more", () => {
    assert.deepEqual(
      frames("data:a\n\ndata: a\n\ndata:  a\n\ndata:a:b\n\n").map(({ data }) => data),
      ["a", "a", " a", "a:b"],
    );
  });

  test("gives a frame for an empty data line, and none for none", () => {
    assert.deepEqual(
      frames("data:\n\nevent: x\n\nid: 4\n\n: ping\n\ndata: y\n\n").map(({ data }) => data),
      ["", "y"],
    );
    assert.equal(frames("event: x\n\ndata: y\n\n")[0].event, "message");
  });

  test("does not give a frame that is cut off", () => {
    assert.deepEqual(frames("data: a\n\ndata: b\n"), [{ id: "", event: "message", data: "a" }]);
  });

  test("drops a byte order mark at the start and nowhere else", () => {
    assert.deepEqual(
      frames("\ufeffdata: a\n\ndata: \ufeffb\n\n").map(({ data }) => data),
      ["a", "\ufeffb"],
    );
  });

  test("notes when to come back", () => {
    const decoder = new Decoder();
    decoder.feed(bytes("retry: 2500\nretry: soon\nretry:\n"));
    assert.equal(decoder.retryMs, 2500);
  });

  test("makes U+FFFD of bytes that are not UTF-8", () => {
    const bad = Uint8Array.of(...bytes("data: "), 0xff, 0xe2, 0x82, ...bytes("\ndata: ok\n\n"));
    assert.equal(decode(bad)[0].data, "\ufffd\ufffd\nok");
  });

  test("gives the same frames however the bytes are cut", () => {
    const text =
      "\ufeff: hi\r\nid: ä-1\r\nevent: delta\r\ndata: 👩‍👩‍👧 \u2028 {\r\n\r\n" +
      "data: a\rdata: b\r\r: ping\n\n\ndata\n\nid: 2\ndata: é\u0000\n\nretry: 10\n\ndata: cut";
    const whole = bytes(text);
    const expected = decode(whole);
    assert.equal(expected.length, 4);
    for (let seed = 1; seed <= 300; seed++) {
      const pieces = new Chance(seed).chop(whole, 1 + (seed % 9));
      assert.deepEqual(decode(...pieces), expected, `seed ${seed}`);
    }
  });

  test("lets any text through as JSON", () => {
    const text = "CR \r LF \n CRLF \r\n NUL \0 LS \u2028 data: x\n\n: }{ 🇩🇪";
    const data = JSON.stringify({ text });
    assert.equal(JSON.parse(frames(`data: ${data}\n\n`)[0].data).text, text);
  });

  test("refuses a line and a frame beyond its limit", () => {
    const feed = (text) => new Decoder(100).feed(bytes(text));
    assert.throws(() => feed("x".repeat(101)), FrameTooLong);
    assert.throws(() => feed(`data: ${"x".repeat(60)}\n`.repeat(2)), FrameTooLong);
    assert.equal(feed(`data: ${"x".repeat(60)}\n\n`.repeat(3)).length, 3);
  });
});
