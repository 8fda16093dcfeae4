/** Creates a contact, and an Organisation with it, from the open form. */

import type { Api } from "./api.ts";
import type { Customer, MailState, Organisation } from "./api_models.ts";
import { AddinError } from "./errors.ts";
import { contactForm, type ContactForm, missingFields, organisationForm } from "./forms.ts";
import type { Host } from "./host.ts";
import type { MailRef } from "./selection.ts";
import type { ControlledSession } from "./session.ts";
import { findSignature, type Sender, workDomain } from "./signature.ts";
import type { Event } from "./state.ts";
import { isBeforeSync } from "./status_row.ts";
import { editPlaces, editTo } from "./wanted_places.ts";

/** Handles the form for a contact or a new customer. */
export class ContactController {
  private readonly session: ControlledSession;
  private readonly api: Pick<Api, "createContact" | "createCustomer" | "sync">;
  private readonly host: Pick<Host, "bodyText">;

  constructor(
    session: ControlledSession,
    api: Pick<Api, "createContact" | "createCustomer" | "sync">,
    host: Pick<Host, "bodyText">,
  ) {
    this.session = session;
    this.api = api;
    this.host = host;
  }

  /**
   * Opens the form; `organisation`: the name of a new one; `replaces`: the place that it takes over.
   * Only a mail of which nobody is known offers to create a contact.
   */
  open(organisation: string, replaces: number | null): void {
    const { mailState } = this.session.model;
    if (!mailState?.can.includes("create_contact")) {
      const panel = organisationForm(organisation, replaces);
      this.session.dispatch({ type: "panel_opened", panel });
      return;
    }
    const form = contactForm(mailState, organisation, replaces);
    this.session.dispatch({ type: "panel_opened", panel: form });
    if (mailState.sender?.address === form.values.address) {
      void this.addHints(mailState.sender);
    }
  }

  /** Creates what the form says, or shows what it lacks. */
  submit({ evenIfSimilar }: { evenIfSimilar: boolean }): void {
    const { panel: form, pending } = this.session.model;
    const { mail } = this.session;
    if (form?.kind !== "contact" || pending !== null || !mail) {
      return;
    }
    if (missingFields(form).length) {
      this.session.dispatch({ type: "incomplete" });
      return;
    }
    void this.session.awaitRequest("contact", () =>
      form.organisation
        ? this.createContact(mail, form, form.organisation)
        : this.createCustomer(mail, form, evenIfSimilar),
    );
  }

  /** Adds what the mail's own signature says. Nothing of the text leaves this function. */
  private async addHints(sender: Sender): Promise<void> {
    const signal = this.session.whileSelected;
    const signature = findSignature(await this.host.bodyText(), sender);
    this.session.dispatchUnlessAborted(signal, { type: "hints_found", signature });
  }

  /**
   * A mail that waits is filed by itself; a new one is synced under its contact's Organisation, and
   * wherever else the person wants it.
   */
  private async createContact(
    mail: MailRef,
    form: ContactForm,
    { id, name: organisation }: Organisation,
  ): Promise<Event> {
    const { mailState, draft } = this.session.model;
    const [name, address] = [form.values.name.trim(), form.values.address.trim()];
    const more = filled({ title: form.values.title, phone: form.values.phone });
    await this.api.createContact({ name, address, organisationId: id, ...more });
    if (mailState && isBeforeSync(mailState)) {
      const evenIfPrivate = mailState.sensitivity !== null;
      const place = { organisationId: id, organisation, opportunityId: null };
      const places = draft.places && editPlaces(draft.places, editTo(place, form.replaces));
      return loaded(await this.api.sync(mail, { ...draft, places, evenIfPrivate }));
    }
    return { type: "contact_created", at: Date.now() };
  }

  private async createCustomer(
    mail: MailRef,
    form: ContactForm,
    evenIfSimilar: boolean,
  ): Promise<Event> {
    const { mailState, draft } = this.session.model;
    const evenIfPrivate = Boolean(mailState?.sensitivity);
    // A candidate that was marked is the answer to a question that the new customer answers.
    const places = mailState?.candidates.length ? null : draft.places;
    const created = await this.api.createCustomer(
      mail,
      { ...customerOf(form), evenIfSimilar },
      { ...draft, places, evenIfPrivate },
    );
    const { similar, mail: after, isFirstKept } = created;
    if (!after) {
      return { type: "similar_found", similar };
    }
    return isFirstKept ? { ...loaded(after), error: new AddinError("first_kept") } : loaded(after);
  }
}

function loaded(mailState: MailState): Extract<Event, { type: "loaded" }> {
  return { type: "loaded", mailState, by: "person", at: Date.now() };
}

/** Only the fields that hold something. */
function customerOf(form: ContactForm): Omit<Customer, "evenIfSimilar"> {
  const { name, address, title, phone, www } = form.values;
  const contact = { name, address, ...filled({ title, phone }) };
  return {
    organisation: {
      name: (form.newOrganisation ?? "").trim(),
      ...filled({ www, domain: domainOf(form) }),
    },
    contact: form.hasContact ? contact : null,
    ...(form.replaces !== null && { replaces: form.replaces }),
  };
}

/** The host of the website, if the contact's address has it too: mails are matched by it. */
function domainOf({ hasContact, values }: ContactForm): string {
  const host = /^(?:https?:\/\/)?(?:www\.)?([^/\s]+)/i.exec(values.www.trim())?.[1] ?? "";
  return !hasContact || host.toLowerCase() === workDomain(values.address) ? host : "";
}

function filled<K extends string>(fields: Record<K, string>): Partial<Record<K, string>> {
  const entries = Object.entries<string>(fields).map(([key, text]) => [key, text.trim()] as const);
  return Object.fromEntries(entries.filter(([, text]) => text)) as Partial<Record<K, string>>;
}
