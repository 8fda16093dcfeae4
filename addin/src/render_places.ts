/** Renders the places of a mail: one card for each Organisation. */

import { h, type VNode } from "./dom.ts";
import { link } from "./elements.ts";
import { icon } from "./icons.ts";
import type { PersonaView, PlacesView, PlaceView } from "./view_model_places.ts";

/** The cards. */
export function renderPlaces({ title, places }: PlacesView): VNode {
  return h(
    "section",
    { key: "where", class: "where", "aria-labelledby": "where" },
    h("h3", { id: "where" }, title),
    h("ul", {}, ...places.map(renderPlace)),
  );
}

function renderPlace({ id, organisation, link: to, linkLabel, persona }: PlaceView): VNode {
  return h(
    "li",
    { key: `place ${id}`, class: "card place" },
    h(
      "div",
      { class: "place-head" },
      icon("company"),
      to
        ? link(to, { class: "name", "aria-label": linkLabel }, organisation)
        : h("span", { class: "name" }, organisation),
    ),
    persona && renderPersona(persona),
  );
}

function renderPersona({ initials, hue, name, facts }: PersonaView): VNode {
  return h(
    "div",
    { class: "persona" },
    h("span", { class: "avatar", "data-hue": `${hue}`, "aria-hidden": "true" }, initials),
    h("div", {}, h("div", {}, name), facts ? h("div", { class: "facts" }, facts) : null),
  );
}
