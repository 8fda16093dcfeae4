import { describe, expect, test } from "vitest";

import { AddinError } from "../src/errors.ts";
import { contactForm, placeForm } from "../src/forms.ts";
import { foundOptions } from "../src/search.ts";
import { type Cause, type Event, initialModel, type Model, reduce } from "../src/state.ts";
import { mail, mailState, place } from "./fixtures.ts";

const harbour = { id: 7, name: "Harbour Logistics" };
const mill = { id: 8, name: "Mill Paper" };
const MILL_CHOSEN: Event = { type: "organisation_chosen", organisation: mill, name: mill.name };

function after(...events: Event[]): Model {
  return events.reduce(reduce, initialModel(mail("1")));
}

function answered(name: string, by: Cause = "person", at = 0): Event {
  return { type: "loaded", mailState: mailState(name), by, at };
}

function failed(by: Cause): Event {
  return { type: "failed", error: new AddinError("away"), by };
}

describe("another mail", () => {
  test("starts with an empty model, so that nobody files the wrong mail", () => {
    const model = after(
      answered("nobody"),
      { type: "panel_opened", panel: contactForm(mailState("waiting"), "") },
      { type: "selected", selection: mail("2") },
    );
    expect(model.mailState).toBeNull();
    expect(model.panel).toBeNull();
  });

  test("reported twice changes nothing", () => {
    const before = after(answered("nobody"), { type: "panel_opened", panel: placeForm() });
    expect(reduce(before, { type: "selected", selection: mail("1") })).toBe(before);
  });

  test("keeps the story open", () => {
    const model = after(
      { type: "line_toggled", line: "story", isOpen: true },
      { type: "selected", selection: mail("2") },
    );
    expect(model.openLines).toEqual(["story"]);
  });
});

describe("a loaded state", () => {
  test("starts the clock once when the mail is on its way", () => {
    const model = after(answered("on_its_way", "person", 100), answered("on_its_way", "poll", 400));
    expect(model.inProgressSince).toBe(100);
  });

  test("keeps the clock running until webCRM has emptied the withdrawn entry", () => {
    const model = after(answered("synced"), answered("undone_pending", "person", 100));
    expect(model.inProgressSince).toBe(100);
    expect(after(answered("undone_pending"), answered("undone")).inProgressSince).toBeNull();
  });

  test("stops the clock when nothing is under way", () => {
    expect(after(answered("on_its_way"), answered("synced")).inProgressSince).toBeNull();
  });

  test("of a poll keeps the typed input", () => {
    const model = after(
      answered("waiting"),
      { type: "panel_opened", panel: contactForm(mailState("waiting"), "") },
      { type: "typed", field: "name", text: "Reception" },
      answered("waiting", "poll"),
    );
    expect(model.panel).toMatchObject({ values: { name: "Reception" } });
  });

  test("closes the panel that the request was sent from", () => {
    const model = after(
      answered("waiting"),
      { type: "panel_opened", panel: placeForm() },
      { type: "requested", request: "act" },
      answered("synced"),
    );
    expect(model.panel).toBeNull();
  });

  test("keeps the panel that the person has opened since the request", () => {
    const open: Event = { type: "panel_opened", panel: placeForm() };
    const pressed: Event = { type: "requested", request: "act" };
    const typed: Event = { type: "typed", field: "search", text: "Mill" };
    const model = after(answered("known"), pressed, open, typed, answered("on_its_way"));
    expect(model.panel).toMatchObject({ kind: "add", search: { text: "Mill" } });
  });

  test("closes a move when the state changed: the place may be gone", () => {
    const model = after(
      answered("known"),
      { type: "requested", request: "act" },
      { type: "panel_opened", panel: placeForm(7) },
      answered("on_its_way"),
    );
    expect(model.panel).toBeNull();
  });

  test("forgets the choice when the state changed", () => {
    const model = after(
      answered("several"),
      { type: "places_edited", edit: { kind: "only", place: place(7, "Harbour") } },
      answered("synced"),
    );
    expect(model.draft.places).toBeNull();
  });
});

describe("a failure", () => {
  test("replaces a state that was never loaded", () => {
    expect(after(failed("person"))).toMatchObject({ error: { kind: "away" }, notice: null });
  });

  test("is shown above a state and keeps the typed input", () => {
    const model = after(
      answered("waiting"),
      { type: "panel_opened", panel: contactForm(mailState("waiting"), "") },
      { type: "typed", field: "name", text: "Reception" },
      { type: "requested", request: "contact" },
      failed("person"),
    );
    expect(model).toMatchObject({
      pending: null,
      mailState: { state: "waiting" },
      panel: { values: { name: "Reception" } },
      notice: { error: { kind: "away" } },
    });
  });

  test("of a poll disappears with the next poll that succeeds", () => {
    expect(after(answered("known"), failed("poll"), answered("known", "poll")).notice).toBeNull();
  });

  test("of a click stays after a poll", () => {
    expect(
      after(answered("known"), failed("person"), answered("known", "poll")).notice,
    ).not.toBeNull();
  });

  test("goes when the person closes it", () => {
    const closed = after(answered("known"), failed("person"), { type: "notice_closed" });
    expect(closed).toMatchObject({ notice: null, mailState: { state: "new" } });
  });

  test("to sign in replaces the state", () => {
    const event: Event = { type: "failed", error: new AddinError("signed_out"), by: "poll" };
    expect(after(answered("synced"), event).error?.kind).toBe("signed_out");
  });
});

describe("the form for a contact", () => {
  const opened = after(answered("waiting"), {
    type: "panel_opened",
    panel: contactForm(mailState("waiting"), ""),
  });

  test("starts with the sender", () => {
    expect(opened.panel).toMatchObject({
      hasContact: true,
      values: {
        name: "Purchasing",
        address: "purchasing@harbour.example",
        www: "harbour.example",
      },
    });
  });

  test("shows the chosen Organisation in the search field", () => {
    expect(reduce(opened, MILL_CHOSEN).panel).toMatchObject({
      organisation: mill,
      search: { text: "Mill Paper" },
    });
  });

  test("drops the Organisation when its name is edited", () => {
    const chosen = reduce(opened, MILL_CHOSEN);
    const retyped = reduce(chosen, { type: "typed", field: "search", text: "Mill" });
    expect(retyped.panel).toMatchObject({ organisation: null });
  });
});

describe("the list of Organisations", () => {
  const options = foundOptions([harbour, mill], "har");
  const found: Event = { type: "found", text: "har", options };
  const typed: Event = { type: "typed", field: "search", text: "har " };
  const list = after(
    answered("nobody"),
    { type: "panel_opened", panel: placeForm() },
    typed,
    found,
  );

  test("shows the results for the current text", () => {
    expect(list.panel).toMatchObject({ search: { options, active: 0 } });
  });

  test("ignores the results for an earlier text", () => {
    const late: Event = { type: "found", text: "h", options: [] };
    expect(reduce(list, late).panel).toEqual(list.panel);
  });

  test.each([
    [[1], 1],
    [[1, 1, 1], 0],
    [[-1], 2],
  ])("goes round with the arrow keys %j", (steps, active) => {
    const model = steps.reduce((m, step) => reduce(m, { type: "option_moved", by: step }), list);
    expect(model.panel).toMatchObject({ search: { active } });
  });
});

describe("the switch", () => {
  test("moves at once, and moves back after an error", () => {
    const on = after(answered("known"), { type: "switched", isOn: true });
    expect(on.alwaysSync).toBe(true);
    const off = reduce(on, { type: "switch_failed", error: new AddinError("away") });
    expect(off).toMatchObject({ alwaysSync: null, notice: { error: { kind: "away" } } });
  });
});

describe("a new contact", () => {
  const made = after(answered("waiting"), { type: "contact_created", at: 50 });

  test("makes the pane expect that the mail is filed", () => {
    expect(reduce(made, answered("waiting", "poll", 90))).toMatchObject({
      isFilingExpected: true,
      inProgressSince: 50,
    });
  });

  test("ends the expectation when the state changed", () => {
    expect(reduce(made, answered("synced", "poll"))).toMatchObject({
      isFilingExpected: false,
      inProgressSince: null,
    });
  });
});
