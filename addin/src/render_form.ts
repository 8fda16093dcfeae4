/** Draws what is open for choosing or typing. */

import { h, type Wanted } from "./dom.ts";
import type { Organisation } from "./api_types.ts";
import type { ChoicesView, FieldView, PanelView, SearchView } from "./view_model_form.ts";
import type { Send } from "./render.ts";

interface Typed {
  target: HTMLInputElement;
}

/** The candidates. The line above them asks already, so that the legend is for screen readers. */
export function drawChoices(choices: ChoicesView, send: Send): Wanted {
  return drawRadios(choices, "candidate", (organisation) => send({ type: "mark", organisation }));
}

/** Which Organisation gives way. */
function drawReplaced(choices: ChoicesView, send: Send): Wanted {
  return drawRadios(choices, "replaced", ({ id }) => send({ type: "replace", organisationId: id }));
}

/** One of several, by radio buttons, so that arrow keys only mark. */
function drawRadios(
  { title, options }: ChoicesView,
  name: "candidate" | "replaced",
  mark: (organisation: Organisation) => void,
): Wanted {
  return h(
    "fieldset",
    { key: name, class: `choices ${name}` },
    h("legend", {}, title),
    ...options.map((option) =>
      h(
        "label",
        { key: `${name} ${option.id}` },
        h("input", {
          type: "radio",
          name,
          set: { checked: option.isMarked },
          on: { change: () => mark({ id: option.id, name: option.name }) },
        }),
        h(
          "span",
          {},
          h("span", { class: "name" }, option.name),
          option.why ? h("span", { class: "facts" }, option.why) : null,
        ),
      ),
    ),
  );
}

/** The search for an Organisation, or the form for a contact. */
export function drawPanel(panel: PanelView, send: Send): Wanted {
  return h(
    "form",
    {
      key: panel.kind,
      class: "panel",
      "aria-label": panel.title,
      novalidate: true,
      on: {
        submit: (event: SubmitEvent) => event.preventDefault(),
        keydown: (event: KeyboardEvent) => press(event, send),
      },
    },
    panel.replaced && drawReplaced(panel.replaced, send),
    ...panel.fields.map((field) => drawField(field, send)),
    panel.search && drawSearch(panel.search, panel.isOrganisationMissing, send),
    panel.missing ? h("p", { class: "missing", role: "alert" }, panel.missing) : null,
    drawEnds(panel, send),
  );
}

/** Enter sends off from any field: the browser would not, our button being none of its own. */
function press(event: KeyboardEvent, send: Send): void {
  const isInField = event.target instanceof HTMLInputElement;
  if (event.key === "Escape") {
    send({ type: "cancel" });
  } else if (event.key === "Enter" && isInField && !event.defaultPrevented && !event.isComposing) {
    event.preventDefault();
    send({ type: "submit" });
  }
}

function drawEnds({ submit, isReady, cancel }: PanelView, send: Send): Wanted {
  return h(
    "div",
    { class: "actions" },
    submit === null
      ? null
      : h(
          "fluent-button",
          {
            key: "submit",
            role: "button",
            appearance: "primary",
            "disabled-focusable": !isReady,
            on: { click: () => isReady && send({ type: "submit" }) },
          },
          submit,
        ),
    h(
      "fluent-button",
      {
        key: "cancel",
        role: "button",
        appearance: "subtle",
        on: { click: () => send({ type: "cancel" }) },
      },
      cancel,
    ),
  );
}

function drawField({ name, label, text, isMissing }: FieldView, send: Send): Wanted {
  return h(
    "label",
    { key: name, class: "field" },
    h("span", {}, label),
    h("input", {
      type: name === "address" ? "email" : "text",
      autocomplete: "off",
      "aria-invalid": isMissing ? "true" : null,
      set: { value: text },
      on: { input: ({ target }: Typed) => send({ type: "type", field: name, text: target.value }) },
    }),
  );
}

/** Source: WAI-ARIA Authoring Practices, "Combobox, list autocomplete with manual selection". */
function drawSearch(search: SearchView, isMissing: boolean, send: Send): Wanted {
  const active = search.options.find((option) => option.isActive);
  return h(
    "div",
    { key: "search", class: "search" },
    h("label", { for: "search" }, search.label),
    h("input", {
      id: "search",
      type: "text",
      autocomplete: "off",
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": String(search.isOpen),
      "aria-controls": "found",
      "aria-activedescendant": active && search.isOpen ? `found-${active.id}` : null,
      "aria-invalid": isMissing ? "true" : null,
      set: { value: search.text },
      on: {
        input: ({ target }: Typed) => send({ type: "type", field: "search", text: target.value }),
        keydown: (event: KeyboardEvent) => steer(event, search.isOpen, send),
      },
    }),
    drawFound(search, send),
    h("p", { class: "facts", role: "status" }, search.said),
  );
}

function drawFound({ label, options, isOpen }: SearchView, send: Send): Wanted {
  return h(
    "ul",
    { id: "found", role: "listbox", "aria-label": label, hidden: !isOpen },
    ...options.map(({ id, name, why, isActive }) =>
      h(
        "li",
        {
          key: `found ${id}`,
          id: `found-${id}`,
          role: "option",
          "aria-selected": String(isActive),
          // Not the click: the field would lose its focus first.
          on: {
            mousedown: (event: MouseEvent) => event.preventDefault(),
            click: () => send({ type: "pick", organisation: { id, name } }),
          },
        },
        h("span", { class: "name" }, name),
        why ? h("span", { class: "facts" }, why) : null,
      ),
    ),
  );
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

function steer(event: KeyboardEvent, isOpen: boolean, send: Send): void {
  const by = STEPS[event.key];
  if (by !== undefined && isOpen) {
    event.preventDefault();
    send({ type: "step", by });
  } else if (event.key === "Enter" && isOpen) {
    event.preventDefault();
    send({ type: "pick_active" });
  }
}
