/** Mails and their states, for tests. */

import { readdirSync } from "node:fs";

import type { MailState } from "../src/api_models.ts";
import { loadTexts, type Texts } from "../src/i18n.ts";
import type { Mail, Selection } from "../src/selection.ts";
import type { WantedPlace } from "../src/wanted_places.ts";
import { states } from "./preview/states.mjs";

export const NOW = new Date("2026-11-23T10:00:00Z");

const OUTLOOK_LANGUAGES = "en-GB en-US da-DK de-AT de-DE fi-FI fr-FR nb-NO nn-NO sv-FI".split(" ");
const LOCALES = readdirSync(new URL("../locales/", import.meta.url)).map((name) =>
  name.replace(".json", ""),
);
const TEXTS = new Map(
  await Promise.all(
    [...LOCALES, ...OUTLOOK_LANGUAGES].map(async (tag) => [tag, await loadTexts(tag)] as const),
  ),
);

/** The texts for this language of Outlook. */
export function textsIn(language: string): Texts {
  const found = TEXTS.get(language);
  if (!found) {
    throw new Error(`no test has loaded the texts for ${language}`);
  }
  return found;
}

/** The API's answer for a mail in this state, such as "synced", with these changes. */
export function mailState(name: string, changes: Partial<MailState> = {}): MailState {
  const found = states[name];
  if (!found) {
    throw new Error(`there is no state ${name}`);
  }
  return { ...found, ...changes };
}

/** The selection of a mail in the reading pane, with these changes. */
export function mail(itemId: string, changes: Partial<Mail> = {}): Selection {
  return {
    kind: "mail",
    mail: {
      ref: { itemId, idType: "ews", messageId: `<${itemId}@harbour.example>` },
      subject: "Offer",
      who: "Purchasing",
      isSent: false,
      at: NOW,
      attachments: [
        { name: "offer.pdf", size: 48_000 },
        { name: "prices.xlsx", size: 1_830_000 },
      ],
      ...changes,
    },
  };
}

/** A place without an Opportunity. */
export function place(organisationId: number, organisation: string): WantedPlace {
  return { organisationId, organisation, opportunityId: null };
}
