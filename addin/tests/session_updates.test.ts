import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Trouble } from "../src/errors.ts";
import { answer, mail } from "./fixtures.ts";
import { opened, stage } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const STATES = "known nobody several on_its_way synced waiting parked skipped mirrored draft".split(
  " ",
);

describe("the line that the ribbon's button put on the mail", () => {
  test.each([
    ["waiting", "synced"],
    ["parked", "on_its_way"],
    ["synced", "undone"],
    ["skipped", "known"],
  ])("goes away when it is true no longer: %s, then %s", async (before, after) => {
    const { last, seen } = await opened(before);
    await vi.advanceTimersByTimeAsync(2_000);
    await last().answer(answer(before));
    expect(seen.cleared).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    await last().answer(answer(after));
    expect(seen.cleared).toBe(1);
  });

  test.each([
    ["known", "on_its_way"],
    ["on_its_way", "synced"],
    ["nobody", "waiting"],
  ])("stays while the button goes on: %s, then %s", async (before, after) => {
    const { last, seen } = await opened(before);
    await vi.advanceTimersByTimeAsync(2_000);
    await last().answer(answer(after));
    expect(seen.cleared).toBe(0);
  });

  test("goes away too when the mail has another id since it moved", async () => {
    const { pane, last, seen } = await opened("synced");
    const moved = mail("1");
    if (moved.kind === "mail") {
      moved.mail.ref.itemId = "1 in another folder";
    }
    seen.selection = moved;
    pane.follow();
    await last().answer(answer("undone"));
    expect(seen.cleared).toBe(1);
  });

  test("of another mail stays", async () => {
    const { pane, last, seen } = await opened("synced");
    seen.selection = mail("2");
    pane.follow();
    await last().answer(answer("undone"));
    expect(seen.cleared).toBe(0);
  });
});

describe("what happens elsewhere", () => {
  test.each(STATES)("shows within two seconds while a mail is open: %s", async (name) => {
    const { last, calls, views } = await opened(name);
    for (let looks = 2; looks < 20; looks += 1) {
      await vi.advanceTimersByTimeAsync(2_000);
      expect(calls.length).toBe(looks);
      await last().answer(answer(name));
    }
    await vi.advanceTimersByTimeAsync(2_000);
    await last().answer(answer("synced", { by: "Somebody else" }));
    expect(views.at(-1)?.status.sentence).toBe("In webCRM");
  });

  test("is not asked about while nobody sees the pane, and at once afterwards", async () => {
    const { pane, calls, seen } = await opened("waiting");
    seen.hidden = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(1);
    seen.hidden = false;
    pane.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toHaveLength(2);
  });

  test("is asked about at once when there is word of it, and once at a time", async () => {
    const { pane, calls, last } = await opened("known");
    await vi.advanceTimersByTimeAsync(2_000);
    const waiting = last();
    pane.refresh();
    pane.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.filter((call) => call.signal?.aborted)).toEqual([waiting]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toHaveLength(3);
  });

  test("is waited for on the server only while all is well and at rest", async () => {
    const { last, pane } = await opened("known");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(last().waits).toBe(true);
    await last().fail(new Trouble("away"));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(last().waits).toBe(false);
    await last().answer(answer("on_its_way"));
    await vi.advanceTimersByTimeAsync(300);
    expect(last().waits).toBe(false);
    await last().answer(answer("synced"));
    pane.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(last().waits).toBe(true);
  });

  test("is not waited for by a pane that nobody sees any more", async () => {
    const { pane, seen, last } = await opened("known");
    await vi.advanceTimersByTimeAsync(2_000);
    seen.hidden = true;
    pane.refresh();
    expect(last().signal?.aborted).toBe(true);
  });

  test("is noticed when Outlook did not say that another mail is selected", async () => {
    const { calls, seen } = await opened("known");
    seen.selection = mail("2");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls.map((call) => call.mail.itemId)).toEqual(["1", "2"]);
  });

  test("leaves what is typed in peace, whatever state the mail is in by then", async () => {
    const { deeds, last, views } = await opened("waiting");
    deeds.take({ type: "press", intent: "create_contact" });
    deeds.take({ type: "type", field: "name", text: "Nina" });
    for (const name of ["waiting", "on_its_way", "synced"]) {
      await vi.advanceTimersByTimeAsync(2_000);
      await last().answer(answer(name));
      expect(views.at(-1)?.panel?.fields[0]?.text).toBe("Nina");
    }
  });

  test("is the server's return: mail and foot go on without a click", async () => {
    const { pane, last, views, sentence } = stage();
    pane.open();
    await last().fail(new Trouble("away"));
    expect([sentence(), views.at(-1)?.foot?.words]).toEqual(["No answer", "Not connected"]);
    await vi.advanceTimersByTimeAsync(5_000);
    await last().answer(answer("known"));
    expect([sentence(), views.at(-1)?.foot?.words]).toEqual(["Not in webCRM yet", "Connected"]);
  });

  test("is that a look is never answered: the server is away, and asked again", async () => {
    const { calls, views } = await opened("known");
    await vi.advanceTimersByTimeAsync(17_000);
    expect(calls).toHaveLength(2);
    expect(calls[1]?.signal?.aborted).toBe(true);
    expect(views.at(-1)?.foot?.words).toBe("Not connected");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toHaveLength(3);
  });

  test("is waited for gently once a person must sign in", async () => {
    const { pane, calls, last } = stage();
    pane.open();
    await last().fail(new Trouble("signed_out"));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls).toHaveLength(2);
  });

  test("waits as long as a busy server asks", async () => {
    const { last, calls } = await opened("known");
    await vi.advanceTimersByTimeAsync(2_000);
    await last().fail(new Trouble("try_later", null, null, 40_000));
    await vi.advanceTimersByTimeAsync(39_000);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(calls).toHaveLength(3);
  });
});

test("a pane that comes back looks again, without a spinner", async () => {
  const { pane, seen, last, calls, sentence } = await opened("waiting");
  seen.hidden = true;
  pane.refresh();
  expect(calls).toHaveLength(1);
  seen.hidden = false;
  pane.refresh();
  await vi.advanceTimersByTimeAsync(0);
  await last().answer(answer("synced"));
  expect(sentence()).toBe("In webCRM");
});
