/** The input of the view model, apart from the model. */

import type { Candidate, Target } from "./api_models.ts";
import type { Texts } from "./i18n.ts";

/** The surroundings in which a model is shown. */
export interface ViewContext {
  texts: Texts;
  now: Date;
  folderName: string;
  /** The usual time from the click to the mark, in seconds. */
  usualSeconds: number;
}

/** The Organisation's name; "no Organisation" for an Activity without one. */
export function organisationName(
  { organisationId, organisation }: Pick<Target, "organisationId" | "organisation">,
  texts: Texts,
): string {
  return organisationId ? organisation : texts.get("no_organisation");
}

/** Why an Organisation is meant: its contact, or the domain of an address. */
export function evidenceText({ why, who }: Pick<Candidate, "why" | "who">, texts: Texts): string {
  return texts.get(`why.${why}`, { who });
}

/** Names as the language lists them, such as "Harbour and Mill". */
export function listNames(names: string[], { language }: Texts): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(names);
}

/** True for an http or https address: a link made from settings may be anything. */
export function isWebAddress(link: string | null): link is string {
  return link !== null && /^https?:\/\//i.test(link);
}
