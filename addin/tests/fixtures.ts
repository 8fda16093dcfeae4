/** Mails and their states, for tests. */

import type { MailState } from "../src/api_models.ts";
import type { Selection } from "../src/selection.ts";
import { states } from "./preview/states.mjs";

export const NOW = new Date("2026-11-23T10:00:00Z");

/** The API's answer for a mail in this state, such as "synced", with these changes. */
export function mailState(name: string, changes: Partial<MailState> = {}): MailState {
  const found = states[name];
  if (!found) {
    throw new Error(`there is no state ${name}`);
  }
  return { ...found, ...changes };
}

/** The selection of a mail in the reading pane. */
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
