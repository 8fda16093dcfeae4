/** What the pane is shown in. */

import type { Target } from "./api_types.ts";
import type { Words } from "./i18n.ts";

/** What is given from outside for one look at the model. */
export interface Scene {
  words: Words;
  now: Date;
  folderName: string;
  usualSeconds: number;
}

/** The Organisation's name; what stands under none has a name for that as well. */
export function nameOf(
  { organisationId, organisation }: Pick<Target, "organisationId" | "organisation">,
  words: Words,
): string {
  return organisationId ? organisation : words.say("no_organisation");
}

/** True for an address that is safe to follow: what comes from settings may still be wrong. */
export function isWebAddress(link: string | null): link is string {
  return link !== null && /^https?:\/\//i.test(link);
}
