/** What is selected in Outlook, in our own values. */

import type { MailRef } from "./api_types.ts";

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
    ? isSameRef(a.mail.ref, b.mail.ref)
    : a.kind === b.kind;
}

/** By the ids; where Outlook gives one of them late or never, by the Message-IDs. */
function isSameRef(a: MailRef, b: MailRef): boolean {
  return a.itemId && b.itemId ? a.itemId === b.itemId : a.messageId === b.messageId;
}
