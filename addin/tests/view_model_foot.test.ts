import { describe, expect, test } from "vitest";

import type { MailState } from "../src/api_types.ts";
import { Trouble, type TroubleKind } from "../src/errors.ts";
import { type FootView, show } from "../src/view_model.ts";
import { type Event, reduce, start } from "../src/state.ts";
import { wordsFor } from "../src/i18n.ts";
import { answer, mail, NOW } from "./fixtures.ts";
import { connection } from "./preview/states.mjs";

const scene = { words: wordsFor("en-GB"), now: NOW, folderName: "webCRM sync", usualSeconds: 3 };

function shownFoot(given: MailState | null, events: Event[]): FootView | null {
  const first: Event[] = given ? [{ type: "answered", answer: given, by: "act", at: 0 }] : [];
  return show([...first, ...events].reduce(reduce, start(mail("1"))), scene).foot;
}

describe("the foot", () => {
  test("counts in the foot only what there is", () => {
    const event: Event = { type: "connected", connection };
    expect(shownFoot(null, [event])).toEqual({
      tone: "good",
      words: "Connected",
      details: ["me@company.example", "On their way: 1", "Waiting for a contact: 2"],
    });
  });

  test.each<TroubleKind>(["offline", "away", "signed_out", "no_mailbox"])(
    "does not call itself connected: %s",
    (kind) => {
      const failed: Event = { type: "failed", trouble: new Trouble(kind), by: "look" };
      const foot = (events: Event[]) => shownFoot(answer("known"), events)?.words;
      const known: Event = { type: "connected", connection };
      expect(foot([known, failed])).toBe("Not connected");
      expect(foot([failed])).toBe("Not connected");
      expect(foot([known, failed, { type: "selected", selection: mail("2") }])).toBe(
        "Not connected",
      );
      const answered: Event = { type: "answered", answer: answer("known"), by: "look", at: 0 };
      expect(foot([known, failed, answered])).toBe("Connected");
    },
  );

  test("is connected to a server that only says no", () => {
    const trouble = new Trouble("conflict");
    const events: Event[] = [
      { type: "connected", connection },
      { type: "failed", trouble, by: "act" },
    ];
    expect(shownFoot(answer("known"), events)?.words).toBe("Connected");
  });

  test("tells what holds the mailbox up", () => {
    const troubles = [
      { kind: "webcrm", detail: null },
      { kind: "outlook", detail: "The mailbox is full." },
    ] as const;
    const event: Event = {
      type: "connected",
      connection: { ...connection, troubles: [...troubles] },
    };
    expect(shownFoot(null, [event])?.details.slice(-2)).toEqual([
      "webCRM does not answer now",
      "Outlook holds the work up: The mailbox is full.",
    ]);
  });

  test("believes an answer once nothing above it says else", () => {
    const failed: Event = { type: "failed", trouble: new Trouble("offline"), by: "look" };
    const known: Event = { type: "connected", connection };
    const away: Event = { type: "selected", selection: { kind: "none" } };
    expect(shownFoot(null, [failed, known])?.words).toBe("Not connected");
    expect(shownFoot(null, [failed, away, known])?.words).toBe("Connected");
  });
});
