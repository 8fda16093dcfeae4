/** Renders the candidates, and the panel that is open for input. */

import type { Organisation } from "./api_models.ts";
import { h, type VNode } from "./dom.ts";
import { button } from "./elements.ts";
import type { Handle } from "./user_action.ts";
import type { ChoicesView, FieldView, PanelView, SearchView } from "./view_model_form.ts";

interface InputTarget {
  target: HTMLInputElement;
}

/** The candidates. The legend is for screen readers only: the line above asks the question. */
export function renderChoices(choices: ChoicesView, handle: Handle): VNode {
  return renderRadios(choices, "candidate", (organisation) =>
    handle({ type: "mark_candidate", organisation }),
  );
}

/** The targets, one of which is to be replaced. */
function renderReplaced(choices: ChoicesView, handle: Handle): VNode {
  return renderRadios(choices, "replaced", ({ id }) =>
    handle({ type: "mark_replaced", organisationId: id }),
  );
}

/** Radio buttons: the arrow keys mark an Organisation, and choose nothing yet. */
function renderRadios(
  { title, options }: ChoicesView,
  name: "candidate" | "replaced",
  onMark: (organisation: Organisation) => void,
): VNode {
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
          on: { change: () => onMark({ id: option.id, name: option.name }) },
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
export function renderPanel(panel: PanelView, handle: Handle): VNode {
  return h(
    "form",
    {
      key: panel.kind,
      class: "panel",
      "aria-label": panel.title,
      novalidate: true,
      on: {
        submit: (event: SubmitEvent) => event.preventDefault(),
        keydown: (event: KeyboardEvent) => onPanelKey(event, handle),
      },
    },
    panel.replaced && renderReplaced(panel.replaced, handle),
    ...panel.fields.map((field) => renderField(field, handle)),
    panel.search && renderSearch(panel.search, panel.isOrganisationMissing, handle),
    panel.missing ? h("p", { class: "missing", role: "alert" }, panel.missing) : null,
    renderPanelButtons(panel, handle),
  );
}

/** Enter submits from any field: for the browser, a Fluent button is no submit button. */
function onPanelKey(event: KeyboardEvent, handle: Handle): void {
  const isInField = event.target instanceof HTMLInputElement;
  if (event.key === "Escape") {
    handle({ type: "cancel" });
  } else if (event.key === "Enter" && isInField && !event.defaultPrevented && !event.isComposing) {
    event.preventDefault();
    handle({ type: "submit" });
  }
}

function renderPanelButtons(
  { submitLabel, isReady, cancelLabel }: PanelView,
  handle: Handle,
): VNode {
  const submit = () => handle({ type: "submit" });
  const cancel = () => handle({ type: "cancel" });
  return h(
    "div",
    { class: "actions" },
    submitLabel === null
      ? null
      : button({
          key: "submit",
          appearance: "primary",
          label: submitLabel,
          isReady,
          onClick: submit,
        }),
    h(
      "div",
      { class: "more" },
      button({ key: "cancel", appearance: "subtle", label: cancelLabel, onClick: cancel }),
    ),
  );
}

function renderField({ name, label, text, isMissing }: FieldView, handle: Handle): VNode {
  return h(
    "label",
    { key: name, class: "field" },
    h("span", {}, label),
    h("input", {
      type: name === "address" ? "email" : "text",
      autocomplete: "off",
      "aria-invalid": isMissing ? "true" : null,
      set: { value: text },
      on: {
        input: ({ target }: InputTarget) =>
          handle({ type: "type", field: name, text: target.value }),
      },
    }),
  );
}

/** Source: WAI-ARIA Authoring Practices, "Combobox, list autocomplete with manual selection". */
function renderSearch(search: SearchView, isMissing: boolean, handle: Handle): VNode {
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
        input: ({ target }: InputTarget) =>
          handle({ type: "type", field: "search", text: target.value }),
        keydown: (event: KeyboardEvent) => onSearchKey(event, search.isOpen, handle),
      },
    }),
    renderOptions(search, handle),
    h("p", { class: "facts", role: "status" }, search.outcome),
  );
}

function renderOptions({ label, options, isOpen }: SearchView, handle: Handle): VNode {
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
          // A mousedown would move the focus out of the field before the click.
          on: {
            mousedown: (event: MouseEvent) => event.preventDefault(),
            click: () => handle({ type: "choose", organisation: { id, name } }),
          },
        },
        h("span", { class: "name" }, name),
        why ? h("span", { class: "facts" }, why) : null,
      ),
    ),
  );
}

const ARROW_STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

function onSearchKey(event: KeyboardEvent, isOpen: boolean, handle: Handle): void {
  const by = ARROW_STEPS[event.key];
  if (by !== undefined && isOpen) {
    event.preventDefault();
    handle({ type: "move_option", by });
  } else if (event.key === "Enter" && isOpen) {
    event.preventDefault();
    handle({ type: "choose_active" });
  }
}
