/** The places that a person wants for a mail, and how one edit changes them. Pure. */

import type { Target } from "./api_models.ts";

/** An Organisation to file the mail under. `opportunityId`: null = none. */
export interface WantedPlace {
  organisationId: number;
  organisation: string;
  opportunityId: number | null;
}

/** One edit. `only`: this place and no other. */
export type PlaceEdit =
  | { kind: "only"; place: WantedPlace }
  | { kind: "add"; place: WantedPlace }
  | { kind: "remove"; organisationId: number }
  | { kind: "move"; organisationId: number; to: WantedPlace }
  | { kind: "opportunity"; organisationId: number; opportunityId: number | null };

/** The edit that files the mail at this place, in place of `from` if that is one. */
export function editTo(to: WantedPlace, from: number | null): PlaceEdit {
  return from === null ? { kind: "add", place: to } : { kind: "move", organisationId: from, to };
}

/** The places that the server names: those of the filed mail, or those of the forecast. */
export function placesOf({ targets }: { targets: readonly Target[] }): WantedPlace[] {
  return targets.map(({ organisationId, organisation, opportunity }) => ({
    organisationId,
    organisation,
    opportunityId: opportunity?.opportunityId ?? null,
  }));
}

/** The places after an edit: each Organisation once, and never fewer than one. */
export function editPlaces(places: WantedPlace[], edit: PlaceEdit): WantedPlace[] {
  switch (edit.kind) {
    case "only":
      return [edit.place];
    case "add":
      return has(places, edit.place.organisationId) ? places : [...places, edit.place];
    case "remove":
      return places.length > 1 ? without(places, edit.organisationId) : places;
    case "move":
      return has(places, edit.to.organisationId)
        ? without(places, edit.organisationId)
        : places.map((one) => (one.organisationId === edit.organisationId ? edit.to : one));
    case "opportunity":
      return places.map((one) =>
        one.organisationId === edit.organisationId
          ? { ...one, opportunityId: edit.opportunityId }
          : one,
      );
  }
}

/** True if both lists name the same places, in any order. */
export function areSamePlaces(one: WantedPlace[], other: WantedPlace[]): boolean {
  const isIn = ({ organisationId, opportunityId }: WantedPlace) =>
    other.some(
      (place) => place.organisationId === organisationId && place.opportunityId === opportunityId,
    );
  return one.length === other.length && one.every(isIn);
}

function has(places: WantedPlace[], organisationId: number): boolean {
  return places.some((place) => place.organisationId === organisationId);
}

function without(places: WantedPlace[], organisationId: number): WantedPlace[] {
  return places.filter((place) => place.organisationId !== organisationId);
}
