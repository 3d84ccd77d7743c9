import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { FakeClock } from "./clock.js";
import { Bench, TEXT, WORDS } from "./follower-bench.js";
import { answerLog, LogServer } from "./log-server.js";

describe("a follower of a server that falls silent", () => {
  let server;
  let clock;
  let bench;
  let over;
  beforeEach(async () => {
    server = await new LogServer(answerLog(WORDS)).start();
    const serve = server.serve.bind(server);
    server.serve = (response, after) => {
      if (server.asked.length > 1) serve(response, after);
      else server.begin(response).write(server.bytesAfter("").subarray(0, 700));
    };
    clock = new FakeClock();
    bench = new Bench(server, { clock });
    over = bench.follower.follow();
    await bench.until(({ fold }) => fold.applied > 0);
  });
  afterEach(() => server.stop());

  test("drops the connection after 40 seconds, and not before", async () => {
    clock.pass(39_999);
    assert.equal(bench.follower.state.name, "live");
    clock.pass(1);
    await clock.waitsFor(500);
    clock.pass(500);
    await over;
    assert.equal(bench.text, TEXT);
  });

  test("drops the connection when told that the network is gone", async () => {
    bench.follower.drop();
    await clock.waitsFor(500);
    assert.equal(bench.follower.state.name, "waiting");
    bench.follower.retryNow();
    await over;
    assert.equal(bench.text, TEXT);
  });

  test("tries at once when it may be better now, if it has been silent for long", async () => {
    bench.follower.retryNow();
    assert.equal(server.asked.length, 1);
    clock.pass(20_001);
    bench.follower.retryNow();
    await over;
    assert.equal(bench.text, TEXT);
    assert.ok(!bench.states.includes("waiting"), bench.states.join());
  });

  test("stops when told to, and goes on from there", async () => {
    bench.follower.stop();
    await over;
    assert.equal(bench.follower.state.name, "idle");
    await bench.follower.follow();
    assert.equal(bench.text, TEXT);
    assert.equal(bench.fold.applied, server.events.length);
  });
});
