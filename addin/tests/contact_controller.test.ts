import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { AddinError } from "../src/errors.ts";
import { CREATED, openSession } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HARBOUR = { id: 7, name: "Harbour Logistics", reason: null };

describe("a new customer", () => {
  const SIGNATURE =
    "Hello\n\nKind regards\nPurchasing\nHead of Buying\nHarbour Logistics A/S\n" +
    "Tel. +45 66 12 34 56\nwww.harbour.example";

  async function openForm() {
    const pane = await openSession("nobody");
    pane.outlook.bodyText = SIGNATURE;
    pane.controller.handle({ type: "click", button: "create_contact" });
    await vi.advanceTimersByTimeAsync(0);
    return pane;
  }

  test("is filled in from the mail's signature, and created in one step", async () => {
    const { controller, outlook, views } = await openForm();
    const panel = () => views.at(-1)?.panel;
    expect(panel()?.fields.map(({ text }) => text)).toEqual([
      "Purchasing",
      "purchasing@harbour.example",
      "Head of Buying",
      "+45 66 12 34 56",
    ]);
    expect(panel()?.search).toMatchObject({ text: "Harbour Logistics A/S", isOpen: false });
    controller.handle({ type: "type", field: "title", text: "" });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(outlook.customers).toEqual([
      {
        organisation: {
          name: "Harbour Logistics A/S",
          www: "www.harbour.example",
          domain: "harbour.example",
        },
        contact: {
          name: "Purchasing",
          address: "purchasing@harbour.example",
          phone: "+45 66 12 34 56",
        },
        evenIfSimilar: false,
        choice: "",
      },
    ]);
    expect(views.at(-1)).toMatchObject({
      panel: null,
      status: { sentence: "On its way to webCRM" },
    });
    expect(outlook.announcements).toBe(1);
  });

  test("that webCRM has already is chosen instead, or created nevertheless", async () => {
    const { controller, outlook, views, lastCall } = await openForm();
    const similar = {
      similar: [{ id: 7, name: "Harbour Logistics" }],
      mail: null,
      organisationId: null,
      personId: null,
      isFirstKept: false,
    };
    outlook.customerAnswers = [similar, similar];
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(views.at(-1)?.panel).toMatchObject({
      submitLabel: null,
      similar: { options: [HARBOUR], anywayLabel: "Create Organisation “Harbour Logistics A/S”" },
    });
    controller.handle({ type: "create_anyway" });
    await vi.advanceTimersByTimeAsync(0);
    expect(outlook.customers.map(({ evenIfSimilar }) => evenIfSimilar)).toEqual([false, true]);
    controller.handle({ type: "choose_option", option: HARBOUR });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(outlook.contacts).toEqual([
      {
        name: "Purchasing",
        address: "purchasing@harbour.example",
        title: "Head of Buying",
        phone: "+45 66 12 34 56",
        organisationId: 7,
      },
    ]);
    expect(lastCall().name).toBe("sync");
  });

  test("that an earlier form has created says so", async () => {
    const { controller, outlook, views } = await openForm();
    outlook.customerAnswers = [{ ...CREATED, isFirstKept: true }];
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(views.at(-1)).toMatchObject({
      panel: null,
      notice: { tone: "plain", sentence: "Already created" },
      status: { sentence: "On its way to webCRM" },
    });
  });

  test("that the server refuses keeps the input, and says why at the field", async () => {
    const { controller, outlook, views } = await openForm();
    outlook.customerError = new AddinError(
      "conflict",
      "This is the address of a colleague.",
      null,
      null,
      "contact.address",
    );
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    const address = () => views.at(-1)?.panel?.fields[1];
    expect(address()?.error).toBe("Check what you entered (This is the address of a colleague.)");
    expect(views.at(-1)?.notice).toBeNull();
    expect(views.at(-1)?.panel?.search?.text).toBe("Harbour Logistics A/S");
    controller.handle({ type: "type", field: "address", text: "ann@harbour.example" });
    expect(address()?.error).toBe("");
  });

  test("keeps what the person types while the signature is read", async () => {
    const pane = await openSession("nobody");
    pane.outlook.bodyText = SIGNATURE;
    pane.controller.handle({ type: "click", button: "create_contact" });
    pane.controller.handle({ type: "type", field: "name", text: "Ann Berg" });
    pane.controller.handle({ type: "type", field: "search", text: "Harb" });
    await vi.advanceTimersByTimeAsync(0);
    const panel = pane.views.at(-1)?.panel;
    expect(panel?.fields[0]?.text).toBe("Ann Berg");
    expect(panel?.search?.text).toBe("Harb");
  });

  test("says at each field what is missing", async () => {
    const pane = await openSession("waiting");
    pane.controller.handle({ type: "click", button: "create_contact" });
    pane.controller.handle({ type: "type", field: "name", text: " " });
    pane.controller.handle({ type: "type", field: "address", text: "x" });
    pane.controller.handle({ type: "type", field: "search", text: "" });
    pane.controller.handle({ type: "submit" });
    const panel = pane.views.at(-1)?.panel;
    expect(panel?.fields.map(({ error }) => error)).toEqual([
      "Enter a name",
      "Enter an e-mail address",
      "",
      "",
    ]);
    expect(panel?.search?.error).toMatch(/^Choose an Organisation/);
    expect(pane.outlook.customers).toEqual([]);
  });

  test("of which the people are known is an Organisation alone", async () => {
    const { controller, outlook, views } = await openSession("known");
    controller.handle({ type: "open_places", from: null });
    controller.handle({
      type: "choose_option",
      option: { id: null, name: "Skovby ApS", reason: null },
    });
    expect(views.at(-1)?.panel).toMatchObject({ title: "New customer", fields: [] });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(outlook.customers).toMatchObject([
      { organisation: { name: "Skovby ApS" }, contact: null },
    ]);
  });
});

describe("what was decided before the form opened is kept", () => {
  const NEW = { id: null, name: "Skovby ApS", reason: null };
  type Pane = Awaited<ReturnType<typeof openSession>>;

  async function createsNew({ controller }: Pane, from: number | null) {
    controller.handle({ type: "open_places", from });
    controller.handle({ type: "choose_option", option: NEW });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
  }

  test("with a new customer: places, Opportunity, what goes along", async () => {
    const pane = await openSession("known_deals");
    const handle = pane.controller.handle.bind(pane.controller);
    handle({ type: "edit_place", edit: { kind: "remove", organisationId: 8 } });
    handle({
      type: "edit_place",
      edit: { kind: "opportunity", organisationId: 7, opportunityId: 31 },
    });
    handle({ type: "choose_along", along: { text: "none", files: [] } });
    await createsNew(pane, null);
    expect(pane.outlook.customers.map(({ choice }) => choice)).toEqual(["7@31 none "]);
  });

  test("with a new customer in place of another one", async () => {
    const pane = await openSession("known_two");
    await createsNew(pane, 8);
    expect(pane.outlook.customers).toMatchObject([{ replaces: 8, choice: "" }]);
  });

  test("with a new contact of an Organisation that exists", async () => {
    const pane = await openSession("nobody");
    const { controller, lastCall } = pane;
    controller.handle({
      type: "edit_place",
      edit: { kind: "add", place: { organisationId: 9, organisation: "A", opportunityId: 31 } },
    });
    controller.handle({ type: "click", button: "create_contact" });
    controller.handle({ type: "type", field: "name", text: "Ann Berg" });
    controller.handle({ type: "choose_option", option: HARBOUR });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(lastCall().name).toBe("sync 9@31 7");
  });

  test("a candidate that was marked before is no second place", async () => {
    const pane = await openSession("several");
    const [marked] = pane.views.at(-1)?.choices?.options ?? [];
    const place = marked?.place ?? { organisationId: 0, organisation: "", opportunityId: null };
    pane.controller.handle({ type: "edit_place", edit: { kind: "only", place } });
    await createsNew(pane, null);
    expect(pane.outlook.customers.map(({ choice }) => choice)).toEqual([""]);
  });
});

test.each([
  [null, "add 12"],
  [8, "move 8 to 12"],
])("an Organisation that exists is chosen in the form of a new one", async (from, call) => {
  const { controller, lastCall, outlook } = await openSession("synced_two");
  controller.handle({ type: "open_places", from });
  controller.handle({
    type: "choose_option",
    option: { id: null, name: "Harbourside ApS", reason: null },
  });
  controller.handle({
    type: "choose_option",
    option: { id: 12, name: "Harbourside", reason: null },
  });
  expect(lastCall().name).toBe(call);
  expect(outlook.contacts).toEqual([]);
});
