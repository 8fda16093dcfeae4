/** The places of a mail: the Organisations under which it is filed, or will be. */

import type { MailState, Organisation, Target } from "./api_models.ts";
import type { Texts } from "./i18n.ts";
import { hueOf, initialsOf } from "./persona.ts";
import type { Model } from "./state.ts";
import { isWebAddress, organisationName } from "./view_context.ts";

export interface PersonaView {
  initials: string;
  hue: number;
  name: string;
  facts: string;
}

export interface PlaceView {
  id: number;
  organisation: string;
  link: string | null;
  /** The link's name for screen readers. */
  linkLabel: string;
  persona: PersonaView | null;
}

export interface PlacesView {
  title: string;
  places: PlaceView[];
}

/** The mail's places, or the Organisation that the person chose instead; null if there is none. */
export function placesView(
  { chosen }: Model,
  mailState: MailState,
  texts: Texts,
): PlacesView | null {
  const known = mailState.targets.map((target) => placeView(target, texts));
  const places = chosen ? [known.find(({ id }) => id === chosen.id) ?? barePlace(chosen)] : known;
  return known.length ? { title: texts.get("where"), places } : null;
}

function barePlace({ id, name }: Organisation): PlaceView {
  return { id, organisation: name, link: null, linkLabel: "", persona: null };
}

function placeView(target: Target, texts: Texts): PlaceView {
  const organisation = organisationName(target, texts);
  return {
    id: target.organisationId,
    organisation,
    link: isWebAddress(target.link) ? target.link : null,
    linkLabel: texts.get("where.open", { organisation }),
    persona: personaView(target),
  };
}

function personaView({ person, address }: Target): PersonaView | null {
  const name = person || address;
  return name
    ? { initials: initialsOf(name), hue: hueOf(name), name, facts: (person && address) || "" }
    : null;
}
