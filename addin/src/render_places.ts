/** Renders the places of a mail: one card for each Organisation. */

import { type Child, h, type VNode } from "./dom.ts";
import { button, iconButton, link } from "./elements.ts";
import { icon } from "./icons.ts";
import { renderPanel } from "./render_form.ts";
import type { Handle } from "./user_action.ts";
import type {
  OpportunityView,
  PersonaView,
  PlacesView,
  PlaceView,
  RemovedView,
} from "./view_model_places.ts";

/** The cards, those that were taken away, and the way to one more. */
export function renderPlaces(view: PlacesView, handle: Handle): VNode {
  return h(
    "section",
    { key: "where", class: "where", "aria-labelledby": "where" },
    h("h3", { id: "where" }, view.title),
    h("ul", { key: "places" }, ...view.places.map((place) => renderPlace(place, handle))),
    view.removed.length > 0 &&
      h("ul", { key: "removed" }, ...view.removed.map((one) => renderRemoved(one, handle))),
    view.panel && renderPanel(view.panel, handle),
    view.addLabel && renderAdd(view.addLabel, handle),
    h("p", { key: "readers", class: "facts note" }, icon("eye"), h("span", {}, view.readers)),
    view.hint
      ? h("p", { key: "hint", class: "facts note" }, icon("undo"), h("span", {}, view.hint))
      : null,
  );
}

function renderAdd(label: string, handle: Handle): VNode {
  return h(
    "button",
    {
      key: "add",
      type: "button",
      class: "add",
      on: { click: () => handle({ type: "open_places", from: null }) },
    },
    icon("add"),
    label,
  );
}

function renderPlace(place: PlaceView, handle: Handle): VNode {
  const { id, organisation, persona, opportunity, why } = place;
  return h(
    "li",
    { key: `place ${id}`, class: "card place" },
    h(
      "div",
      { class: "place-head" },
      icon("company"),
      h(
        "div",
        {},
        place.link
          ? link(
              place.link,
              { class: "name", "aria-label": place.linkLabel, title: organisation },
              organisation,
            )
          : h("span", { class: "name", title: organisation }, organisation),
        why ? h("p", { class: "facts" }, why) : null,
      ),
      ...renderEdits(place, handle),
    ),
    persona && renderPersona(persona),
    opportunity && renderOpportunity(id, opportunity, handle),
  );
}

function renderEdits({ id, moveLabel, removeLabel }: PlaceView, handle: Handle): Child[] {
  const remove = () => handle({ type: "edit_place", edit: { kind: "remove", organisationId: id } });
  return [
    moveLabel && iconButton("swap", moveLabel, () => handle({ type: "open_places", from: id })),
    removeLabel && iconButton("cross", removeLabel, remove),
  ];
}

function renderPersona({ initials, hue, name, facts, phone }: PersonaView): VNode {
  return h(
    "div",
    { class: "persona" },
    h("span", { class: "avatar", "data-hue": `${hue}`, "aria-hidden": "true" }, initials),
    h(
      "div",
      {},
      h("div", {}, name),
      facts ? h("div", { class: "facts" }, facts) : null,
      phone &&
        h(
          "a",
          { class: "phone", href: phone.href, "aria-label": phone.label },
          icon("call"),
          phone.text,
        ),
    ),
  );
}

/** A select of the browser: it shows long lists well everywhere, and needs no script. */
function renderOpportunity(
  organisationId: number,
  { label, options, selected, offered }: OpportunityView,
  handle: Handle,
): VNode {
  const choose = (opportunityId: number | null) =>
    handle({ type: "edit_place", edit: { kind: "opportunity", organisationId, opportunityId } });
  const onChange = ({ target }: { target: HTMLSelectElement }) =>
    choose(target.value ? Number(target.value) : null);
  return h(
    "div",
    { key: "opportunity", class: "opportunity" },
    h("label", { for: `opportunity-${organisationId}` }, icon("deal"), label),
    h(
      "select",
      {
        id: `opportunity-${organisationId}`,
        set: { value: selected === null ? "" : `${selected}` },
        on: { change: onChange },
      },
      ...options.map((option) => h("option", { value: `${option.id ?? ""}` }, option.label)),
    ),
    offered &&
      h(
        "div",
        { class: "more" },
        button({
          key: "offered",
          appearance: "subtle",
          label: offered.label,
          onClick: () => choose(offered.id),
        }),
      ),
  );
}

function renderRemoved(
  { id, organisation, line, link: to, linkLabel, addAgain }: RemovedView,
  handle: Handle,
): VNode {
  const undo = () =>
    addAgain && handle({ type: "edit_place", edit: { kind: "add", place: addAgain.place } });
  return h(
    "li",
    { key: `removed ${id}`, class: "removed" },
    h(
      "div",
      {},
      to
        ? link(to, { class: "name", "aria-label": linkLabel }, organisation)
        : h("span", { class: "name" }, organisation),
      h("p", { class: "facts" }, line),
    ),
    addAgain && iconButton("undo", addAgain.label, undo),
  );
}
