import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { AddinError } from "../src/errors.ts";
import { mail, mailState, place } from "./fixtures.ts";
import { openSession } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Harness = Awaited<ReturnType<typeof openSession>>;

const HARBOUR = { id: 7, name: "Harbour Logistics", reason: null };
const MILL_NAME = "Mill & Sons Paper Company of the North";
const HOTEL = { id: 12, name: "Harbourside", reason: null };

function names({ views }: Harness): (string | undefined)[] {
  return views.at(-1)?.places?.places.map((one) => one.organisation) ?? [];
}

function removed({ views }: Harness): string[] {
  return views.at(-1)?.places?.removed.map((one) => one.organisation) ?? [];
}

describe("before the sync", () => {
  test("an Organisation is added to the forecast, and sent with the sync", async () => {
    const pane = await openSession("known");
    pane.controller.handle({ type: "open_places", from: null });
    pane.controller.handle({ type: "choose_option", option: HOTEL });
    expect(names(pane)).toEqual(["Harbour Logistics", "Harbourside"]);
    pane.controller.handle({ type: "click", button: "sync" });
    expect(pane.lastCall().name).toBe("sync 7 12");
  });

  test("a place is taken away, shown as such, and added again", async () => {
    const pane = await openSession("known_two");
    pane.controller.handle({ type: "edit_place", edit: { kind: "remove", organisationId: 7 } });
    expect([names(pane), removed(pane)]).toEqual([[MILL_NAME], ["Harbour Logistics"]]);
    const [lost] = pane.views.at(-1)?.places?.removed ?? [];
    pane.controller.handle({
      type: "edit_place",
      edit: { kind: "add", place: lost?.addAgain?.place ?? place(0, "") },
    });
    expect(removed(pane)).toEqual([]);
    pane.controller.handle({ type: "click", button: "sync" });
    expect(pane.lastCall().name).toBe("sync");
  });

  test("the only place is moved, and cannot be taken away", async () => {
    const pane = await openSession("known");
    expect(pane.views.at(-1)?.places?.places[0]?.removeLabel).toBeNull();
    pane.controller.handle({ type: "open_places", from: 7 });
    pane.controller.handle({ type: "choose_option", option: HOTEL });
    expect(names(pane)).toEqual(["Harbourside"]);
    pane.controller.handle({ type: "click", button: "sync" });
    expect(pane.lastCall().name).toBe("sync 12");
  });

  test("an Opportunity is offered, never taken, and sent once it is chosen", async () => {
    const pane = await openSession("known_deals");
    const deal = () => pane.views.at(-1)?.places?.places[0]?.opportunity;
    expect(deal()).toMatchObject({
      selected: null,
      offered: { label: "Choose “Crane for quay 2”" },
    });
    pane.controller.handle({
      type: "edit_place",
      edit: { kind: "opportunity", organisationId: 7, opportunityId: 31 },
    });
    expect(deal()).toMatchObject({ selected: 31, offered: null });
    pane.controller.handle({ type: "click", button: "sync" });
    expect(pane.lastCall().name).toBe("sync 7@31 8");
  });

  test("what was decided about a mail is there when it is selected again", async () => {
    const pane = await openSession("known");
    pane.controller.handle({ type: "open_places", from: 7 });
    pane.controller.handle({ type: "choose_option", option: HOTEL });
    pane.outlook.selection = mail("2");
    pane.session.followSelection();
    await pane.lastCall().answer(mailState("known"));
    expect(names(pane)).toEqual(["Harbour Logistics"]);
    pane.outlook.selection = mail("1");
    pane.session.followSelection();
    await pane.lastCall().answer(mailState("known"));
    expect(names(pane)).toEqual(["Harbourside"]);
    pane.controller.handle({ type: "click", button: "sync" });
    await pane.lastCall().answer(mailState("synced"));
    expect(names(pane)).toEqual(["Harbour Logistics"]);
  });

  test("a candidate is marked, and sent with the sync", async () => {
    const { controller, lastCall } = await openSession("several");
    controller.handle({
      type: "edit_place",
      edit: { kind: "only", place: place(9, "Harbour Holding") },
    });
    controller.handle({ type: "click", button: "sync" });
    expect(lastCall().name).toBe("sync 9");
  });
});

describe("after the sync", () => {
  test.each([
    ["add", { kind: "add", place: place(12, "Harbourside") }, "add 12"],
    ["take away", { kind: "remove", organisationId: 8 }, "remove 8"],
    ["set", { kind: "opportunity", organisationId: 7, opportunityId: 31 }, "opportunity 31 at 7"],
    [
      "clear",
      { kind: "opportunity", organisationId: 7, opportunityId: null },
      "opportunity null at 7",
    ],
  ] as const)("an edit is sent at once: %s", async (_, edit, call) => {
    const { controller, lastCall } = await openSession("synced_two");
    controller.handle({ type: "edit_place", edit });
    expect(lastCall().name).toBe(call);
  });

  test("an edit shows at once, and goes back if it fails", async () => {
    const pane = await openSession("synced_two");
    pane.controller.handle({ type: "edit_place", edit: { kind: "remove", organisationId: 8 } });
    expect(names(pane)).toEqual(["Harbour Logistics"]);
    pane.controller.handle({ type: "edit_place", edit: { kind: "remove", organisationId: 7 } });
    expect(pane.lastCall().name).toBe("remove 8");
    await pane.lastCall().fail(new AddinError("conflict"));
    expect(names(pane)).toEqual(["Harbour Logistics", MILL_NAME]);
    expect(pane.views.at(-1)?.notice?.sentence).toBe("Not possible now");
  });

  test("what is clicked while a request is pending follows it", async () => {
    const pane = await openSession("synced_two");
    pane.controller.handle({ type: "edit_place", edit: { kind: "remove", organisationId: 8 } });
    const mill = { kind: "add", place: place(8, MILL_NAME) } as const;
    pane.controller.handle({ type: "edit_place", edit: mill });
    expect(pane.lastCall().name).toBe("remove 8");
    await pane.lastCall().answer(mailState("synced"));
    expect(pane.lastCall().name).toBe("add 8");
    expect(names(pane)).toEqual(["Harbour Logistics", MILL_NAME]);
  });

  test("what is clicked before another mail is selected is not done to that one", async () => {
    const pane = await openSession("synced_two");
    pane.controller.handle({ type: "edit_place", edit: { kind: "remove", organisationId: 8 } });
    const first = pane.lastCall();
    pane.controller.handle({ type: "edit_place", edit: { kind: "remove", organisationId: 7 } });
    pane.outlook.selection = mail("2");
    pane.session.refresh();
    await pane.lastCall().answer(mailState("synced_two"));
    await first.answer(mailState("synced"));
    expect(pane.calls.filter(({ name }) => name === "remove 7")).toEqual([]);
  });

  test("a place is moved to the Organisation that is chosen", async () => {
    const { controller, views, lastCall } = await openSession("synced_two");
    controller.handle({ type: "open_places", from: 8 });
    const search = () => views.at(-1)?.places?.panel?.search;
    expect(search()?.label).toBe(`Move from ${MILL_NAME} to`);
    controller.handle({ type: "type", field: "search", text: "harb" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(search()?.options.map(({ label, why }) => [label, why])).toEqual([
      ["Harbour Holding", ""],
      ["Harbourside Hotel and Conference Centre Ltd", ""],
      ["Create Organisation “harb”", ""],
      ["Harbour Logistics", "Already here"],
    ]);
    controller.handle({ type: "choose_option", option: HOTEL });
    expect(lastCall().name).toBe("move 8 to 12");
  });

  test("suggestions are offered first, each with its reason", async () => {
    const { controller, views } = await openSession("synced");
    controller.handle({ type: "open_places", from: null });
    await vi.advanceTimersByTimeAsync(0);
    const options = views.at(-1)?.places?.panel?.search?.options;
    expect(options?.map(({ label, why }) => [label, why])).toEqual([
      ["Harbour Holding", "Its domain is harbour.example"],
      [MILL_NAME, "Used lately"],
      ["Havnebyg A/S", "Used lately"],
    ]);
  });

  test("what was taken away can be added again", async () => {
    const { controller, views, lastCall } = await openSession("synced_deal");
    const [gone] = views.at(-1)?.places?.removed ?? [];
    expect(gone).toMatchObject({
      organisation: MILL_NAME,
      line: "webCRM keeps an empty entry, marked as withdrawn",
      link: "https://webcrm.example/organisation/7",
    });
    controller.handle({
      type: "edit_place",
      edit: { kind: "add", place: gone?.addAgain?.place ?? place(0, "") },
    });
    expect(lastCall().name).toBe("add 8");
  });

  test("by keyboard the active option is chosen", async () => {
    const { controller, lastCall } = await openSession("synced");
    controller.handle({ type: "open_places", from: null });
    controller.handle({ type: "type", field: "search", text: "harb" });
    await vi.advanceTimersByTimeAsync(200);
    controller.handle({ type: "move_option", by: 1 });
    controller.handle({ type: "choose_active" });
    expect(lastCall().name).toBe("add 12");
  });
});

describe("a mail that waits or was skipped", () => {
  test.each([
    ["waiting", "add 7"],
    ["colleagues", "choose 7"],
  ])("is filed at once under the Organisation that is chosen: %s", async (state, call) => {
    const { controller, lastCall } = await openSession(state);
    controller.handle({ type: "click", button: "choose" });
    controller.handle({ type: "choose_option", option: HARBOUR });
    expect(lastCall().name).toBe(call);
  });

  test("is filed under the candidate that is marked", async () => {
    const { controller, lastCall } = await openSession("ambiguous");
    controller.handle({
      type: "edit_place",
      edit: { kind: "only", place: place(9, "Harbour Holding") },
    });
    controller.handle({ type: "click", button: "file" });
    expect(lastCall().name).toBe("add 9");
  });
});

describe("a private mail", () => {
  test("is synced only after the person agrees", async () => {
    const { controller, views, calls, lastCall } = await openSession("private");
    const before = calls.length;
    controller.handle({ type: "click", button: "sync" });
    expect(calls.length).toBe(before);
    expect(views.at(-1)?.panel).toMatchObject({
      kind: "private",
      title: "Outlook marks this mail as private",
      intro: "Seen by everybody with access to Harbour Logistics in webCRM",
      submitLabel: "Sync it anyway",
    });
    expect(views.at(-1)?.announcement).toMatch(/^Outlook marks this mail as private\. Seen by/);
    controller.handle({ type: "submit" });
    expect(lastCall().name).toBe("sync private");
  });

  test("is asked about even if the pane did not know", async () => {
    const { controller, views, lastCall } = await openSession("known");
    controller.handle({ type: "click", button: "sync" });
    await lastCall().fail(new AddinError("private"));
    expect(views.at(-1)).toMatchObject({ notice: null, panel: { kind: "private" } });
    controller.handle({ type: "cancel" });
    expect(views.at(-1)?.panel).toBeNull();
  });

  test("that a rule moved is synced or taken out by a person", async () => {
    const { controller, views, lastCall } = await openSession("parked_private");
    expect(views.at(-1)?.status.primary?.label).toBe("Sync it anyway");
    controller.handle({ type: "click", button: "sync" });
    controller.handle({ type: "submit" });
    expect(lastCall().name).toBe("sync private");
  });
});

describe("what goes along", () => {
  test("is sent with the sync: the text, and the files with a tick", async () => {
    const { controller, views, lastCall } = await openSession("known");
    const along = () => views.at(-1)?.along;
    expect(along()?.facts).toBe("Whole text, 2 of 2 attachments");
    const [offer] = along()?.files ?? [];
    controller.handle({
      type: "choose_along",
      along: offer?.along ?? { text: "none", files: null },
    });
    const text = along()?.texts.find(({ label }) => label === "New text only");
    controller.handle({
      type: "choose_along",
      along: text?.along ?? { text: "none", files: null },
    });
    expect(along()?.facts).toBe("New text only, 1 of 2 attachments");
    controller.handle({ type: "click", button: "sync" });
    expect(lastCall().name).toBe("sync new prices.xlsx");
  });

  test("of a filed mail can only grow, by a button of its own", async () => {
    const { controller, views, lastCall } = await openSession("synced_deal");
    const along = () => views.at(-1)?.along;
    expect(along()?.texts.map(({ label, isReady }) => [label, isReady])).toEqual([
      ["Whole text", true],
      ["New text only", true],
      ["No text", false],
    ]);
    expect(along()?.submitLabel).toBeNull();
    controller.handle({ type: "choose_along", along: { text: "whole", files: ["prices.xlsx"] } });
    expect(along()?.submitLabel).toBe("Add to webCRM");
    controller.handle({ type: "click", button: "sync" });
    expect(lastCall().name).toBe("sync whole prices.xlsx");
  });

  test.each(["waiting", "ambiguous"])("of a mail that is %s is sent at once", async (state) => {
    const { controller, lastCall, calls } = await openSession(state);
    controller.handle({ type: "choose_along", along: { text: "none", files: null } });
    expect(lastCall().name).toBe("sync none all");
    await lastCall().answer(mailState(state));
    expect(calls.filter(({ name }) => name.startsWith("sync"))).toHaveLength(1);
  });

  test("of a private mail that a rule moved is sent with the decision", async () => {
    const { controller, lastCall } = await openSession("parked_private");
    controller.handle({ type: "choose_along", along: { text: "none", files: null } });
    expect(lastCall().name).toBe("state");
    controller.handle({ type: "click", button: "sync" });
    controller.handle({ type: "submit" });
    expect(lastCall().name).toBe("sync none all private");
  });
});

test("a colleague's mail is marked here too", async () => {
  const { controller, lastCall } = await openSession("colleague");
  controller.handle({ type: "click", button: "mark_too" });
  expect(lastCall().name).toBe("sync");
});
