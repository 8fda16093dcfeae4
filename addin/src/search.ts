/** The search for an Organisation inside a form. Pure. */

import type { Candidate, Organisation } from "./api_models.ts";

/** Why it is offered. `recent`: the person filed there lately. `there`: the mail is there already. */
export type OptionReason = Pick<Candidate, "why" | "who"> | "recent" | "there";

/** An Organisation to choose. `id` null = one to be created. */
export interface SearchOption {
  id: number | null;
  name: string;
  reason: OptionReason | null;
}

/** `options`: null = not searched yet. */
export interface Search {
  text: string;
  options: SearchOption[] | null;
  /** The index of the option under the keyboard; -1 = none. */
  active: number;
}

/** A name shorter than this is typed to search, not to create. */
const MIN_NEW_NAME = 2;

/** A search for this text, of which nothing is known yet. */
export function newSearch(text: string): Search {
  return { text, options: null, active: -1 };
}

/** The search after a step up or down in its options; goes round at both ends. */
export function moveActive(search: Search, by: number): Search {
  const count = search.options?.length ?? 0;
  const active = count ? (Math.max(search.active, by > 0 ? -1 : 0) + by + count) % count : -1;
  return { ...search, active };
}

/** What to offer before anything is typed: the candidates with their reasons, then recent ones. */
export function suggestedOptions(
  candidates: Candidate[],
  recent: Organisation[] = [],
): SearchOption[] {
  const known = candidates.map(({ organisationId, organisation, why, who }) => ({
    id: organisationId,
    name: organisation,
    reason: { why, who },
  }));
  return [...known, ...recent.map(({ id, name }) => ({ id, name, reason: "recent" as const }))];
}

/** The found Organisations, and last the one to be created, unless one has just this name. */
export function foundOptions(found: Organisation[], text: string): SearchOption[] {
  const options = found.map(({ id, name }) => ({ id, name, reason: null }));
  const isNew =
    text.length >= MIN_NEW_NAME &&
    found.every(({ name }) => name.toLowerCase() !== text.toLowerCase());
  return isNew ? [...options, { id: null, name: text, reason: null }] : options;
}

/** The options; those under which the mail is filed already come last. */
export function takenLast(options: SearchOption[], taken: Set<number>): SearchOption[] {
  const isTaken = ({ id }: SearchOption) => id !== null && taken.has(id);
  const there = options
    .filter(isTaken)
    .map(({ id, name }): SearchOption => ({ id, name, reason: "there" }));
  return [...options.filter((one) => !isTaken(one)), ...there];
}
