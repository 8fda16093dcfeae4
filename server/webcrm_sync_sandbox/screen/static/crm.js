/** Draws the small webCRM. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { whenOf } from "./scene.js";
import { documentUrl } from "./wire.js";

const button = (actions, key, word) =>
  h("button", { "data-key": key, on: { click: () => actions.ask(key) } }, word);

export function drawBar(actions) {
  return [
    h("div", { class: "app" }, "webCRM"),
    h("span", { class: "gap" }),
    button(actions, "mail", "Send a mail"),
  ];
}

export function drawOrganisations(crm, chosen, actions) {
  const line = ({ id, name }) => {
    const count = crm.activities.filter(({ organisation }) => organisation === id).length;
    return h(
      "li",
      {},
      h(
        "button",
        {
          "aria-current": id === chosen ? "true" : null,
          "data-key": `organisation ${id}`,
          on: { click: () => actions.openOrganisation(id) },
        },
        h("span", { class: "name" }, name),
        count ? h("span", { class: "count", "aria-label": `${count} Activities` }, count) : null,
      ),
    );
  };
  const title = h("h2", {}, "Organisations", button(actions, "organisation", "New Organisation"));
  return [title, h("ul", {}, crm.organisations.map(line))];
}

export function drawOrganisation(organisation, newActivity, actions) {
  const { name, city, phone, www, owner, persons, opportunities, activities } = organisation;
  const responsible = owner && `Responsible: ${owner}`;
  return [
    h("h2", {}, name, button(actions, "person", "New contact")),
    h("small", { class: "facts" }, facts(city, phone, www, responsible)),
    h("h3", {}, "Contacts"),
    persons.length
      ? h("ul", { class: "persons" }, persons.map(drawPerson))
      : h("p", { class: "empty" }, "None yet"),
    opportunities.length ? h("h3", {}, "Opportunities") : null,
    opportunities.length
      ? h("ul", { class: "opportunities" }, opportunities.map(drawOpportunity))
      : null,
    h("h3", {}, "Activities"),
    activities.length
      ? h(
          "ul",
          { class: "activities" },
          activities.map((activity) => drawActivity(activity, newActivity)),
        )
      : h("p", { class: "empty" }, "None yet. Sync a mail and it appears here."),
  ];
}

const facts = (...known) => known.filter(Boolean).join(" · ");

function drawPerson({ name, title, address, phone }) {
  return h("li", {}, name, h("small", {}, facts(title, address, phone)));
}

function drawOpportunity({ number, name, value, currency, level }) {
  const amount = value && `${value.toLocaleString("en")} ${currency}`;
  return h("li", {}, name, h("small", {}, facts(number, level, amount)));
}

function drawActivity(activity, newActivity) {
  const { id, subject, action, at, who, opportunity, text, documents } = activity;
  return h(
    "li",
    { class: id === newActivity ? "fresh" : null, "data-activity": id },
    h(
      "details",
      { open: id === newActivity },
      h(
        "summary",
        { "data-key": `activity ${id}` },
        h("span", { class: "subject" }, subject),
        h("small", {}, facts(action, who, opportunity, whenOf(at))),
      ),
      h("pre", {}, text),
    ),
    documents.map((file) =>
      h(
        "a",
        { class: "file", href: documentUrl(file.id), download: file.name },
        icon("clip"),
        file.name,
      ),
    ),
  );
}
