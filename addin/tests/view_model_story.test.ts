import { describe, expect, test } from "vitest";

import type { StoryFacts, StoryLine } from "../src/api_models.ts";
import { createViewModel } from "../src/view_model.ts";
import { type Event, initialModel, reduce } from "../src/state.ts";
import { mail, mailState, NOW, textsIn } from "./fixtures.ts";
import { story } from "./preview/states.mjs";

const [{ facts: FACTS }] = story.lines.slice(-1) as [StoryLine];

function sentenceOf(
  language: string,
  kind: string,
  facts: Partial<StoryFacts> = {},
): string | undefined {
  const line = {
    at: "2026-11-23T09:40:57Z",
    kind,
    sentence: "As it is.",
    facts: { ...FACTS, ...facts },
  };
  const events: Event[] = [
    { type: "loaded", mailState: mailState("synced"), by: "person", at: NOW.getTime() },
    { type: "story_loaded", story: { lines: [line], tookSeconds: null } },
  ];
  const model = events.reduce(reduce, initialModel(mail("1")));
  const context = {
    texts: textsIn(language),
    now: NOW,
    folderName: "webCRM sync",
    usualSeconds: 3,
  };
  return createViewModel(model, context).story?.lines[0]?.sentence;
}

describe("an event is shown in the reader's language", () => {
  test.each<[string, string, Partial<StoryFacts>, string]>([
    ["en-GB", "found", { place: "sent" }, "Found in the folder under Sent Items"],
    ["da-DK", "found", { place: "inbox" }, "Fundet i mappen under Indbakke"],
    [
      "da-DK",
      "found",
      { place: "inbox", isByRule: true },
      "Flyttet af en regel til mappen under Indbakke",
    ],
    ["da-DK", "matched", { organisations: ["Havnebyg", "Skovby"] }, "Tilhører Havnebyg, Skovby"],
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
      "Needs a decision. Outlook did not accept the change. See the details and try again. 400: no",
    ],
    ["en-GB", "asked for", { by: null }, "Requested again by someone"],
    ["da-DK", "pressed", { by: "Kim" }, "Synkroniseret med knappen af Kim"],
  ])("%s: %s %o", (language, kind, facts, sentence) => {
    expect(sentenceOf(language, kind, facts)).toBe(sentence);
  });

  test("or in English if there is no text for it", () => {
    expect(sentenceOf("da-DK", "something new")).toBe("As it is.");
  });

  test("and so is the evidence for a candidate", () => {
    const model = reduce(initialModel(mail("1")), {
      type: "loaded",
      mailState: mailState("several"),
      by: "person",
      at: NOW.getTime(),
    });
    const context = { texts: textsIn("da"), now: NOW, folderName: "x", usualSeconds: 3 };
    expect(createViewModel(model, context).choices?.options.map(({ why }) => why)).toEqual([
      "Purchasing er en kontakt dér",
      "Domænet er harbour.example",
    ]);
  });
});
