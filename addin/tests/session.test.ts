import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Trouble } from "../src/errors.ts";
import { answer, mail } from "./fixtures.ts";
import { opened, stage } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the selection moves on", () => {
  test("and the answer for the former mail is dropped", async () => {
    const { pane, calls, seen, sentence } = stage();
    pane.open();
    seen.selection = mail("2");
    pane.follow();
    await calls[1]?.answer(answer("waiting"));
    await calls[0]?.answer(answer("synced"));
    expect(sentence()).toBe("Waiting for a contact");
    expect(calls[0]?.signal?.aborted).toBe(true);
  });

  test("unnoticed, and a click changes neither mail", async () => {
    const { deeds, calls, seen, views } = await opened("known");
    seen.selection = mail("2");
    deeds.take({ type: "press", intent: "sync" });
    expect(calls.map((call) => [call.what, call.mail.itemId])).toEqual([
      ["state", "1"],
      ["state", "2"],
    ]);
    expect(views.at(-1)?.status.primary).toBeNull();
  });

  test("to nothing at all, and nothing is asked", async () => {
    const { pane, calls, seen, sentence } = await opened("known");
    seen.selection = { kind: "none" };
    pane.follow();
    expect(sentence()).toBe("Select one mail");
    expect(calls).toHaveLength(1);
  });

  test("is told twice, and asked once", async () => {
    const { pane, calls, seen } = await opened("known");
    seen.selection = mail("2");
    pane.follow();
    pane.follow();
    expect(calls).toHaveLength(2);
  });
});

describe("a click", () => {
  test("goes once, however often it is made", async () => {
    const { deeds, calls } = await opened("known");
    deeds.take({ type: "press", intent: "sync" });
    deeds.take({ type: "press", intent: "sync" });
    expect(calls.map((call) => call.what)).toEqual(["state", "sync "]);
  });

  test("is followed until the mail is at rest", async () => {
    const { deeds, calls, last, sentence } = await opened("known");
    deeds.take({ type: "press", intent: "sync" });
    await last().answer(answer("on_its_way"));
    await vi.advanceTimersByTimeAsync(300);
    await last().answer(answer("synced"));
    expect(sentence()).toBe("In webCRM");
    expect(calls).toHaveLength(3);
  });

  test("is told to the other windows", async () => {
    const { deeds, last, seen } = await opened("known");
    expect(seen.told).toBe(0);
    deeds.take({ type: "press", intent: "sync" });
    await last().answer(answer("on_its_way"));
    expect(seen.told).toBe(1);
  });

  test("that is refused leaves the looks as they were", async () => {
    const { deeds, last, calls } = await opened("known");
    deeds.take({ type: "press", intent: "sync" });
    await last().fail(new Trouble("conflict"));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls).toHaveLength(3);
  });

  test("is not overtaken by an older look", async () => {
    const { deeds, last, calls, sentence } = await opened("on_its_way");
    await vi.advanceTimersByTimeAsync(300);
    const look = last();
    deeds.take({ type: "press", intent: "retry" });
    await last().answer(answer("synced"));
    await look.answer(answer("waiting"));
    expect(calls).toHaveLength(3);
    expect(sentence()).toBe("In webCRM");
  });

  test("shows a spinner only when the answer takes long", async () => {
    const { pane, views } = stage();
    pane.open();
    await vi.advanceTimersByTimeAsync(299);
    expect(views.some((view) => view.status.isBusy)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(views.at(-1)?.status.isBusy).toBe(true);
  });

  test("that fails says so above what is known", async () => {
    const { deeds, last, views } = await opened("known");
    deeds.take({ type: "press", intent: "sync" });
    await last().fail(new Trouble("try_later"));
    expect(views.at(-1)?.notice?.sentence).toBe("Busy right now");
    expect(views.at(-1)?.status.primary?.isReady).toBe(true);
  });

  test("to sign in asks the person, then looks", async () => {
    const { pane, deeds, last, seen, sentence } = stage();
    pane.open();
    await last().fail(new Trouble("signed_out"));
    deeds.take({ type: "press", intent: "sign_in" });
    await vi.advanceTimersByTimeAsync(0);
    await last().answer(answer("synced"));
    expect(seen.signIns).toBe(1);
    expect(sentence()).toBe("In webCRM");
  });

  test("to sign in can be made again, for a window that was closed is not reported", async () => {
    const { pane, deeds, last, seen, views } = stage();
    pane.open();
    await last().fail(new Trouble("signed_out"));
    seen.signedIn = new Promise(() => undefined);
    for (const times of [1, 2]) {
      deeds.take({ type: "press", intent: "sign_in" });
      await vi.advanceTimersByTimeAsync(1000);
      expect(seen.signIns).toBe(times);
      expect(views.at(-1)?.status.primary).toMatchObject({ word: "Sign in", isReady: true });
    }
  });

  test("to sign in that the person called off leaves the pane as it was", async () => {
    const { pane, deeds, last, seen, views } = stage();
    pane.open();
    await last().fail(new Trouble("signed_out"));
    seen.signedIn = Promise.reject(new Trouble("signed_out"));
    deeds.take({ type: "press", intent: "sign_in" });
    await vi.advanceTimersByTimeAsync(0);
    expect(views.at(-1)).toMatchObject({ notice: null, status: { sentence: "Not signed in" } });
    expect(views.at(-1)?.status.primary?.isReady).toBe(true);
  });
});

describe("a new contact", () => {
  test.each(["waiting", "nobody"])("is offered no more once it is made: %s", async (state) => {
    const { deeds, views } = await opened(state);
    const offers = () => {
      const { primary, secondary } = views.at(-1)?.status ?? {};
      return [primary, ...(secondary ?? [])].map((button) => button?.does);
    };
    expect(offers()).toContain("create_contact");
    deeds.take({ type: "press", intent: "create_contact" });
    deeds.take({ type: "pick", organisation: { id: 7, name: "Harbour Logistics" } });
    deeds.take({ type: "type", field: "name", text: "Purchasing" });
    deeds.take({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(views.at(-1)?.panel).toBeNull();
    expect(offers()).not.toContain("create_contact");
  });

  test("lets the waiting mail file itself before the pane's eyes", async () => {
    const { deeds, last, sentence } = await opened("waiting");
    deeds.take({ type: "press", intent: "create_contact" });
    deeds.take({ type: "pick", organisation: { id: 7, name: "Harbour Logistics" } });
    deeds.take({ type: "submit" });
    await vi.advanceTimersByTimeAsync(300);
    await last().answer(answer("waiting"));
    await vi.advanceTimersByTimeAsync(300);
    await last().answer(answer("synced"));
    expect(sentence()).toBe("In webCRM");
  });

  test("without an Organisation is not sent off", async () => {
    const { deeds, views } = await opened("waiting");
    deeds.take({ type: "press", intent: "create_contact" });
    deeds.take({ type: "submit" });
    expect(views.at(-1)?.panel).toMatchObject({ isOrganisationMissing: true, kind: "contact" });
  });
});
