import { describe, expect, test } from "vitest";

import { AddinError } from "../src/errors.ts";
import { type Cause, type Event, initialModel, type Model, reduce } from "../src/state.ts";
import { mail, mailState } from "./fixtures.ts";

const harbour = { id: 7, name: "Harbour Logistics" };
const mill = { id: 8, name: "Mill Paper" };

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
  test("starts from nothing, so that nobody files the wrong one", () => {
    const model = after(
      answered("nobody"),
      { type: "panel_opened", panel: "contact" },
      { type: "selected", selection: mail("2") },
    );
    expect(model.mailState).toBeNull();
    expect(model.panel).toBeNull();
  });

  test("told twice changes nothing", () => {
    const before = after(answered("nobody"), { type: "panel_opened", panel: "choose" });
    expect(reduce(before, { type: "selected", selection: mail("1") })).toBe(before);
  });

  test("leaves the foot and the open story open", () => {
    const model = after(
      { type: "story_toggled", isOpen: true },
      { type: "selected", selection: mail("2") },
    );
    expect(model.isStoryOpen).toBe(true);
  });
});

describe("an answer", () => {
  test("starts the clock when the mail is on its way, and only once", () => {
    const model = after(answered("on_its_way", "person", 100), answered("on_its_way", "poll", 400));
    expect(model.inProgressSince).toBe(100);
  });

  test("keeps the clock going until webCRM has let go of what was taken back", () => {
    const model = after(answered("synced"), answered("undone_pending", "person", 100));
    expect(model.inProgressSince).toBe(100);
    expect(after(answered("undone_pending"), answered("undone")).inProgressSince).toBeNull();
  });

  test("stops the clock at rest", () => {
    expect(after(answered("on_its_way"), answered("synced")).inProgressSince).toBeNull();
  });

  test("to a look leaves alone what is being typed", () => {
    const model = after(
      answered("waiting"),
      { type: "panel_opened", panel: "contact" },
      { type: "typed", field: "name", text: "Reception" },
      answered("waiting", "poll"),
    );
    expect(model.panel).toMatchObject({ name: "Reception" });
  });

  test("closes the list when the mail stands elsewhere by now", () => {
    const model = after(
      answered("waiting"),
      { type: "panel_opened", panel: "choose" },
      answered("synced"),
    );
    expect(model.panel).toBeNull();
  });

  test("forgets the choice once the mail has moved on", () => {
    const model = after(
      answered("several"),
      { type: "chosen", organisation: harbour },
      answered("synced"),
    );
    expect(model.chosen).toBeNull();
  });
});

describe("a failure", () => {
  test("stands in place of an answer that never came", () => {
    expect(after(failed("person"))).toMatchObject({ error: { kind: "away" }, notice: null });
  });

  test("stands above an answer and loses nothing of what was typed", () => {
    const model = after(
      answered("waiting"),
      { type: "panel_opened", panel: "contact" },
      { type: "typed", field: "name", text: "Reception" },
      { type: "requested", request: "contact" },
      failed("person"),
    );
    expect(model).toMatchObject({
      pending: null,
      mailState: { state: "waiting" },
      panel: { name: "Reception" },
      notice: { error: { kind: "away" } },
    });
  });

  test("of a look is forgotten at the next look that succeeds", () => {
    expect(after(answered("known"), failed("poll"), answered("known", "poll")).notice).toBeNull();
  });

  test("of a click is not forgotten by a look", () => {
    expect(
      after(answered("known"), failed("person"), answered("known", "poll")).notice,
    ).not.toBeNull();
  });

  test("to sign in takes the whole place, since nothing shown can be trusted", () => {
    const event: Event = { type: "failed", error: new AddinError("signed_out"), by: "poll" };
    expect(after(answered("synced"), event).error?.kind).toBe("signed_out");
  });
});

describe("the form for a contact", () => {
  const opened = after(answered("waiting"), { type: "panel_opened", panel: "contact" });

  test("begins with the sender", () => {
    expect(opened.panel).toMatchObject({
      name: "Purchasing",
      address: "purchasing@harbour.example",
    });
  });

  test("takes the Organisation into the field it was searched in", () => {
    expect(reduce(opened, { type: "chosen", organisation: mill }).panel).toMatchObject({
      organisation: mill,
      search: { text: "Mill Paper" },
    });
  });

  test("drops the Organisation when its name is typed over", () => {
    const chosen = reduce(opened, { type: "chosen", organisation: mill });
    const retyped = reduce(chosen, { type: "typed", field: "search", text: "Mill" });
    expect(retyped.panel).toMatchObject({ organisation: null });
  });
});

describe("the list of Organisations", () => {
  const found: Event = { type: "found", text: "har", organisations: [harbour, mill] };
  const typed: Event = { type: "typed", field: "search", text: "har " };
  const list = after(answered("nobody"), { type: "panel_opened", panel: "choose" }, typed, found);

  test("shows what was found for the text that stands there", () => {
    expect(list.panel?.search).toMatchObject({ found: [harbour, mill], active: 0 });
  });

  test("ignores what was found for a text typed earlier", () => {
    const late: Event = { type: "found", text: "h", organisations: [] };
    expect(reduce(list, late)).toBe(list);
  });

  test.each([
    [[1], 1],
    [[1, 1], 0],
    [[-1], 1],
  ])("goes round with the arrow keys %j", (steps, active) => {
    const model = steps.reduce((m, step) => reduce(m, { type: "option_moved", by: step }), list);
    expect(model.panel?.search.active).toBe(active);
  });
});

describe("the switch", () => {
  test("moves at once and moves back when that fails", () => {
    const on = after(answered("known"), { type: "switched", isOn: true });
    expect(on.alwaysSync).toBe(true);
    const off = reduce(on, { type: "switch_failed", error: new AddinError("away") });
    expect(off).toMatchObject({ alwaysSync: null, notice: { error: { kind: "away" } } });
  });
});

describe("a new contact", () => {
  const made = after(answered("waiting"), { type: "contact_created", at: 50 });

  test("makes the pane wait for the mail to file itself", () => {
    expect(reduce(made, answered("waiting", "poll", 90))).toMatchObject({
      isFilingExpected: true,
      inProgressSince: 50,
    });
  });

  test("is over once the mail has moved on", () => {
    expect(reduce(made, answered("synced", "poll"))).toMatchObject({
      isFilingExpected: false,
      inProgressSince: null,
    });
  });
});
