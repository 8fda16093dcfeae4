/** Renders the candidates, and the form that is open for input. */

import { h, type VNode } from "./dom.ts";
import { button, fieldError } from "./elements.ts";
import { icon } from "./icons.ts";
import { renderSearch } from "./render_search.ts";
import type { Handle } from "./user_action.ts";
import type { ChoicesView, FieldView, PanelView } from "./view_model_form.ts";

interface InputTarget {
  target: HTMLInputElement;
}

/**
 * Radio buttons: the arrow keys mark a candidate, and choose nothing yet. The legend is for screen
 * readers only: the line above asks the question.
 */
export function renderChoices({ title, options }: ChoicesView, handle: Handle): VNode {
  return h(
    "fieldset",
    { key: "candidates", class: "choices" },
    h("legend", {}, title),
    ...options.map(({ place, why, isMarked }) =>
      h(
        "label",
        { key: `candidate ${place.organisationId}`, class: "choice" },
        h("input", {
          type: "radio",
          name: "candidate",
          set: { checked: isMarked },
          on: { change: () => handle({ type: "edit_place", edit: { kind: "only", place } }) },
        }),
        h(
          "span",
          {},
          h("span", { class: "name" }, place.organisation),
          why ? h("span", { class: "facts" }, why) : null,
        ),
      ),
    ),
  );
}

/** The search for an Organisation, the form for a contact, or a question. */
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
    panel.kind === "private" && h("p", { class: "warning" }, icon("lock"), h("b", {}, panel.title)),
    panel.intro ? h("p", { key: "intro", class: "intro" }, panel.intro) : null,
    ...panel.fields.map((field) => renderField(field, handle)),
    panel.search && renderSearch(panel.search, handle),
    ...panel.organisationFields.map((field) => renderField(field, handle)),
    panel.similar && renderSimilar(panel.similar, handle),
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
    { key: "buttons", class: "actions" },
    submitLabel &&
      button({
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

function renderField({ name, type, label, text, error }: FieldView, handle: Handle): VNode {
  const onInput = ({ target }: InputTarget) =>
    handle({ type: "type", field: name, text: target.value });
  return h(
    "div",
    { key: name, class: "field" },
    h("label", { for: `field-${name}` }, label),
    h("input", {
      id: `field-${name}`,
      type,
      autocomplete: "off",
      "aria-invalid": error ? "true" : null,
      "aria-describedby": error ? `error-${name}` : null,
      set: { value: text },
      on: { input: onInput },
    }),
    ...fieldError(`error-${name}`, error),
  );
}

/** The Organisations that exist already, and the way on for one that is none of them. */
function renderSimilar(
  { title, options, anywayLabel }: NonNullable<PanelView["similar"]>,
  handle: Handle,
): VNode {
  return h(
    "div",
    { key: "similar", class: "similar", role: "group", "aria-label": title },
    h("p", { role: "alert" }, title),
    ...options.map((option) =>
      h(
        "button",
        {
          key: `similar ${option.id}`,
          type: "button",
          class: "row",
          on: { click: () => handle({ type: "choose_option", option }) },
        },
        icon("company"),
        h("span", { class: "name" }, option.name),
      ),
    ),
    h(
      "button",
      {
        key: "anyway",
        type: "button",
        class: "row",
        on: { click: () => handle({ type: "create_anyway" }) },
      },
      icon("add"),
      h("span", {}, anywayLabel),
    ),
  );
}
