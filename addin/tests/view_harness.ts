/** What the pane shows of an answer, after these events. */

import type { MailState } from "../src/api_types.ts";
import { show, type View } from "../src/view_model.ts";
import { type Event, reduce, start } from "../src/state.ts";
import { plain, wordsFor } from "../src/i18n.ts";
import { mail, NOW } from "./fixtures.ts";

export const words = wordsFor("en-GB");
export const scene = { words, now: NOW, folderName: "webCRM sync", usualSeconds: 3 };

/** The view of an answer. */
export function shown(given: MailState | null, events: Event[] = [], selection = mail("1")): View {
  const first: Event[] = given
    ? [{ type: "answered", answer: given, by: "act", at: NOW.getTime() }]
    : [];
  return show([...first, ...events].reduce(reduce, start(selection)), scene);
}

/** The sentence, the line, the primary button and the others. */
export function row({ status }: View): (string | null)[] {
  const { primary, secondary } = status;
  return [
    status.sentence,
    plain(status.line),
    primary ? primary.word + (primary.isReady ? "" : " (not ready)") : null,
    secondary.map((button) => button.word).join(" / "),
  ];
}
