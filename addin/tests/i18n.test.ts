import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { textOf } from "../src/i18n.ts";
import type { MailState, Target } from "../src/api_models.ts";
import { AddinError, type ErrorKind } from "../src/errors.ts";
import { noteText, errorTexts } from "../src/view_model_status.ts";
import { mailState, NOW, textsIn } from "./fixtures.ts";
import { states } from "./preview/states.mjs";

const FOLDER = new URL("../locales/", import.meta.url);
const LOCALES = new Map(
  readdirSync(FOLDER).map((name) => [
    name.replace(".json", ""),
    JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Record<string, string>,
  ]),
);
const ENGLISH = LOCALES.get("en") ?? {};

const [TARGET] = mailState("synced").targets as [Target];
const TROUBLES: ErrorKind[] = [
  ...(["signed_out", "popup_blocked", "refused", "no_mailbox", "not_found", "shared"] as const),
  ...(["invalid", "conflict", "offline", "away", "try_later"] as const),
];

function places(sentence: string): string[] {
  return (sentence.match(/\{\w+\}/g) ?? []).toSorted();
}

describe.each([...LOCALES])("the texts in %s", (_, locale) => {
  test("have the keys of the English ones, in the same order", () => {
    expect(Object.keys(locale)).toEqual(Object.keys(ENGLISH));
  });

  test("have the placeholders of the English ones", () => {
    for (const [word, sentence] of Object.entries(locale)) {
      expect([word, places(sentence)]).toEqual([word, places(ENGLISH[word] ?? "")]);
    }
  });

  test("are not empty", () => {
    expect(Object.values(locale).filter((sentence) => !sentence.trim())).toEqual([]);
  });
});

/** Longest text of a notification. Source: Office.NotificationMessageDetails. */
const NOTE_LENGTH = 150;

describe.each([...LOCALES])("the note on the mail in %s", (language) => {
  const texts = textsIn(language);
  const context = { texts, folderName: "webCRM sync" };

  test.each(Object.keys(states))("fits for the state %s", (name) => {
    expect(noteText(mailState(name), texts).length).toBeLessThanOrEqual(NOTE_LENGTH);
  });

  test.each(Object.keys(ENGLISH).filter((word) => word.startsWith("reason.")))(
    "fits for the %s",
    (word) => {
      const reason = word.replace("reason.", "") as MailState["reason"];
      for (const state of ["parked", "skipped", "waiting"]) {
        const line = noteText(mailState(state, { reason }), texts);
        expect([line, line.length <= NOTE_LENGTH]).toEqual([line, true]);
      }
    },
  );

  test("begins with the state under the longest name that webCRM takes", () => {
    const organisation = "Å".repeat(200);
    const target = { ...TARGET, organisation };
    const note = noteText(mailState("synced", { targets: [target] }), texts);
    expect(note.indexOf(organisation)).toBeLessThan(NOTE_LENGTH / 3);
    expect(note.startsWith(texts.get("synced.sentence"))).toBe(true);
  });

  test.each(TROUBLES)("fits for the error %s", (kind) => {
    const detail = kind === "no_mailbox" ? "somebody@some.company.example" : "invalid_client";
    const { sentence, line } = errorTexts(new AddinError(kind, detail), context);
    const text = `${sentence}. ${line}`;
    expect([text, text.length <= NOTE_LENGTH]).toEqual([text, true]);
  });
});

describe("the language", () => {
  test.each([
    ["da-DK", "I webCRM"],
    ["nb-NO", "I webCRM"],
    ["nn-NO", "I webCRM"],
    ["de-AT", "In webCRM"],
    ["fi-FI", "webCRM:ssä"],
    ["sv-FI", "I webCRM"],
    ["fr-FR", "In webCRM"],
  ])("%s is found", (language, sentence) => {
    expect(textsIn(language).get("synced.sentence")).toBe(sentence);
  });

  test("without a locale is English, numbers too", () => {
    expect(textsIn("fr-FR").plural("foot.waiting", 1234.5)).toBe("Waiting for a contact: 1,234.5");
    expect(textsIn("de-DE").plural("foot.waiting", 1234.5)).toBe(
      "Warten auf einen Kontakt: 1.234,5",
    );
  });
});

describe("a sentence", () => {
  const texts = textsIn("en-GB");

  test("makes its subject strong", () => {
    const parts = texts.parts("new.known_person", { organisation: "Harbour", person: "Office" });
    expect(parts.filter((part) => part.isStrong).map((part) => part.text)).toEqual(["Harbour"]);
    expect(textOf(parts)).toBe("Will be filed under Harbour (Office)");
  });

  test("keeps a value with braces as it is", () => {
    expect(texts.get("under", { organisation: "{person} $& <b>" })).toBe("Under {person} $& <b>");
  });

  test("is not found under a name of Object's own", () => {
    expect(texts.find("constructor")).toBeNull();
  });

  test.each([
    [2.41, "2.4\u00a0s"],
    [42, "42\u00a0s"],
    [150, "2.5\u00a0min"],
  ])("shows %d seconds with a symbol", (seconds, text) => {
    expect(texts.duration(seconds)).toBe(text);
  });

  test("shows the time of today, and the date of another day", () => {
    expect(texts.dateTime(NOW, NOW)).toMatch(/^\d\d:\d\d$/);
    expect(texts.dateTime(new Date("2026-03-01T12:00:00Z"), NOW)).toMatch(/1 Mar 2026/);
  });
});
