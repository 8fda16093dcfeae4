/** The story of a mail, in the reader's language. */

import type { StoryLine } from "./api_models.ts";
import type { TextKey, Texts } from "./i18n.ts";
import { saidText } from "./phrases.ts";
import type { Model } from "./state.ts";
import type { ViewContext } from "./view_context.ts";

export interface StoryView {
  title: string;
  isOpen: boolean;
  lines: { when: string; sentence: string }[];
  /** How long the sync took, or that nothing has happened yet. */
  end: string;
}

/** The events of a mail, newest last. */
export function storyView({ story, openLines }: Model, { texts, now }: ViewContext): StoryView {
  const lines = (story?.lines ?? []).map((line) => ({
    when: texts.dateTime(new Date(line.at), now),
    sentence: sentenceOf(line, texts),
  }));
  const seconds = story?.tookSeconds ?? null;
  const took =
    seconds === null ? "" : texts.get("story.took", { duration: texts.duration(seconds) });
  return {
    title: texts.get("story"),
    isOpen: openLines.includes("story"),
    lines,
    end: story && !lines.length ? texts.get("story.empty") : took,
  };
}

/** One event as a sentence; the server's English sentence for an event without a text. */
function sentenceOf(line: StoryLine, texts: Texts): string {
  const key = textKeyOf(line, texts);
  if (!key) {
    return line.sentence;
  }
  const { place, reason, by, organisations } = line.facts;
  const names = organisations.map((name) => name || texts.get("no_organisation"));
  return texts
    .get(key, {
      place: place ? texts.get(`place.${place}`) : "",
      organisations: names.join(", "),
      from: names[0] ?? "",
      to: names.at(-1) ?? "",
      reason: (reason && texts.find(`reason.${reason}`)) ?? "",
      detail: saidText(line.facts, texts),
      by: by || texts.get("someone"),
    })
    .trim();
}

function textKeyOf(
  { kind, facts: { isByRule, isShared } }: StoryLine,
  texts: Texts,
): TextKey | null {
  const variant = (isByRule && ".rule") || (isShared && ".shared") || "";
  const key = [`story.${kind}${variant}`, `story.${kind}`].find((name) => texts.find(name));
  return (key ?? null) as TextKey | null;
}
