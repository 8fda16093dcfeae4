import { describe, expect, test } from "vitest";

import type { MailState } from "../src/api_models.ts";
import { AddinError, type ErrorKind } from "../src/errors.ts";
import type { Selection } from "../src/selection.ts";
import { createViewModel } from "../src/view_model.ts";
import { noteText } from "../src/view_model_status.ts";
import { type Event, initialModel, reduce } from "../src/state.ts";
import { textOf } from "../src/i18n.ts";
import { mail, mailState, NOW, place } from "./fixtures.ts";
import { context, rowOf, texts, viewOf } from "./view_harness.ts";

describe("without a mail", () => {
  test.each<[Selection["kind"], string]>([
    ["none", "Select one mail"],
    ["draft", "Not sent yet"],
    ["other", "Not a mail"],
    ["outside", "Open webCRM in Outlook"],
  ])("the pane says so in the same place: %s", (kind, sentence) => {
    const view = viewOf(null, [], { kind } as Selection);
    expect(view.status).toMatchObject({ sentence, primary: null });
    expect(view.mail).toBeNull();
  });
});

describe("an error", () => {
  test.each<[ErrorKind, string, string]>([
    ["signed_out", "Not signed in", "Sign in"],
    ["refused", "Sign-in failed", "Sign in"],
    ["no_mailbox", "No access yet", "Try again"],
    ["offline", "No connection", "Try again"],
    ["away", "No answer", "Try again"],
    ["try_later", "Busy right now", "Try again"],
  ])("has a sentence and one thing to do: %s", (kind, sentence, cure) => {
    const view = viewOf(null, [{ type: "failed", error: new AddinError(kind), by: "person" }]);
    expect(view.status).toMatchObject({ sentence, primary: { label: cure, isReady: true } });
  });

  test("about another mailbox offers no button", () => {
    const error = new AddinError("not_found");
    const view = viewOf(null, [{ type: "failed", error, by: "person" }]);
    expect(rowOf(view)).toEqual([
      "Not found in your own mailbox",
      "Mail in shared mailboxes, archives, public folders and other accounts " +
        "cannot be shown here yet.",
      null,
      "",
    ]);
  });

  test("names the mailbox to ask the administrator for", () => {
    const error = new AddinError("no_mailbox", "me@company.example");
    const view = viewOf(null, [{ type: "failed", error, by: "person" }]);
    expect(textOf(view.status.line)).toBe("Ask your administrator to add me@company.example");
  });
});

describe("waiting for an answer", () => {
  const asked: Event = { type: "requested", request: "load" };

  test("shows the mail at once, and no status that may flicker", () => {
    const view = viewOf(null, [asked]);
    expect(view.mail?.subject).toBe("Offer");
    expect(view.status).toMatchObject({ sentence: "", isBusy: false });
  });

  test("shows a spinner when it takes long", () => {
    const view = viewOf(null, [asked, { type: "slow" }]);
    expect(view.status).toMatchObject({ sentence: "Looking up this mail", isBusy: true });
  });

  test("disables the buttons", () => {
    const view = viewOf(mailState("known"), [{ type: "requested", request: "act" }]);
    expect(view.status.primary?.isReady).toBe(false);
  });

  test("says when it takes longer than usual", () => {
    const at = NOW.getTime() - 20_000;
    const model = reduce(initialModel(mail("1")), {
      type: "loaded",
      mailState: mailState("on_its_way"),
      by: "person",
      at,
    });
    expect(textOf(createViewModel(model, context).status.line)).toMatch(/longer than usual/);
  });
});

describe("a choice", () => {
  const chosen: Event = {
    type: "places_edited",
    edit: { kind: "only", place: place(7, "Harbour Logistics") },
  };

  test("enables the button and says where the mail will be filed", () => {
    const view = viewOf(mailState("several"), [chosen]);
    expect(textOf(view.status.line)).toBe("Will be filed under Harbour Logistics");
    expect(view.status.primary).toMatchObject({ name: "sync", isReady: true });
    expect(view.choices?.options.map((option) => option.isMarked)).toEqual([true, false]);
  });

  test("enables the button of an ambiguous mail", () => {
    const view = viewOf(mailState("ambiguous"), [chosen]);
    expect(view.status.primary).toMatchObject({ name: "file", isReady: true });
  });
});

describe("a link", () => {
  test.each(["javascript:alert(1)", "data:text/html,x", "//elsewhere.example", ""])(
    "that is no web address is not offered: %s",
    (link) => {
      const targets = [{ ...mailState("synced").targets[0], link }] as MailState["targets"];
      const view = viewOf(mailState("synced", { targets }));
      expect(view.status.primary).toBeNull();
      expect(view.places?.places[0]?.link).toBeNull();
    },
  );
});

describe("the rest of the pane", () => {
  test("says when, by whom and how a mail was synced", () => {
    expect(viewOf(mailState("synced")).status.footnote).toMatch(
      /^\d\d:\d\d · by Sales · with the button$/,
    );
  });

  test("ticks the completed steps", () => {
    const { steps } = viewOf(mailState("on_its_way")).status;
    expect(steps.map((step) => step.spoken)).toEqual([
      "Moved: done",
      "Read: done",
      "Saved: not yet",
      "Labelled: not yet",
    ]);
  });

  test("offers no switch for a sender who is a colleague", () => {
    expect(viewOf(mailState("colleagues")).alwaysSync).toBeNull();
  });

  test("offers no switch for a sender whose mail is never synced", () => {
    expect(viewOf(mailState("skipped", { reason: "never list" })).alwaysSync).toBeNull();
  });

  test("names a target without an Organisation", () => {
    const targets = [{ ...mailState("synced").targets[0], organisationId: 0, organisation: "" }];
    const view = viewOf(mailState("synced", { targets } as Partial<MailState>));
    expect(textOf(view.status.line)).toBe("Under no Organisation");
    expect(view.places?.places[0]?.organisation).toBe("no Organisation");
  });

  test("gives screen readers the status in one line", () => {
    expect(viewOf(mailState("synced")).announcement).toBe("In webCRM. Under Harbour Logistics");
  });
});

describe("the note on the mail", () => {
  test.each([
    ["synced", "In webCRM under Harbour Logistics"],
    ["on_its_way", "On its way to webCRM"],
    ["waiting", "Waiting for a contact. None of its addresses is a contact in webCRM."],
    ["colleagues", "Not synced. Only colleagues are on this mail."],
  ])("%s", (name, line) => {
    expect(noteText(mailState(name), texts)).toBe(line);
  });
});
