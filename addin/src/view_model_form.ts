/** The candidates to choose from, and the form that is open for input. */

import type { MailState } from "./api_models.ts";
import type { ContactField, ContactForm, Field, Panel, PlaceForm } from "./forms.ts";
import { missingFields } from "./forms.ts";
import type { TextKey, Texts } from "./i18n.ts";
import { saidText } from "./phrases.ts";
import { newSearch, type OptionReason, type Search, type SearchOption } from "./search.ts";
import type { Model } from "./state.ts";
import { isBeforeSync } from "./status_row.ts";
import { evidenceText, listNames, organisationName } from "./view_context.ts";
import { placesOf, type WantedPlace } from "./wanted_places.ts";

export interface ChoicesView {
  title: string;
  options: { place: WantedPlace; why: string; isMarked: boolean }[];
}

export interface OptionView {
  option: SearchOption;
  key: string;
  label: string;
  why: string;
  isActive: boolean;
}

export interface SearchView {
  label: string;
  text: string;
  options: OptionView[];
  /** How many Organisations were found, or that none was. */
  outcome: string;
  isOpen: boolean;
  /** What is missing or follows from the choice; empty = nothing to say. */
  error: string;
  hint: string;
}

export interface FieldView {
  name: ContactField;
  type: "text" | "email" | "tel" | "url";
  label: string;
  text: string;
  error: string;
}

export interface PanelView {
  kind: Panel["kind"];
  title: string;
  /** What to know before the form is sent. */
  intro: string;
  fields: FieldView[];
  search: SearchView | null;
  /** The fields of an Organisation that is to be created, below its name. */
  organisationFields: FieldView[];
  similar: { title: string; options: SearchOption[]; anywayLabel: string } | null;
  /** Null = choosing an Organisation submits the form. */
  submitLabel: string | null;
  isReady: boolean;
  cancelLabel: string;
}

/** The candidates of a mail that could belong to several; null while a form is open. */
export function choicesView(model: Model, texts: Texts): ChoicesView | null {
  const { mailState, error, panel, draft } = model;
  const isUndecided = mailState?.state === "new" || mailState?.state === "parked";
  if (!mailState?.candidates.length || !isUndecided || error || panel) {
    return null;
  }
  const [marked] = draft.places ?? [];
  const options = mailState.candidates.map((candidate) => {
    const { organisationId, organisation } = candidate;
    return {
      place: { organisationId, organisation, opportunityId: null },
      why: evidenceText(candidate, texts),
      isMarked: marked?.organisationId === organisationId,
    };
  });
  return { title: texts.get("new.several"), options };
}

/** The open form; null while an error is shown in place of the mail's state. */
export function panelView(model: Model, texts: Texts): PanelView | null {
  const { mailState, panel, error } = model;
  if (!mailState || !panel || error) {
    return null;
  }
  switch (panel.kind) {
    case "private":
      return privateView(model, mailState, texts);
    case "contact":
      return contactView(model, panel, mailState, texts);
    default:
      return placeView(panel, mailState, texts);
  }
}

function emptyView({ kind }: Panel, texts: Texts): Omit<PanelView, "title"> {
  return {
    kind,
    intro: "",
    fields: [],
    search: null,
    organisationFields: [],
    similar: null,
    submitLabel: null,
    isReady: true,
    cancelLabel: texts.get("button.cancel"),
  };
}

function privateView(model: Model, mailState: MailState, texts: Texts): PanelView {
  const places = model.draft.places ?? placesOf(mailState);
  const key = mailState.sensitivity === "confidential" ? "private.confidential" : "private.private";
  return {
    ...emptyView({ kind: "private" }, texts),
    title: texts.get(key),
    intro: readersText(places, texts),
    submitLabel: texts.get("button.sync_private"),
    isReady: model.pending === null,
  };
}

/** Who will be able to read the mail in webCRM. */
export function readersText(
  places: Pick<WantedPlace, "organisationId" | "organisation">[],
  texts: Texts,
): string {
  const names = places.map((place) => organisationName(place, texts));
  return names.length
    ? texts.get("where.seen_by", { organisations: listNames(names, texts) })
    : texts.get("where.seen_by_anybody");
}

function placeView(panel: PlaceForm, mailState: MailState, texts: Texts): PanelView {
  const from = mailState.targets.find(({ organisationId }) => organisationId === panel.from);
  const label = from
    ? texts.get("where.move_to", { organisation: organisationName(from, texts) })
    : texts.get("choose.search");
  return {
    ...emptyView(panel, texts),
    title: label,
    search: searchView(panel.search, label, texts),
  };
}

function contactView(
  model: Model,
  form: ContactForm,
  mailState: MailState,
  texts: Texts,
): PanelView {
  const missing = new Set<Field>(form.isIncomplete ? missingFields(form) : []);
  const fields = (names: ContactField[]) =>
    names.map((name) => fieldView(form, name, missing, texts));
  const isNew = form.newOrganisation !== null;
  return {
    ...emptyView(form, texts),
    title: texts.get(form.hasContact ? "button.create_contact" : "customer.title"),
    intro: mailState.sensitivity ? texts.get(`private.${mailState.sensitivity}`) : "",
    fields: form.hasContact ? fields(["name", "address", "title", "phone"]) : [],
    search: organisationView(form, missing, texts),
    organisationFields: isNew ? fields(["www"]) : [],
    similar: form.similar.length ? similarView(form, texts) : null,
    submitLabel: form.similar.length ? null : texts.get(submitKey(form, mailState)),
    isReady: model.pending === null,
  };
}

/** The search; closed once an Organisation is chosen, or named as a new one. */
function organisationView(form: ContactForm, missing: Set<Field>, texts: Texts): SearchView {
  const isChosen = form.organisation !== null || form.newOrganisation !== null;
  const search = isChosen ? newSearch(form.search.text) : form.search;
  return {
    ...searchView(search, texts.get("contact.organisation"), texts),
    hint: form.newOrganisation === null ? "" : texts.get("customer.will_be_created"),
    error: errorText(form, "search", missing, texts),
  };
}

function fieldView(
  form: ContactForm,
  name: ContactField,
  missing: Set<Field>,
  texts: Texts,
): FieldView {
  return {
    name,
    type: FIELD_TYPES[name],
    label: texts.get(`contact.${name}`),
    text: form.values[name],
    error: errorText(form, name, missing, texts),
  };
}

const MISSING: Partial<Record<Field, TextKey>> = {
  address: "missing.address",
  search: "missing.organisation",
};

/** What is missing in a field, or why the server did not accept it. */
function errorText(form: ContactForm, field: Field, missing: Set<Field>, texts: Texts): string {
  if (missing.has(field)) {
    return texts.get(MISSING[field] ?? "missing.field");
  }
  const { refused } = form;
  if (refused?.field !== field) {
    return "";
  }
  const detail = saidText(refused, texts);
  return refused.phrase ? detail : texts.get("invalid.line", { detail });
}

const FIELD_TYPES = {
  name: "text",
  address: "email",
  title: "text",
  phone: "tel",
  www: "url",
} as const;

function submitKey(form: ContactForm, mailState: MailState): TextKey {
  if (!form.hasContact) {
    return "customer.submit";
  }
  return isBeforeSync(mailState) ? "button.create_and_sync" : "button.create_contact";
}

function similarView(form: ContactForm, texts: Texts): PanelView["similar"] {
  const name = form.newOrganisation ?? "";
  return {
    title: texts.get("customer.similar"),
    options: form.similar.map(({ id, name: other }) => ({ id, name: other, reason: null })),
    anywayLabel: texts.get("customer.create", { name }),
  };
}

function searchView(search: Search, label: string, texts: Texts): SearchView {
  const options = search.options ?? [];
  return {
    label,
    text: search.text,
    options: options.map((option, index) => ({
      option,
      key: `${option.id ?? "new"}`,
      label: option.id === null ? texts.get("customer.create", { name: option.name }) : option.name,
      why: option.reason ? reasonText(option.reason, texts) : "",
      isActive: index === search.active,
    })),
    outcome: outcomeText(search, texts),
    isOpen: options.length > 0,
    error: "",
    hint: "",
  };
}

/** How many were found, or that none was; nothing before the first search. */
function outcomeText({ text, options }: Search, texts: Texts): string {
  const found = (options ?? []).filter(({ id }) => id !== null).length;
  if (found) {
    return texts.plural("choose.found", found);
  }
  return options && text.trim() ? texts.get("choose.none", { text: text.trim() }) : "";
}

function reasonText(reason: OptionReason, texts: Texts): string {
  switch (reason) {
    case "recent":
      return texts.get("why.recent");
    case "there":
      return texts.get("where.there");
    default:
      return evidenceText(reason, texts);
  }
}
