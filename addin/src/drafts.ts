/** What a person decided about a mail and has not sent yet. Pure. */

import type { Along } from "./api_models.ts";
import type { Selection } from "./selection.ts";
import type { WantedPlace } from "./wanted_places.ts";

/** `places`: null = as matched. `along`: what goes along, null = as the settings say. */
export interface Draft {
  places: WantedPlace[] | null;
  along: Along | null;
}

/** The drafts of the mails that were selected last, the newest last, by mail. */
export type Drafts = readonly (readonly [mail: string, draft: Draft])[];

export const EMPTY_DRAFT: Draft = { places: null, along: null };
/** A pane may stay open for weeks. */
const MAX_DRAFTS = 50;

/** The drafts with this one, which replaces an earlier one of the same mail. */
export function keepDraft(drafts: Drafts, selection: Selection, draft: Draft): Drafts {
  const mail = mailKey(selection);
  const others = drafts.filter(([other]) => other !== mail);
  const isWorthKeeping = mail !== null && (draft.places !== null || draft.along !== null);
  return isWorthKeeping ? [...others, [mail, draft] as const].slice(-MAX_DRAFTS) : others;
}

/** The draft of this mail; an empty one if there is none. */
export function draftFor(drafts: Drafts, selection: Selection): Draft {
  const mail = mailKey(selection);
  return drafts.find(([other]) => other === mail)?.[1] ?? EMPTY_DRAFT;
}

/** The Message-ID identifies a mail best: a move gives it a new item id. */
function mailKey(selection: Selection): string | null {
  if (selection.kind !== "mail") {
    return null;
  }
  const { messageId, itemId } = selection.mail.ref;
  return messageId ?? itemId;
}
