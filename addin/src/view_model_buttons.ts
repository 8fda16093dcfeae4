/** What can be done with a mail: one thing that stands out, and the rest. */

import type { Action, MailState } from "./api_types.ts";
import { isWebAddress } from "./view_context.ts";
import { shownAs, type ShownAs } from "./status_row.ts";
import type { Model } from "./state.ts";
import type { Word, Words } from "./i18n.ts";

/** What a button asks the pane to do. "file": under the candidate that is marked. */
export type Intent = Action | "file" | "open" | "sign_in" | "look";

export interface Button {
  does: Intent;
  word: string;
  /** For "open". */
  link: string | null;
  isReady: boolean;
}

/** The order in which an action deserves to be the one that stands out. */
const CURES: Record<ShownAs, Intent[]> = {
  new: ["sync"],
  undone: ["sync"],
  colleague: ["open"],
  on_its_way: [],
  synced: ["open"],
  mirrored: ["open"],
  waiting: ["create_contact", "choose"],
  parked: ["file", "retry", "choose", "create_contact"],
  skipped: [],
  draft: [],
};
/** Everything a row may offer, in reading order. */
const OFFERED: Intent[] = [
  ...(["open", "sync", "file", "retry", "anyway"] as const),
  ...(["choose", "create_contact", "change", "undo"] as const),
];

/** The buttons of a mail: none while something is open for typing. */
export function showButtons(
  model: Model,
  answer: MailState,
  words: Words,
): { primary: Button | null; secondary: Button[] } {
  if (model.panel || (model.isExpecting && answer.state === "waiting")) {
    return { primary: null, secondary: [] };
  }
  const link = answer.targets.map((target) => target.link).find(isWebAddress) ?? null;
  const row = shownAs(answer);
  const created = model.isExpecting ? "create_contact" : null;
  const offered = OFFERED.filter((does) => does !== created && isOffered(does, answer, link));
  const first = CURES[row].find((does) => offered.includes(does));
  const make = (does: Intent): Button => ({
    does,
    word: words.say(wordFor(does, row)),
    link: does === "open" ? link : null,
    isReady: model.ask === null && !(isUnderOne(does) && lacksChoice(model, answer)),
  });
  return {
    primary: first ? make(first) : null,
    secondary: offered.filter((does) => does !== first).map(make),
  };
}

function isOffered(does: Intent, answer: MailState, link: string | null): boolean {
  const isCure = CURES[shownAs(answer)].includes(does);
  switch (does) {
    case "open":
      return isCure && link !== null;
    case "file":
      return isCure && answer.candidates.length > 0 && answer.can.includes("choose");
    default:
      return (answer.can as Intent[]).includes(does);
  }
}

/** True for what syncs under the candidate that is marked. */
function isUnderOne(does: Intent): boolean {
  return does === "sync" || does === "file";
}

/** True while one of several must be marked before anything can be synced. */
function lacksChoice({ picked }: Model, { state, candidates }: MailState): boolean {
  return !picked && candidates.length > 0 && (state === "new" || state === "parked");
}

function wordFor(does: Intent, row: ShownAs): Word {
  if (row === "colleague" && does === "sync") {
    return "button.mark";
  }
  if (row === "skipped" && does === "choose") {
    return "button.file_anyway";
  }
  return does === "file" ? "button.sync" : (`button.${does}` as Word);
}
