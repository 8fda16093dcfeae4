/** The story of a mail in the reader's language. */

import type { StoryLine } from "./api_types.ts";
import type { Scene } from "./view_context.ts";
import type { Model } from "./state.ts";
import type { Word, Words } from "./i18n.ts";

export interface StoryView {
  title: string;
  isOpen: boolean;
  lines: { when: string; sentence: string }[];
  end: string;
}

/** The events, newest last, and how long it took. */
export function showStory({ story, isStoryOpen }: Model, { words, now }: Scene): StoryView {
  const lines = (story?.lines ?? []).map((line) => ({
    when: words.moment(new Date(line.at), now),
    sentence: told(line, words),
  }));
  const took = story?.tookSeconds ?? null;
  const end = took === null ? "" : words.say("story.took", { duration: words.duration(took) });
  return {
    title: words.say("story"),
    isOpen: isStoryOpen,
    lines,
    end: story && !lines.length ? words.say("story.empty") : end,
  };
}

/** One event as a sentence; the server's own where there are no words for it. */
function told(line: StoryLine, words: Words): string {
  const word = wordOf(line, words);
  if (!word) {
    return line.sentence;
  }
  const { place, reason, detail, by, organisations } = line.facts;
  const names = organisations.map((name) => name || words.say("no_organisation"));
  return words
    .say(word, {
      place: place ? words.say(`place.${place}`) : "",
      organisations: names.join(", "),
      reason: (reason && words.find(`reason.${reason}`)) ?? "",
      detail: detail ?? "",
      by: by || words.say("someone"),
    })
    .trim();
}

function wordOf({ kind, facts: { isByRule, isShared } }: StoryLine, words: Words): Word | null {
  const more = (isByRule && ".rule") || (isShared && ".shared") || "";
  const found = [`story.${kind}${more}`, `story.${kind}`].find((name) => words.find(name));
  return (found ?? null) as Word | null;
}
