import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Chance } from "./chance.js";
import { FakeClock } from "./clock.js";
import { Bench, TEXT, WORDS } from "./follower-bench.js";
import { answerLog, frame, LogServer } from "./log-server.js";

describe("a follower", () => {
  let server;
  beforeEach(async () => {
    server = await new LogServer(answerLog(WORDS)).start();
  });
  afterEach(() => server.stop());

  test("reads from nothing to the end", async () => {
    const bench = new Bench(server);
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
    assert.equal(bench.fold.status, "done");
    assert.deepEqual(bench.states, ["connecting", "live", "ended"]);
    assert.equal(bench.follower.cursor, "abcdef-63");
  });

  test("applies each event once over any cuts", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const chance = new Chance(seed);
      let cuts = chance.between(1, 30);
      server.serve = (response, after) => {
        const bytes = server.bytesAfter(after);
        if (!bytes) return response.writeHead(204).end();
        if (cuts-- <= 0) return server.begin(response).end(bytes);
        // A clean end of file is not an end either.
        const how = seed % 2 ? () => response.destroy() : () => response.end();
        const cut = chance.between(0, Math.min(bytes.length - 1, 3000));
        server.begin(response).write(bytes.subarray(0, cut), how);
      };
      const bench = new Bench(server);
      await bench.follower.follow();
      assert.equal(bench.text, TEXT, `seed ${seed}`);
      assert.equal(bench.fold.applied, server.events.length, `seed ${seed}`);
    }
  });

  test("goes on from a response that is there already", async () => {
    const bytes = server.bytesAfter("");
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(bytes.subarray(0, 700));
        else controller.error(new TypeError("network error"));
      },
    });
    const bench = new Bench(server);
    await bench.follower.follow(
      new Response(body, { headers: { "Content-Type": "text/event-stream" } }),
    );
    assert.equal(bench.text, TEXT);
    assert.equal(server.asked.length, 1);
    assert.notEqual(server.asked[0], "");
  });

  test("starts from the cursor it is given", async () => {
    const bench = new Bench(server, { cursor: "abcdef-2" });
    bench.fold.reset([{ type: "text", text: "" }], "running");
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
    assert.deepEqual(server.asked, ["abcdef-2"]);
  });

  test("does not apply an event again that it has", async () => {
    server.serve = (response, after) => {
      const again = server.events.filter(({ id }) => id === after);
      const rest = server.bytesAfter(after).toString();
      server.begin(response).end(again.map(frame).join("") + rest);
    };
    const bench = new Bench(server, { cursor: "abcdef-3" });
    bench.fold.reset([{ type: "text", text: WORDS[0] }], "running");
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
  });

  test("takes a snapshot for all there is", async () => {
    const parts = [{ type: "text", text: "From the snapshot." }];
    server.serve = (response) => {
      const snapshot = { id: "abcdef-9", event: "snapshot", data: { parts, status: "running" } };
      const end = { id: "abcdef-10", event: "done", data: {} };
      server.begin(response).end(frame(snapshot) + frame(end));
    };
    const bench = new Bench(server, { cursor: "foreign-1" });
    bench.fold.reset([{ type: "text", text: "old" }], "running");
    await bench.follower.follow();
    assert.equal(bench.text, "From the snapshot.");
  });

  test("ends with a snapshot of what is over", async () => {
    server.serve = (response) => {
      const data = { parts: [{ type: "text", text: "x" }], status: "stopped" };
      server.begin(response).end(frame({ id: "abcdef-9", event: "snapshot", data }));
    };
    const bench = new Bench(server);
    await bench.follower.follow();
    assert.equal(bench.fold.status, "stopped");
    assert.equal(bench.follower.state.name, "ended");
  });

  test("reads everything again when there is no end before a 204", async () => {
    const bench = new Bench(server, { cursor: server.events.at(-1).id });
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
    assert.deepEqual(server.asked, ["abcdef-63", ""]);
  });

  test("reads everything again when an event does not fit", async (context) => {
    context.mock.method(console, "warn", () => {});
    const bench = new Bench(server, { cursor: "abcdef-5" });
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
    assert.deepEqual(server.asked, ["abcdef-5", ""]);
    assert.equal(console.warn.mock.callCount(), 1);
  });

  for (const status of [400, 401, 403, 404, 422]) {
    test(`takes ${status} for final`, async () => {
      server.serve = (response) => response.writeHead(status).end();
      const bench = new Bench(server);
      await bench.follower.follow();
      assert.deepEqual(bench.follower.state, { name: "gone", status });
      assert.equal(server.asked.length, 1);
    });
  }

  test("comes back to a busy server when that asked for it", async () => {
    const busy = [
      [503, { "Retry-After": "7" }],
      [429, {}],
      [500, {}],
    ];
    const serve = server.serve.bind(server);
    server.serve = (response, after) => {
      const [status, headers] = busy.shift() ?? [];
      if (status) response.writeHead(status, headers).end();
      else serve(response, after);
    };
    const clock = new FakeClock();
    const bench = new Bench(server, { clock });
    const over = bench.follower.follow();
    for (const retryInMs of [7000, 500, 500]) {
      await clock.waitsFor(retryInMs);
      assert.deepEqual(bench.follower.state, { name: "waiting", retryInMs });
      clock.pass(retryInMs);
    }
    await over;
    assert.equal(bench.text, TEXT);
  });

  test("takes a page that is no stream for a drop", async () => {
    const serve = server.serve.bind(server);
    server.serve = (response, after) => {
      if (server.asked.length > 1) return serve(response, after);
      response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Hotel Wi-Fi</h1>");
    };
    const bench = new Bench(server);
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
  });

  test("waits as long as a server that closes says", async () => {
    const serve = server.serve.bind(server);
    server.serve = (response, after) => {
      if (server.asked.length > 1) return serve(response, after);
      const { event, data } = { event: "reconnect", data: { retry_in_ms: 1234 } };
      server.begin(response).write(frame(server.events[0]) + frame({ event, data }));
    };
    const clock = new FakeClock();
    const bench = new Bench(server, { clock });
    const over = bench.follower.follow();
    await clock.waitsFor(1234);
    assert.deepEqual(bench.follower.state, { name: "waiting", retryInMs: 1234 });
    clock.pass(1234);
    await over;
    assert.deepEqual(server.asked, ["", "abcdef-1"]);
  });

  test("does not wait any longer when told that it may be better now", async () => {
    const serve = server.serve.bind(server);
    server.serve = (response, after) =>
      server.asked.length > 1 ? serve(response, after) : response.destroy();
    const clock = new FakeClock(1);
    const bench = new Bench(server, { clock });
    const over = bench.follower.follow();
    await clock.waitsFor(1000);
    bench.follower.retryNow();
    await over;
    assert.equal(bench.text, TEXT);
  });

  test("waits longer each time, until there is progress", async () => {
    const serve = server.serve.bind(server);
    server.serve = (response, after) => {
      if (server.asked.length > 5) return serve(response, after);
      if (server.asked.length !== 3) return response.destroy();
      server.begin(response).write(frame(server.events[0]), () => response.destroy());
    };
    const clock = new FakeClock(1);
    const bench = new Bench(server, { clock });
    const over = bench.follower.follow();
    for (const wait of [1000, 2000, 1000, 2000, 4000]) {
      await clock.waitsFor(wait);
      clock.pass(wait);
    }
    await over;
    assert.equal(bench.text, TEXT);
  });
});
