/** The forms that can be open in the pane, and how input changes them. Pure. */

import type { MailState, Organisation } from "./api_models.ts";
import type { Said } from "./phrases.ts";
import { newSearch, type Search } from "./search.ts";
import { nameFromDomain, type Signature, workDomain } from "./signature.ts";

/** The fields of a contact and of a new Organisation. */
export type ContactField = "name" | "address" | "title" | "phone" | "www";
export type Field = "search" | ContactField;

/** Adds an Organisation, or moves the mail there from `from`. */
export interface PlaceForm {
  kind: "add" | "move";
  from: number | null;
  search: Search;
}

/** A contact with its Organisation, either of which may be new. */
export interface ContactForm {
  kind: "contact";
  /** False if the mail's people are contacts already: only an Organisation is created. */
  hasContact: boolean;
  values: Record<ContactField, string>;
  /** The fields that the person typed in: a hint never replaces them. */
  typed: ContactField[];
  /** The Organisation that exists already; null = none is chosen. */
  organisation: Organisation | null;
  /** The name of the Organisation to be created; null = it exists already. */
  newOrganisation: string | null;
  /** The place that the Organisation takes over; null = it is one more. */
  replaces: number | null;
  search: Search;
  /** Organisations of nearly the same name, which webCRM has already. */
  similar: Organisation[];
  /** The person submitted the form before it was complete. */
  isIncomplete: boolean;
  /** The field that the server did not accept, and why. */
  refused: ({ field: Field } & Said) | null;
}

/** Asks whether a mail that Outlook marks as private is synced nevertheless. */
export interface PrivateForm {
  kind: "private";
}

export type Panel = PlaceForm | ContactForm | PrivateForm;

/** The form for one more place, or for another in place of `from`. */
export function placeForm(from: number | null = null): PlaceForm {
  return { kind: from === null ? "add" : "move", from, search: newSearch("") };
}

/** The place that the Organisation in the form takes over; null = none. */
export function replacedPlace(panel: Panel | null): number | null {
  switch (panel?.kind) {
    case "move":
      return panel.from;
    case "contact":
      return panel.replaces;
    default:
      return null;
  }
}

/** The form for an Organisation alone: the mail's people are contacts already. */
export function organisationForm(name: string, replaces: number | null = null): ContactForm {
  return {
    kind: "contact",
    hasContact: false,
    values: { name: "", address: "", title: "", phone: "", www: "" },
    typed: [],
    organisation: null,
    newOrganisation: name || null,
    replaces,
    search: newSearch(name),
    similar: [],
    isIncomplete: false,
    refused: null,
  };
}

/** The form for a contact, filled in as far as the mail's head says it. */
export function contactForm(
  { addresses, sender }: MailState,
  organisation: string,
  replaces: number | null = null,
): ContactForm {
  const address = addresses[0] ?? sender?.address ?? "";
  const name = sender?.address === address ? sender.name : "";
  const form = organisationForm(organisation, replaces);
  return {
    ...form,
    hasContact: true,
    values: { ...form.values, name, address, www: workDomain(address) ?? "" },
  };
}

/** The form with what the mail's signature says, where the person has typed nothing. */
export function withHints(form: ContactForm, signature: Signature): ContactForm {
  const values = { ...form.values };
  for (const field of ["name", "title", "phone", "www"] as const) {
    const hint = signature[field];
    if (hint !== null && !form.typed.includes(field)) {
      values[field] = hint;
    }
  }
  const domain = workDomain(values.address);
  const name = signature.organisation ?? (domain ? nameFromDomain(domain) : "");
  const isUntouched = form.search.text === "" && form.organisation === null;
  return isUntouched && name
    ? { ...form, values, newOrganisation: name, search: newSearch(name) }
    : { ...form, values };
}

/** The form after a key press. A chosen Organisation is dropped once its name changes. */
export function typeInto<F extends Panel>(panel: F, field: Field, text: string): F {
  if (panel.kind === "private") {
    return panel;
  }
  if (field === "search") {
    const search: Search = { ...panel.search, text, active: -1 };
    return panel.kind === "contact"
      ? {
          ...panel,
          search,
          organisation: null,
          newOrganisation: null,
          similar: [],
          refused: null,
        }
      : { ...panel, search };
  }
  return panel.kind === "contact"
    ? {
        ...panel,
        values: { ...panel.values, [field]: text },
        typed: [...new Set([...panel.typed, field])],
        refused: panel.refused?.field === field ? null : panel.refused,
      }
    : panel;
}

/** The fields that miss their input; `search` = no Organisation is chosen. */
export function missingFields(form: ContactForm): Field[] {
  const { name, address } = form.values;
  const isAddress = /^\S+@\S+$/.test(address.trim());
  const needed: [Field, boolean][] = [
    ["name", !form.hasContact || name.trim() !== ""],
    ["address", !form.hasContact || isAddress],
    ["search", form.organisation !== null || Boolean(form.newOrganisation?.trim())],
  ];
  return needed.filter(([, isThere]) => !isThere).map(([field]) => field);
}

/** A contact alone is a request of its own, without "contact." before its parts. */
const REFUSABLE: Record<string, Field> = {
  name: "name",
  address: "address",
  title: "title",
  phone: "phone",
  "contact.name": "name",
  "contact.address": "address",
  "contact.title": "title",
  "contact.phone": "phone",
  "organisation.name": "search",
  "organisation.www": "www",
  "organisation.domain": "www",
};

/** The form with the server's refusal at its field; null if the form has no such field. */
export function refuse(form: ContactForm, part: string | null, said: Said): ContactForm | null {
  const field = part === null ? undefined : REFUSABLE[part];
  return field ? { ...form, refused: { field, ...said } } : null;
}
