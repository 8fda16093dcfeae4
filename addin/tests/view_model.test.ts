import { describe, expect, test } from "vitest";

import type { MailState } from "../src/api_types.ts";
import { Trouble, type TroubleKind } from "../src/errors.ts";
import type { Selection } from "../src/selection.ts";
import { show } from "../src/view_model.ts";
import { oneLine } from "../src/view_model_status.ts";
import { type Event, reduce, start } from "../src/state.ts";
import { plain } from "../src/i18n.ts";
import { answer, mail, NOW } from "./fixtures.ts";
import { row, scene, shown, words } from "./view_harness.ts";

describe("nothing to speak of", () => {
  test.each<[Selection["kind"], string]>([
    ["none", "Select one mail"],
    ["draft", "Not sent yet"],
    ["other", "Not a mail"],
    ["outside", "Open this in Outlook"],
  ])("%s says so in the same place", (kind, sentence) => {
    const view = shown(null, [], { kind } as Selection);
    expect(view.status).toMatchObject({ sentence, primary: null });
    expect(view.mail).toBeNull();
  });
});

describe("trouble", () => {
  test.each<[TroubleKind, string, string]>([
    ["signed_out", "Not signed in", "Sign in"],
    ["refused", "Signing in did not work", "Sign in"],
    ["no_mailbox", "No access yet", "Try again"],
    ["offline", "No connection", "Try again"],
    ["away", "No answer", "Try again"],
    ["try_later", "Busy right now", "Try again"],
  ])("%s has a sentence and one thing to do", (kind, sentence, cure) => {
    const view = shown(null, [{ type: "failed", trouble: new Trouble(kind), by: "act" }]);
    expect(view.status).toMatchObject({ sentence, primary: { word: cure, isReady: true } });
  });

  test("in somebody else's mailbox offers no button that leads nowhere", () => {
    const trouble = new Trouble("not_found");
    const view = shown(null, [{ type: "failed", trouble, by: "act" }]);
    expect(row(view)).toEqual([
      "Not found in your own mailbox",
      "Mail in shared mailboxes, archives, public folders and other accounts " +
        "cannot be shown here yet.",
      null,
      "",
    ]);
  });

  test("names the mailbox to ask for", () => {
    const trouble = new Trouble("no_mailbox", "me@company.example");
    const view = shown(null, [{ type: "failed", trouble, by: "act" }]);
    expect(plain(view.status.line)).toBe("Ask your administrator to add me@company.example");
  });
});

describe("waiting for an answer", () => {
  const asked: Event = { type: "asked", ask: "look" };

  test("shows the mail at once and nothing that could flicker", () => {
    const view = shown(null, [asked]);
    expect(view.mail?.subject).toBe("Offer");
    expect(view.status).toMatchObject({ sentence: "", isBusy: false });
  });

  test("shows a spinner when it takes long", () => {
    const view = shown(null, [asked, { type: "slow" }]);
    expect(view.status).toMatchObject({ sentence: "Looking up this mail", isBusy: true });
  });

  test("makes no button ready twice", () => {
    const view = shown(answer("known"), [{ type: "asked", ask: "sync" }]);
    expect(view.status.primary?.isReady).toBe(false);
  });

  test("says when it takes longer than usual", () => {
    const at = NOW.getTime() - 20_000;
    const model = reduce(start(mail("1")), {
      type: "answered",
      answer: answer("on_its_way"),
      by: "act",
      at,
    });
    expect(plain(show(model, scene).status.line)).toMatch(/longer than usual/);
  });
});

describe("a choice", () => {
  const harbour = { id: 7, name: "Harbour Logistics" };

  test.each([
    [{ id: 12, name: "Mill" }, "Mill", ""],
    [harbour, "Harbour Logistics", "purchasing@harbour.example"],
  ])("takes the place of where the mail belongs: %j", (organisation, name, who) => {
    const view = shown(answer("known"), [{ type: "picked", organisation }]);
    expect(view.where?.places.map((place) => place.organisation)).toEqual([name]);
    expect(view.where?.places[0]?.person).toContain(who);
  });

  test("makes the button ready and says where the mail will stand", () => {
    const view = shown(answer("several"), [{ type: "picked", organisation: harbour }]);
    expect(plain(view.status.line)).toBe("Will be filed under Harbour Logistics");
    expect(view.status.primary).toMatchObject({ does: "sync", isReady: true });
    expect(view.choices?.options.map((option) => option.isMarked)).toEqual([true, false]);
  });

  test("cures a mail that could belong to several", () => {
    const view = shown(answer("ambiguous"), [{ type: "picked", organisation: harbour }]);
    expect(view.status.primary).toMatchObject({ does: "file", isReady: true });
  });
});

describe("a link", () => {
  test.each(["javascript:alert(1)", "data:text/html,x", "//elsewhere.example", ""])(
    "that is no web address is not offered: %s",
    (link) => {
      const targets = [{ ...answer("synced").targets[0], link }] as MailState["targets"];
      const view = shown(answer("synced", { targets }));
      expect(view.status.primary).toBeNull();
      expect(view.where?.places[0]?.link).toBeNull();
    },
  );
});

describe("the rest of the pane", () => {
  test("tells when, by whom and which way a mail was synced", () => {
    expect(shown(answer("synced")).status.facts).toMatch(
      /^\d\d:\d\d · by Sales · with the button$/,
    );
  });

  test("ticks the steps as they happen", () => {
    const { steps } = shown(answer("on_its_way")).status;
    expect(steps.map((step) => step.said)).toEqual([
      "Moved: done",
      "Read: done",
      "Filed: not yet",
      "Marked: not yet",
    ]);
  });

  test("offers no switch for a sender who is a colleague", () => {
    expect(shown(answer("colleagues")).always).toBeNull();
  });

  test("offers no switch for a sender whose mail is never synced", () => {
    expect(shown(answer("skipped", { reason: "never list" })).always).toBeNull();
  });

  test("gives what stands under no Organisation a name", () => {
    const targets = [{ ...answer("synced").targets[0], organisationId: 0, organisation: "" }];
    const view = shown(answer("synced", { targets } as Partial<MailState>));
    expect(plain(view.status.line)).toBe("Under no Organisation");
    expect(view.where?.places[0]?.organisation).toBe("no Organisation");
  });

  test("tells screen readers the state in one line", () => {
    expect(shown(answer("synced")).live).toBe("In webCRM. Under Harbour Logistics");
  });
});

describe("one line on the mail itself", () => {
  test.each([
    ["synced", "In webCRM under Harbour Logistics"],
    ["on_its_way", "On its way to webCRM"],
    ["waiting", "Waiting for a contact. None of its addresses is a contact in webCRM."],
    ["colleagues", "Not synced. Only colleagues are on this mail."],
  ])("%s", (name, line) => {
    expect(oneLine(answer(name), words)).toBe(line);
  });
});
