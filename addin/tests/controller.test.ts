import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Target } from "../src/api_types.ts";
import { answer } from "./fixtures.ts";
import { opened } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("choosing an Organisation", () => {
  const harbour = { id: 7, name: "Harbour Logistics" };

  test("before the sync marks it, and the sync goes there", async () => {
    const { deeds, last } = await opened("nobody");
    deeds.take({ type: "press", intent: "choose" });
    deeds.take({ type: "pick", organisation: harbour });
    deeds.take({ type: "press", intent: "sync" });
    expect(last().what).toBe("sync 7");
  });

  test("afterwards moves the mail at once", async () => {
    const { deeds, last } = await opened("synced");
    deeds.take({ type: "press", intent: "change" });
    deeds.take({ type: "pick", organisation: harbour });
    expect(last().what).toBe("choose 7 for 7");
  });

  test("of several asks first which one is replaced", async () => {
    const { deeds, views, calls, last } = await opened("synced_two");
    deeds.take({ type: "press", intent: "change" });
    const panel = () => views.at(-1)?.panel;
    expect(panel()?.replaced?.options.map(({ id, isMarked }) => [id, isMarked])).toEqual([
      [7, false],
      [8, false],
    ]);
    expect(panel()?.search).toBeNull();
    const before = calls.length;
    deeds.take({ type: "pick", organisation: { id: 12, name: "Harbourside" } });
    expect(calls.length).toBe(before);
    deeds.take({ type: "replace", organisationId: 8 });
    expect(panel()?.search?.label).toBe("Replace Mill & Sons Paper Company of the North with");
    deeds.take({ type: "type", field: "search", text: "harb" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(panel()?.search?.options.map(({ name, why }) => [name, why])).toEqual([
      ["Harbour Holding", ""],
      ["Harbourside Hotel and Conference Centre Ltd", ""],
      ["Harbour Logistics", "Filed there already"],
    ]);
    deeds.take({ type: "pick", organisation: { id: 12, name: "Harbourside" } });
    expect(last().what).toBe("choose 12 for 8");
  });

  test("asks again when the one to be replaced went elsewhere meanwhile", async () => {
    const { pane, deeds, views, last } = await opened("synced_two");
    deeds.take({ type: "press", intent: "change" });
    deeds.take({ type: "replace", organisationId: 8 });
    pane.refresh();
    const [first] = answer("synced_two").targets;
    const other = { ...answer("synced_two").targets[1], organisationId: 9 } as Target;
    await last().answer(answer("synced_two", { targets: [first as Target, other] }));
    expect(views.at(-1)?.panel?.search).toBeNull();
    expect(views.at(-1)?.panel?.replaced?.options.some((one) => one.isMarked)).toBe(false);
  });

  test("by keyboard alone takes what is under it", async () => {
    const { deeds, last } = await opened("waiting");
    deeds.take({ type: "press", intent: "choose" });
    deeds.take({ type: "type", field: "search", text: "harb" });
    await vi.advanceTimersByTimeAsync(200);
    deeds.take({ type: "step", by: 1 });
    deeds.take({ type: "pick_active" });
    expect(last().what).toBe("choose 9");
  });
});
