/** What is selected in Outlook, in our own values. */

import type { MailRef } from "./contract.ts";

export interface Mail {
  ref: MailRef;
  subject: string;
  /** Sender, or the first recipient of a mail one sent oneself; name or address. */
  who: string;
  isSent: boolean;
  at: Date | null;
}

/** `outside`: the page was opened without Outlook. `other`: an appointment and the like. */
export type Selection =
  | { kind: "mail"; mail: Mail }
  | { kind: "draft" }
  | { kind: "other" }
  | { kind: "none" }
  | { kind: "outside" };

/** True when both speak of the same thing, so that a doubled event changes nothing. */
export function isSame(a: Selection, b: Selection): boolean {
  return a.kind === "mail" && b.kind === "mail"
    ? a.mail.ref.itemId === b.mail.ref.itemId
    : a.kind === b.kind;
}
