/** The places of a mail: the Organisations under which it is filed, or will be. */

import type { MailState, Opportunity, Target } from "./api_models.ts";
import type { Texts } from "./i18n.ts";
import { hueOf, initialsOf } from "./persona.ts";
import type { Model } from "./state.ts";
import { isBeforeSync, statusRow } from "./status_row.ts";
import { evidenceText, isWebAddress, organisationName } from "./view_context.ts";
import { type PanelView, panelView, readersText } from "./view_model_form.ts";
import { placesOf, type WantedPlace } from "./wanted_places.ts";

export interface PersonaView {
  initials: string;
  hue: number;
  name: string;
  facts: string;
  /** `href`: the number to call. */
  phone: { text: string; href: string; label: string } | null;
}

export interface OpportunityView {
  label: string;
  options: { id: number | null; label: string }[];
  selected: number | null;
  /** The only open one of the person: offered, never taken. */
  offered: { id: number; label: string } | null;
}

export interface PlaceView {
  id: number;
  organisation: string;
  link: string | null;
  /** The link's name for screen readers. */
  linkLabel: string;
  why: string;
  persona: PersonaView | null;
  opportunity: OpportunityView | null;
  /** Null = the place cannot be moved or taken away. */
  moveLabel: string | null;
  removeLabel: string | null;
}

/** A place that was taken away. `addAgain`: what undoes it. */
export interface RemovedView {
  id: number;
  organisation: string;
  line: string;
  link: string | null;
  linkLabel: string;
  addAgain: { label: string; place: WantedPlace } | null;
}

export interface PlacesView {
  title: string;
  places: PlaceView[];
  removed: RemovedView[];
  /** Null = no place can be added. */
  addLabel: string | null;
  /** What taking away or Undo leaves in webCRM. */
  hint: string;
  readers: string;
  panel: PanelView | null;
}

/** True if there is a card to show, which offers to edit the places. */
export function hasPlaces({ draft }: Model, mailState: MailState): boolean {
  return mailState.can.includes("edit_places") && shownPlaces(mailState, draft.places).length > 0;
}

/** True if the open form belongs to the places, and not to the mail's state. */
export function isPlacesPanel({ panel, mailState, draft }: Model): boolean {
  const isAboutPlaces = panel?.kind === "add" || panel?.kind === "move";
  return isAboutPlaces && shownPlaces(mailState, draft.places).length > 0;
}

/** The mail's places; null while there is none, and for a mail that was taken back. */
export function placesView(model: Model, mailState: MailState, texts: Texts): PlacesView | null {
  const wanted = shownPlaces(mailState, model.draft.places);
  if (!wanted.length) {
    return null;
  }
  const canEdit = mailState.can.includes("edit_places");
  const places = wanted.map((place) =>
    placeView(place, mailState, { canEdit, isOnly: wanted.length === 1 }, texts),
  );
  return {
    title: texts.get("where"),
    places,
    removed: removedViews(model, mailState, wanted, texts),
    addLabel: canEdit && !isPlacesPanel(model) ? texts.get("where.add") : null,
    hint: hintText(mailState, wanted.length, texts),
    readers: readersText(wanted, texts),
    panel: isPlacesPanel(model) ? panelView(model, texts) : null,
  };
}

/** What the person wants, else what the server names. */
function shownPlaces(mailState: MailState | null, wanted: WantedPlace[] | null): WantedPlace[] {
  const isShown = mailState && statusRow(mailState) !== "undone" && !mailState.candidates.length;
  return isShown ? (wanted ?? placesOf(mailState)) : [];
}

function placeView(
  { organisationId, organisation, opportunityId }: WantedPlace,
  { targets }: MailState,
  { canEdit, isOnly }: { canEdit: boolean; isOnly: boolean },
  texts: Texts,
): PlaceView {
  const target = targets.find((one) => one.organisationId === organisationId);
  const name = organisationName({ organisationId, organisation }, texts);
  return {
    id: organisationId,
    organisation: name,
    linkLabel: texts.get("where.open", { organisation: name }),
    ...(target ? matchView(target, texts) : handPicked(texts)),
    opportunity: target && canEdit ? opportunityView(target, opportunityId, texts) : null,
    moveLabel: canEdit ? texts.get("where.move", { organisation: name }) : null,
    removeLabel: canEdit && !isOnly ? texts.get("where.remove", { organisation: name }) : null,
  };
}

type MatchView = Pick<PlaceView, "link" | "why" | "persona">;

function matchView(target: Target, texts: Texts): MatchView {
  const persona = personaView(target, texts);
  const link = isWebAddress(target.link) ? target.link : null;
  return { link, persona, why: whyText(target, persona, texts) };
}

/** The server has not heard of the person's choice yet. */
function handPicked(texts: Texts): MatchView {
  return { link: null, persona: null, why: texts.get("why.person") };
}

/** Empty if the person on the card is the reason. */
function whyText({ why, who, person }: Target, persona: PersonaView | null, texts: Texts): string {
  const isOnCard = why === "contact" && persona !== null && (!who || who === person);
  return why && !isOnCard ? evidenceText({ why, who: who ?? "" }, texts) : "";
}

function personaView(target: Target, texts: Texts): PersonaView | null {
  const { person, address, title, phone } = target;
  const name = person || address;
  if (!name) {
    return null;
  }
  return {
    initials: initialsOf(name),
    hue: hueOf(name),
    name,
    facts: title || (person && address) || "",
    phone: phone ? phoneView(phone, name, texts) : null,
  };
}

function phoneView(text: string, who: string, texts: Texts): PersonaView["phone"] {
  const digits = text.replace(/(?!^\+)\D/g, "");
  const label = texts.get("where.call", { who });
  return digits.length > 2 ? { text, href: `tel:${digits}`, label } : null;
}

/** The Opportunities of the Organisation; null if it has none. */
function opportunityView(
  { opportunity, opportunities, offered }: Target,
  selected: number | null,
  texts: Texts,
): OpportunityView | null {
  const known = new Map(
    [...opportunities, ...(opportunity ? [opportunity] : [])].map((one) => [
      one.opportunityId,
      one,
    ]),
  );
  if (!known.size) {
    return null;
  }
  const offer = selected === null && offered !== null ? known.get(offered) : undefined;
  return {
    label: texts.get("opportunity"),
    options: [
      { id: null, label: texts.get("opportunity.none") },
      ...[...known.values()].map((one) => ({
        id: one.opportunityId,
        label: opportunityText(one, texts),
      })),
    ],
    selected,
    offered: offer
      ? {
          id: offer.opportunityId,
          label: texts.get("opportunity.offered", { opportunity: offer.name }),
        }
      : null,
  };
}

function opportunityText({ number, name, value, currency, level }: Opportunity, texts: Texts) {
  const amount = value === null ? "" : texts.money(value, currency);
  return [number, name, amount, level].filter(Boolean).join(" · ");
}

/** What an edit took away, then the entries that webCRM keeps of places that were taken away. */
function removedViews(
  { draft }: Model,
  mailState: MailState,
  wanted: WantedPlace[],
  texts: Texts,
): RemovedView[] {
  const isBefore = isBeforeSync(mailState);
  const lost = draft.places ? withoutThese(placesOf(mailState), wanted) : [];
  const withdrawn = isBefore ? [] : withoutThese(mailState.withdrawn, [...wanted, ...lost]);
  const canEdit = mailState.can.includes("edit_places");
  const lostLine = texts.get(isBefore ? "where.not_here" : "undone.pending");
  return [
    ...lost.map((place) => removedView({ ...place, link: null }, lostLine, canEdit, texts)),
    ...withdrawn.map((entry) => {
      const line = texts.get(entry.isTold ? "where.removed" : "undone.pending");
      return removedView(entry, line, canEdit, texts);
    }),
  ];
}

function withoutThese<T extends { organisationId: number }>(
  all: T[],
  these: { organisationId: number }[],
): T[] {
  const ids = new Set(these.map(({ organisationId }) => organisationId));
  return all.filter(({ organisationId }) => !ids.has(organisationId));
}

function removedView(
  entry: Pick<Target, "organisationId" | "organisation" | "link">,
  line: string,
  canEdit: boolean,
  texts: Texts,
): RemovedView {
  const { organisationId, organisation, link } = entry;
  const name = organisationName(entry, texts);
  const label = texts.get("where.add_again", { organisation: name });
  const place = { organisationId, organisation, opportunityId: null };
  return {
    id: organisationId,
    organisation: name,
    line,
    link: isWebAddress(link) ? link : null,
    linkLabel: texts.get("where.open", { organisation: name }),
    addAgain: canEdit && organisationId ? { label, place } : null,
  };
}

function hintText({ state, can }: MailState, count: number, texts: Texts): string {
  if (state !== "synced" || !can.includes("undo")) {
    return "";
  }
  const canRemove = can.includes("edit_places") && count > 1;
  return texts.get(canRemove ? "where.leaves_both" : "where.leaves");
}
