/** Which row of the table of states a mail is in: the server's states, told apart further. */

import type { MailState, MailStateName } from "./api_types.ts";

/** `undone`: it was taken back; `colleague`: it is in webCRM by another copy than this one. */
export type ShownAs = MailStateName | "undone" | "colleague";

/** The row of this mail. */
export function shownAs({ state, elsewhere, withdrawn }: MailState): ShownAs {
  if (state !== "new" && state !== "skipped") {
    return state;
  }
  if (elsewhere?.state === "synced") {
    return "colleague";
  }
  return state === "new" && withdrawn?.length ? "undone" : state;
}

/** True while webCRM has not emptied yet what was taken back. */
export function isPending({ withdrawn = [] }: MailState): boolean {
  return withdrawn.some((one) => !one.isTold);
}
