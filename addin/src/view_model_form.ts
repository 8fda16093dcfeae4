/** The candidates to choose from, and the panel that is open for input. */

import type { Candidate, MailState } from "./api_models.ts";
import type { Texts } from "./i18n.ts";
import { type ContactForm, type Model, type Panel, replacedTarget } from "./state.ts";
import { organisationName } from "./view_context.ts";

export interface ChoicesView {
  title: string;
  options: { id: number; name: string; why: string; isMarked: boolean }[];
}

export interface SearchView {
  label: string;
  text: string;
  options: { id: number; name: string; why: string; isActive: boolean }[];
  /** How many Organisations were found, or that none was. */
  outcome: string;
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
  /** The targets, if the person must mark the one to replace. */
  replaced: ChoicesView | null;
  fields: FieldView[];
  /** Null until the target to replace is known. */
  search: SearchView | null;
  isOrganisationMissing: boolean;
  /** Which input is missing, after the person submitted an incomplete form. */
  missing: string;
  /** Null = choosing an Organisation submits the panel. */
  submitLabel: string | null;
  isReady: boolean;
  cancelLabel: string;
}

/** The candidates, or the open panel; neither while an error is shown. */
export function formView(
  model: Model,
  texts: Texts,
): { choices: ChoicesView | null; panel: PanelView | null } {
  const mailState = model.error ? null : model.mailState;
  return {
    choices: mailState && !model.panel ? choicesView(model, mailState, texts) : null,
    panel: mailState && panelView(model, mailState, texts),
  };
}

function choicesView(model: Model, mailState: MailState, texts: Texts): ChoicesView | null {
  const isUndecided = mailState.state === "new" || mailState.state === "parked";
  if (!isUndecided || !mailState.candidates.length) {
    return null;
  }
  return {
    title: texts.get("new.several"),
    options: mailState.candidates.map((candidate) => ({
      id: candidate.organisationId,
      name: candidate.organisation,
      why: evidenceText(candidate, texts),
      isMarked: model.chosen?.id === candidate.organisationId,
    })),
  };
}

function evidenceText({ why, who }: Candidate, texts: Texts): string {
  return texts.get(`why.${why}`, { who });
}

const PANEL_TITLES = {
  choose: "button.choose",
  change: "button.change",
  contact: "button.create_contact",
} as const;

function panelView(model: Model, mailState: MailState, texts: Texts): PanelView | null {
  const { panel } = model;
  if (!panel) {
    return null;
  }
  const form = panel.kind === "contact" ? panel : null;
  return {
    kind: panel.kind,
    title: texts.get(PANEL_TITLES[panel.kind]),
    replaced: replacedView(model, mailState, texts),
    fields: form ? [fieldView(form, "name", texts), fieldView(form, "address", texts)] : [],
    search: searchView(model, panel, mailState, texts),
    isOrganisationMissing: Boolean(form?.isIncomplete && !form.organisation),
    missing: form?.isIncomplete && !isComplete(form) ? texts.get("contact.missing") : "",
    submitLabel: form ? texts.get("button.create_contact") : null,
    isReady: model.pending === null,
    cancelLabel: texts.get("button.cancel"),
  };
}

function fieldView(form: ContactForm, name: FieldView["name"], texts: Texts): FieldView {
  const text = form[name];
  const label = texts.get(`contact.${name}`);
  return { name, label, text, isMissing: form.isIncomplete && !text.trim() };
}

function replacedView(model: Model, mailState: MailState, texts: Texts): ChoicesView | null {
  const targets = model.panel?.kind === "change" ? mailState.targets : [];
  const options = targets.map((target) => ({
    id: target.organisationId,
    name: organisationName(target, texts),
    why: target.person ?? "",
    isMarked: replacedTarget(model) === target,
  }));
  return options.length > 1 ? { title: texts.get("change.which"), options } : null;
}

/** True if a contact can be created from the input. */
export function isComplete(panel: Panel): boolean {
  return (
    panel.kind === "contact" &&
    panel.name.trim() !== "" &&
    /^\S+@\S+$/.test(panel.address.trim()) &&
    panel.organisation !== null
  );
}

function searchView(
  model: Model,
  panel: Panel,
  mailState: MailState,
  texts: Texts,
): SearchView | null {
  if (panel.kind === "change" && !replacedTarget(model)) {
    return null;
  }
  const { text, found, active } = panel.search;
  const isChosen = panel.kind === "contact" && panel.organisation !== null;
  const organisations = isChosen ? [] : (found ?? []);
  const reasons = optionReasons(panel, mailState, texts);
  const noneFound = found && text.trim() ? texts.get("choose.none", { text: text.trim() }) : "";
  return {
    label: searchLabel(model, texts),
    text,
    options: organisations.map(({ id, name }, index) => ({
      id,
      name,
      why: reasons.get(id) ?? "",
      isActive: index === active,
    })),
    outcome: organisations.length ? texts.plural("choose.found", organisations.length) : noneFound,
    isOpen: organisations.length > 0,
  };
}

function searchLabel(model: Model, texts: Texts): string {
  const replaced = replacedTarget(model);
  if (replaced) {
    return texts.get("change.search", { organisation: organisationName(replaced, texts) });
  }
  return texts.get(model.panel?.kind === "contact" ? "contact.organisation" : "choose.search");
}

/** Why an Organisation is a candidate, or that the mail is filed there already, by id. */
function optionReasons(panel: Panel, mailState: MailState, texts: Texts): Map<number, string> {
  const targets = panel.kind === "change" ? mailState.targets : [];
  return new Map([
    ...mailState.candidates.map((one) => [one.organisationId, evidenceText(one, texts)] as const),
    ...targets.map((one) => [one.organisationId, texts.get("change.there")] as const),
  ]);
}
