/** What is selected in Outlook, as values of the add-in. */

/** A mail as Office.js names it. Empty `itemId`, null `messageId`: Outlook does not give one. */
export interface MailRef {
  itemId: string;
  idType: "ews" | "rest";
  messageId: string | null;
}

/** A file on a mail. Pictures inside its text are none. `size`: in bytes. */
export interface Attachment {
  name: string;
  size: number;
}

export interface Mail {
  ref: MailRef;
  subject: string;
  /** Name or address of the sender, or of the first recipient if the person sent the mail. */
  who: string;
  isSent: boolean;
  at: Date | null;
  attachments: Attachment[];
}

/** `outside`: the page is open outside Outlook. `other`: an appointment, for example. */
export type Selection =
  | { kind: "mail"; mail: Mail }
  | { kind: "draft" }
  | { kind: "other" }
  | { kind: "none" }
  | { kind: "outside" };

/** True if both are the same mail or the same kind: Outlook reports some selections twice. */
export function isSame(a: Selection, b: Selection): boolean {
  return a.kind === "mail" && b.kind === "mail"
    ? isSameRef(a.mail.ref, b.mail.ref)
    : a.kind === b.kind;
}

/** Compares the item ids, or the Message-IDs while Outlook does not give both item ids. */
function isSameRef(a: MailRef, b: MailRef): boolean {
  return a.itemId && b.itemId ? a.itemId === b.itemId : a.messageId === b.messageId;
}
