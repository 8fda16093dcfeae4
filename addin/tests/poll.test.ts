import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { ErrorKind } from "../src/errors.ts";
import { createPoller, pauseOnItsWay, pauseAfterFailures, pauseIdle } from "../src/poll.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const seen = { looks: 0, since: Date.now() as number | null, hidden: false };
  const poll = createPoller({
    poll: async () => void (seen.looks += 1),
    pause: () => (seen.since === null ? null : pauseOnItsWay(Date.now() - seen.since)),
    isHidden: () => seen.hidden,
  });
  return { seen, poll };
}

describe("a mail on its way", () => {
  test("is polled ten times a second at first, later less often", () => {
    expect([0, 1_999, 2_000, 9_999, 10_000, 59_999, 60_000].map(pauseOnItsWay)).toEqual([
      100, 100, 300, 300, 1_000, 1_000, 1_800,
    ]);
  });

  test("is polled until nothing is under way", async () => {
    const { seen, poll } = watched();
    poll.wake();
    await vi.advanceTimersByTimeAsync(950);
    expect(seen.looks).toBe(9);
    seen.since = null;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen.looks).toBe(9);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is not polled twice as often after two wakes", async () => {
    const { seen, poll } = watched();
    poll.wake();
    poll.wake();
    await vi.advanceTimersByTimeAsync(150);
    poll.wake();
    await vi.advanceTimersByTimeAsync(100);
    expect(seen.looks).toBe(2);
  });

  test("is not polled while the pane is hidden, and is polled again afterwards", async () => {
    const { seen, poll } = watched();
    poll.wake();
    seen.hidden = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen.looks).toBe(0);
    seen.hidden = false;
    poll.wake();
    await vi.advanceTimersByTimeAsync(6_100);
    expect(seen.looks).toBeGreaterThan(3);
  });

  test("is not polled again before the answer arrives", async () => {
    let answer = () => {};
    let looks = 0;
    const look = () => {
      looks += 1;
      return new Promise<void>((resolve) => (answer = resolve));
    };
    const poll = createPoller({ poll: look, pause: () => 300, isHidden: () => false });
    poll.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    poll.now();
    poll.now();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toBe(1);
    answer();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(looks).toBe(2);
  });
});

describe("an idle mail", () => {
  test("is polled again at once after the server held the answer back", async () => {
    let looks = 0;
    const look = async () => {
      looks += 1;
      await new Promise((resolve) => setTimeout(resolve, 10_000));
    };
    createPoller({ poll: look, pause: pauseIdle, isHidden: () => false }).now();
    await vi.advanceTimersByTimeAsync(30_500);
    expect(looks).toBe(4);
  });

  test("is polled within two seconds, at a random moment", () => {
    expect([0, 1].map((random) => pauseIdle(0, random))).toEqual([1_620, 1_800]);
    expect([800, 10_000].map((lasted) => pauseIdle(lasted, 1))).toEqual([1_000, 0]);
  });

  test("does not delay the polls once the mail is on its way", async () => {
    const seen = { looks: 0, pause: 5_000 };
    const look = async () => void (seen.looks += 1);
    const poll = createPoller({ poll: look, pause: () => seen.pause, isHidden: () => false });
    poll.wake();
    await vi.advanceTimersByTimeAsync(1_000);
    seen.pause = 300;
    poll.wake();
    await vi.advanceTimersByTimeAsync(650);
    expect(seen.looks).toBe(2);
  });
});

describe("a server that does not answer", () => {
  const waits = (kind: ErrorKind, retryAfterMs: number | null = null) =>
    [1, 2, 3, 10, 11, 100].map((n) => pauseAfterFailures({ kind, retryAfterMs }, n, 0));

  test("is asked less and less, at last every half minute", () => {
    const longest = [30_000, 30_000, 30_000];
    for (const kind of ["away", "offline", "try_later"] as const) {
      expect(waits(kind)).toEqual([1_800, 3_600, 7_200, ...longest]);
    }
    expect(pauseAfterFailures({ kind: "away", retryAfterMs: null }, 100, 1)).toBe(37_500);
  });

  test("is not asked before its Retry-After, up to a limit", () => {
    expect(waits("try_later", 25_000).slice(0, 3)).toEqual([25_000, 25_000, 25_000]);
    expect(waits("try_later", 3_600_000)[0]).toBe(120_000);
  });

  test("is asked rarely while a person has to act", () => {
    for (const kind of ["signed_out", "refused", "no_mailbox"] as const) {
      expect(new Set(waits(kind))).toEqual(new Set([20_000]));
    }
  });

  test("is asked often at first about a new mail", () => {
    expect(waits("not_found")).toEqual([1_620, 1_620, 1_620, 1_620, 20_000, 20_000]);
  });
});

test("without a selected mail nothing is polled", async () => {
  const { seen, poll } = watched();
  seen.since = null;
  poll.wake();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(seen.looks).toBe(0);
});
