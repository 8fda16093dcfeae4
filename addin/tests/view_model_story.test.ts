import { describe, expect, test } from "vitest";

import type { Facts, StoryLine } from "../src/api_types.ts";
import { show } from "../src/view_model.ts";
import { type Event, reduce, start } from "../src/state.ts";
import { wordsFor } from "../src/i18n.ts";
import { answer, mail, NOW } from "./fixtures.ts";
import { story } from "./preview/states.mjs";

const [{ facts: FACTS }] = story.lines.slice(-1) as [StoryLine];

function told(language: string, kind: string, facts: Partial<Facts> = {}): string | undefined {
  const line = {
    at: "2026-11-23T09:40:57Z",
    kind,
    sentence: "As it is.",
    facts: { ...FACTS, ...facts },
  };
  const events: Event[] = [
    { type: "answered", answer: answer("synced"), by: "act", at: NOW.getTime() },
    { type: "told", story: { lines: [line], tookSeconds: null } },
  ];
  const model = events.reduce(reduce, start(mail("1")));
  const scene = { words: wordsFor(language), now: NOW, folderName: "webCRM sync", usualSeconds: 3 };
  return show(model, scene).story?.lines[0]?.sentence;
}

describe("an event is told in the reader's language", () => {
  test.each<[string, string, Partial<Facts>, string]>([
    ["en-GB", "found", { place: "sent" }, "Found in the folder under Sent Items"],
    ["da-DK", "found", { place: "inbox" }, "Fundet i mappen under Indbakke"],
    [
      "da-DK",
      "found",
      { place: "inbox", isByRule: true },
      "Flyttet af en regel til mappen under Indbakke",
    ],
    [
      "da-DK",
      "matched",
      { organisations: ["Havnebyg", "Skovby"] },
      "Hører til under Havnebyg, Skovby",
    ],
    ["de-DE", "filed", { organisations: [""] }, "In webCRM abgelegt: keine Organisation"],
    [
      "da-DK",
      "waiting",
      { reason: "no contact" },
      "Venter. Ingen af adresserne er en kontakt i webCRM.",
    ],
    [
      "en-GB",
      "parked",
      { reason: "refused by outlook", detail: "400: no" },
      "Needs a person. Outlook did not accept the change. See the details and try again. 400: no",
    ],
    ["en-GB", "asked for", { by: null }, "Asked for again by someone"],
    ["da-DK", "pressed", { by: "Kim" }, "Sendt til webCRM med knappen af Kim"],
  ])("%s: %s %o", (language, kind, facts, sentence) => {
    expect(told(language, kind, facts)).toBe(sentence);
  });

  test("and by the server where there are no words for it", () => {
    expect(told("da-DK", "something new")).toBe("As it is.");
  });

  test("why an Organisation could be meant as well", () => {
    const model = reduce(start(mail("1")), {
      type: "answered",
      answer: answer("several"),
      by: "act",
      at: NOW.getTime(),
    });
    const scene = { words: wordsFor("da"), now: NOW, folderName: "x", usualSeconds: 3 };
    expect(show(model, scene).choices?.options.map(({ why }) => why)).toEqual([
      "Purchasing er en kontakt dér",
      "Domænet er harbour.example",
    ]);
  });
});
