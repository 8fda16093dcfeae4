/** The row of the status table that fits a mail: finer than the server's states. */

import type { MailState, MailStatus } from "./api_models.ts";

/**
 * `undone`: a person took the mail back. `colleague`: another copy of the mail is in webCRM, and
 * this copy is not marked.
 */
export type StatusRow = MailStatus | "undone" | "colleague";

/** The row of this mail. An older server sends neither `elsewhere` nor `withdrawn`. */
export function statusRow({ state, elsewhere, withdrawn }: MailState): StatusRow {
  if (state !== "new" && state !== "skipped") {
    return state;
  }
  if (elsewhere?.state === "synced") {
    return "colleague";
  }
  return state === "new" && withdrawn?.length ? "undone" : state;
}

/** True while nothing of the mail was filed by this copy, so that an edit waits for the sync. */
export function isBeforeSync({ state }: Pick<MailState, "state">): boolean {
  return state === "new" || state === "skipped" || state === "draft";
}

/** True until webCRM has emptied all entries of a mail that was taken back. */
export function isWithdrawalPending({ withdrawn = [] }: MailState): boolean {
  return withdrawn.some((entry) => !entry.isTold);
}
