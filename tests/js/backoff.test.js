import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Backoff, isTransient, retryAfter } from "#app/models/backoff.js";
import { FakeClock } from "./clock.js";

const delays = (dice, count) => {
  const backoff = new Backoff(new FakeClock(dice));
  return Array.from({ length: count }, () => backoff.next());
};

describe("backoff", () => {
  test("waits half a second at least, twice as long at most each time, never over ten", () => {
    assert.deepEqual(delays(0, 7), Array(7).fill(500));
    assert.deepEqual(delays(1, 7), [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
    assert.deepEqual(delays(0.5, 3), [750, 1250, 2250]);
  });

  test("begins again after progress", () => {
    const backoff = new Backoff(new FakeClock(1));
    backoff.next();
    backoff.next();
    backoff.reset();
    assert.equal(backoff.next(), 1000);
  });

  test("waits as long as the server asked for", () => {
    assert.equal(new Backoff(new FakeClock(0)).next(3000), 3000);
  });

  test("stops waiting when there is a hurry, and only then", async () => {
    const clock = new FakeClock();
    const backoff = new Backoff(clock);
    let over = 0;
    const first = backoff.wait(1000).then(() => over++);
    clock.pass(999);
    await Promise.resolve();
    assert.equal(over, 0);
    clock.pass(1);
    await first;
    const second = backoff.wait(60_000);
    backoff.hurry();
    await second;
  });

  test("reads Retry-After in seconds, as a date, and within reason", () => {
    const read = (value) => retryAfter(new Headers(value === null ? {} : { "Retry-After": value }));
    assert.equal(read("3"), 3000);
    assert.equal(read(null), 0);
    for (const odd of ["0", "-5", "soon", "1.5", ""]) assert.equal(read(odd), 0, odd);
    assert.equal(read("1000000000"), 60_000);
    const date = read(new Date(Date.now() + 20_000).toUTCString());
    assert.ok(date > 15_000 && date <= 20_000, `${date}`);
    assert.equal(read(new Date(0).toUTCString()), 0);
  });

  test("tells a busy server from one that says no", () => {
    assert.deepEqual([429, 500, 502, 503, 408].map(isTransient), Array(5).fill(true));
    assert.deepEqual([400, 401, 403, 404, 409, 422].map(isTransient), Array(6).fill(false));
  });
});
