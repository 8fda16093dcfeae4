import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Target } from "../src/api_models.ts";
import { mailState } from "./fixtures.ts";
import { openSession } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("choosing an Organisation", () => {
  const harbour = { id: 7, name: "Harbour Logistics" };

  test("before the sync remembers it for the sync", async () => {
    const { controller, lastCall } = await openSession("nobody");
    controller.handle({ type: "click", button: "choose" });
    controller.handle({ type: "choose", organisation: harbour });
    controller.handle({ type: "click", button: "sync" });
    expect(lastCall().name).toBe("sync 7");
  });

  test("after the sync moves the mail at once", async () => {
    const { controller, lastCall } = await openSession("synced");
    controller.handle({ type: "click", button: "change" });
    controller.handle({ type: "choose", organisation: harbour });
    expect(lastCall().name).toBe("choose 7 for 7");
  });

  test("asks first which of several targets to replace", async () => {
    const { controller, views, calls, lastCall } = await openSession("synced_two");
    controller.handle({ type: "click", button: "change" });
    const panel = () => views.at(-1)?.panel;
    expect(panel()?.replaced?.options.map(({ id, isMarked }) => [id, isMarked])).toEqual([
      [7, false],
      [8, false],
    ]);
    expect(panel()?.search).toBeNull();
    const before = calls.length;
    controller.handle({ type: "choose", organisation: { id: 12, name: "Harbourside" } });
    expect(calls.length).toBe(before);
    controller.handle({ type: "mark_replaced", organisationId: 8 });
    expect(panel()?.search?.label).toBe("Replace Mill & Sons Paper Company of the North with");
    controller.handle({ type: "type", field: "search", text: "harb" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(panel()?.search?.options.map(({ name, why }) => [name, why])).toEqual([
      ["Harbour Holding", ""],
      ["Harbourside Hotel and Conference Centre Ltd", ""],
      ["Harbour Logistics", "Already filed there"],
    ]);
    controller.handle({ type: "choose", organisation: { id: 12, name: "Harbourside" } });
    expect(lastCall().name).toBe("choose 12 for 8");
  });

  test("asks again if the marked target has changed meanwhile", async () => {
    const { session, controller, views, lastCall } = await openSession("synced_two");
    controller.handle({ type: "click", button: "change" });
    controller.handle({ type: "mark_replaced", organisationId: 8 });
    session.refresh();
    const [first] = mailState("synced_two").targets;
    const other = { ...mailState("synced_two").targets[1], organisationId: 9 } as Target;
    await lastCall().answer(mailState("synced_two", { targets: [first as Target, other] }));
    expect(views.at(-1)?.panel?.search).toBeNull();
    expect(views.at(-1)?.panel?.replaced?.options.some((one) => one.isMarked)).toBe(false);
  });

  test("by keyboard chooses the active option", async () => {
    const { controller, lastCall } = await openSession("waiting");
    controller.handle({ type: "click", button: "choose" });
    controller.handle({ type: "type", field: "search", text: "harb" });
    await vi.advanceTimersByTimeAsync(200);
    controller.handle({ type: "move_option", by: 1 });
    controller.handle({ type: "choose_active" });
    expect(lastCall().name).toBe("choose 9");
  });
});
