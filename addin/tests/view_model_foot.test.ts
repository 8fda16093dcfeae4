import { describe, expect, test } from "vitest";

import type { MailState } from "../src/api_models.ts";
import { AddinError, type ErrorKind } from "../src/errors.ts";
import { createViewModel, type FooterView } from "../src/view_model.ts";
import { type Event, initialModel, reduce } from "../src/state.ts";
import { mail, mailState, NOW, textsIn } from "./fixtures.ts";
import { connection } from "./preview/states.mjs";

const context = { texts: textsIn("en-GB"), now: NOW, folderName: "webCRM sync", usualSeconds: 3 };

function shownFoot(given: MailState | null, events: Event[]): FooterView | null {
  const first: Event[] = given ? [{ type: "loaded", mailState: given, by: "person", at: 0 }] : [];
  return createViewModel([...first, ...events].reduce(reduce, initialModel(mail("1"))), context)
    .footer;
}

test.each([
  ["en-GB", "Help"],
  ["nb-NO", "Hjelp"],
  ["fi-FI", "Ohje"],
])("the page of help is one click away, before anything is known: %s", (language, label) => {
  const texts = textsIn(language);
  const view = createViewModel(initialModel({ kind: "outside" }), { ...context, texts });
  expect(view.help).toEqual({ label, link: `/help?lang=${language}` });
});

describe("the footer", () => {
  test("shows only counts above zero", () => {
    const event: Event = { type: "connection_loaded", connection };
    expect(shownFoot(null, [event])).toEqual({
      tone: "good",
      label: "Connected",
      details: ["me@company.example", "On its way: 1", "Waiting for a contact: 2"],
    });
  });

  test.each<ErrorKind>(["offline", "away", "signed_out", "no_mailbox"])(
    "says that it is not connected: %s",
    (kind) => {
      const failed: Event = { type: "failed", error: new AddinError(kind), by: "poll" };
      const foot = (events: Event[]) => shownFoot(mailState("known"), events)?.label;
      const known: Event = { type: "connection_loaded", connection };
      expect(foot([known, failed])).toBe("Not connected");
      expect(foot([failed])).toBe("Not connected");
      expect(foot([known, failed, { type: "selected", selection: mail("2") }])).toBe(
        "Not connected",
      );
      const answered: Event = { type: "loaded", mailState: mailState("known"), by: "poll", at: 0 };
      expect(foot([known, failed, answered])).toBe("Connected");
    },
  );

  test("is connected to a server that refuses a request", () => {
    const error = new AddinError("conflict");
    const events: Event[] = [
      { type: "connection_loaded", connection },
      { type: "failed", error, by: "person" },
    ];
    expect(shownFoot(mailState("known"), events)?.label).toBe("Connected");
  });

  test("says what delays the mailbox", () => {
    const troubles = [
      { kind: "webcrm", detail: null },
      { kind: "outlook", detail: "The mailbox is full." },
    ] as const;
    const event: Event = {
      type: "connection_loaded",
      connection: { ...connection, troubles: [...troubles] },
    };
    expect(shownFoot(null, [event])?.details.slice(-2)).toEqual([
      "webCRM is not answering",
      "Outlook is causing a delay: The mailbox is full.",
    ]);
  });

  test("says connected again once no error is shown above it", () => {
    const failed: Event = { type: "failed", error: new AddinError("offline"), by: "poll" };
    const known: Event = { type: "connection_loaded", connection };
    const away: Event = { type: "selected", selection: { kind: "none" } };
    expect(shownFoot(null, [failed, known])?.label).toBe("Not connected");
    expect(shownFoot(null, [failed, away, known])?.label).toBe("Connected");
  });
});
