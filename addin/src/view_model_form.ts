/** What is open for choosing or typing. */

import type { Candidate, MailState } from "./api_types.ts";
import { nameOf } from "./view_context.ts";
import { type Model, type Panel, replacedIn } from "./state.ts";
import type { Words } from "./i18n.ts";

export interface ChoicesView {
  title: string;
  options: { id: number; name: string; why: string; isMarked: boolean }[];
}

export interface SearchView {
  label: string;
  text: string;
  options: { id: number; name: string; why: string; isActive: boolean }[];
  /** How many were found, or that none was. */
  said: string;
  isOpen: boolean;
}

export interface FieldView {
  name: "name" | "address";
  label: string;
  text: string;
  isMissing: boolean;
}

export interface PanelView {
  kind: Panel["kind"];
  title: string;
  /** Which of several Organisations gives way, where that is to be said first. */
  replaced: ChoicesView | null;
  fields: FieldView[];
  /** Null until it is known which one gives way. */
  search: SearchView | null;
  isOrganisationMissing: boolean;
  /** What is still needed, once it was sent off without. */
  missing: string;
  /** The word of the button that sends it off; null = choosing is enough. */
  submit: string | null;
  isReady: boolean;
  cancel: string;
}

/** The candidates and the panel. */
export function showForm(
  model: Model,
  words: Words,
): { choices: ChoicesView | null; panel: PanelView | null } {
  const known = model.trouble ? null : model.answer;
  return {
    choices: known && !model.panel ? showChoices(model, known, words) : null,
    panel: known && showPanel(model, known, words),
  };
}

function showChoices(model: Model, answer: MailState, words: Words): ChoicesView | null {
  const isOpen = answer.state === "new" || answer.state === "parked";
  if (!isOpen || !answer.candidates.length) {
    return null;
  }
  return {
    title: words.say("new.several"),
    options: answer.candidates.map((one) => ({
      id: one.organisationId,
      name: one.organisation,
      why: whyOf(one, words),
      isMarked: model.picked?.id === one.organisationId,
    })),
  };
}

/** What points at this Organisation. */
function whyOf({ why, who }: Candidate, words: Words): string {
  return words.say(`why.${why}`, { who });
}

function showPanel(model: Model, answer: MailState, words: Words): PanelView | null {
  const { panel } = model;
  if (!panel) {
    return null;
  }
  const isContact = panel.kind === "contact";
  const isMissing = isContact && panel.isMissing;
  return {
    kind: panel.kind,
    title: words.say(TITLES[panel.kind]),
    replaced: showReplaced(model, answer, words),
    fields: isContact ? [field("name"), field("address")] : [],
    search: showSearch(model, panel, answer, words),
    isOrganisationMissing: isMissing && !panel.organisation,
    missing: isMissing && !isComplete(panel) ? words.say("contact.missing") : "",
    submit: isContact ? words.say("button.create_contact") : null,
    isReady: model.ask === null,
    cancel: words.say("button.cancel"),
  };

  function field(name: FieldView["name"]): FieldView {
    const text = panel?.kind === "contact" ? panel[name] : "";
    return {
      name,
      label: words.say(`contact.${name}`),
      text,
      isMissing: isMissing && !text.trim(),
    };
  }
}

const TITLES = {
  choose: "button.choose",
  change: "button.change",
  contact: "button.create_contact",
} as const;

/** What the search for an Organisation is called. */
function labelOf(model: Model, words: Words): string {
  const replaced = replacedIn(model);
  if (replaced) {
    return words.say("change.search", { organisation: nameOf(replaced, words) });
  }
  return words.say(model.panel?.kind === "contact" ? "contact.organisation" : "choose.search");
}

function showReplaced(model: Model, answer: MailState, words: Words): ChoicesView | null {
  const targets = model.panel?.kind === "change" ? answer.targets : [];
  const options = targets.map((target) => ({
    id: target.organisationId,
    name: nameOf(target, words),
    why: target.person ?? "",
    isMarked: replacedIn(model) === target,
  }));
  return options.length > 1 ? { title: words.say("change.which"), options } : null;
}

/** True when a contact can be made of what has been typed. */
export function isComplete(panel: Panel): boolean {
  return (
    panel.kind === "contact" &&
    panel.name.trim() !== "" &&
    /^\S+@\S+$/.test(panel.address.trim()) &&
    panel.organisation !== null
  );
}

function showSearch(
  model: Model,
  panel: Panel,
  answer: MailState,
  words: Words,
): SearchView | null {
  if (panel.kind === "change" && !replacedIn(model)) {
    return null;
  }
  const { text, found, active } = panel.search;
  const isContact = panel.kind === "contact";
  const isChosen = isContact && panel.organisation !== null;
  const options = isChosen ? [] : (found ?? []);
  const there = panel.kind === "change" ? answer.targets : [];
  const whys = new Map([
    ...answer.candidates.map((one) => [one.organisationId, whyOf(one, words)] as const),
    ...there.map((one) => [one.organisationId, words.say("change.there")] as const),
  ]);
  const nothing = found && text.trim() ? words.say("choose.none", { text: text.trim() }) : "";
  return {
    label: labelOf(model, words),
    text,
    options: options.map(({ id, name }, index) => ({
      id,
      name,
      why: whys.get(id) ?? "",
      isActive: index === active,
    })),
    said: options.length
      ? words.say("choose.found", { count: words.count(options.length) })
      : nothing,
    isOpen: options.length > 0,
  };
}
