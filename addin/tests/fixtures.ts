/** Mails and answers to tell tests with. */

import type { MailState } from "../src/api_types.ts";
import type { Selection } from "../src/selection.ts";
import { states } from "./preview/states.mjs";

export const NOW = new Date("2026-11-23T10:00:00Z");

/** What the server says of a mail in this state, such as "synced". */
export function answer(name: string, change: Partial<MailState> = {}): MailState {
  const found = states[name];
  if (!found) {
    throw new Error(`there is no state ${name}`);
  }
  return { ...found, ...change };
}

/** A mail in the reading pane. */
export function mail(itemId: string): Selection {
  return {
    kind: "mail",
    mail: {
      ref: { itemId, idType: "ews", messageId: `<${itemId}@harbour.example>` },
      subject: "Offer",
      who: "Purchasing",
      isSent: false,
      at: NOW,
    },
  };
}
