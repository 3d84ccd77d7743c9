import assert from "node:assert/strict";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Call, newKey, Refusal } from "#app/models/call.js";
import { FakeClock } from "./clock.js";

describe("a call", () => {
  let server;
  let url;
  let requests;
  let answers;
  beforeEach(async () => {
    requests = [];
    answers = [];
    server = createServer(async (request, response) => {
      const body = (await request.toArray()).join("");
      requests.push({ method: request.method, headers: request.headers, body });
      const { status = 200, headers = {}, text = "", lost = false } = answers.shift() ?? {};
      if (lost) response.destroy();
      else response.writeHead(status, headers).end(text);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${server.address().port}/x`;
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  test("sends JSON with its key and the page's token", async () => {
    const options = { url, body: { text: "hi" }, key: "k1", accept: "text/event-stream" };
    const response = await new Call({ ...options, csrfToken: "t" }).send();
    assert.equal(response.status, 200);
    const [{ method, headers, body }] = requests;
    assert.equal(method, "POST");
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers.accept, "text/event-stream");
    assert.equal(headers["idempotency-key"], "k1");
    assert.equal(headers["x-csrftoken"], "t");
    assert.deepEqual(JSON.parse(body), { text: "hi" });
  });

  test("is sent again with the same key until there is an answer", async () => {
    answers = [{ lost: true }, { status: 503 }, { status: 429, headers: { "Retry-After": "3" } }];
    const clock = new FakeClock();
    const waits = [];
    const call = new Call({ url, clock, changed: () => waits.push(call.retryInMs) });
    const sent = call.send();
    for (const wait of [500, 500, 3000]) {
      await clock.waitsFor(wait);
      clock.pass(wait);
    }
    await sent;
    assert.deepEqual(waits, [500, null, 500, null, 3000, null]);
    assert.equal(requests.length, 4);
    assert.equal(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size, 1);
  });

  test("takes a no for a no, in the server's words", async () => {
    const headers = { "Content-Type": "application/problem+json" };
    const text = JSON.stringify({ title: "Conflict", detail: "An answer is being written." });
    answers = [{ status: 409, headers, text }];
    await assert.rejects(new Call({ url }).send(), (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.status, 409);
      assert.equal(error.message, "An answer is being written.");
      return true;
    });
    assert.equal(requests.length, 1);
  });

  test("takes a no without words too", async () => {
    answers = [{ status: 403, headers: { "Content-Type": "text/html" }, text: "<h1>no" }];
    await assert.rejects(new Call({ url }).send(), { status: 403, message: "" });
  });

  test("is given up when told to, while it waits and before", async () => {
    answers = [{ lost: true }];
    const clock = new FakeClock();
    const call = new Call({ url, clock });
    const sent = call.send();
    await clock.waitsFor(500);
    call.cancel();
    await assert.rejects(sent, { name: "AbortError" });
    assert.equal(requests.length, 1);
    const early = new Call({ url, clock });
    const never = early.send();
    early.cancel();
    await assert.rejects(never, { name: "AbortError" });
  });

  test("does not wait any longer when told that it may be better now", async () => {
    answers = [{ lost: true }];
    const clock = new FakeClock();
    const call = new Call({ url, clock });
    const sent = call.send();
    await clock.waitsFor(500);
    call.retryNow();
    assert.equal((await sent).status, 200);
  });

  test("is sent again when no answer comes for 40 seconds", async () => {
    server.removeAllListeners("request");
    let count = 0;
    const arrived = Promise.withResolvers();
    server.on("request", (_, response) => {
      if (++count === 1) arrived.resolve();
      else response.end();
    });
    const clock = new FakeClock();
    const sent = new Call({ url, clock }).send();
    await arrived.promise;
    clock.pass(40_000);
    await clock.waitsFor(500);
    clock.pass(500);
    await sent;
    assert.equal(count, 2);
  });

  test("makes keys that are never the same", () => {
    const keys = new Set(Array.from({ length: 1000 }, newKey));
    assert.equal(keys.size, 1000);
    for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
  });
});
