/** Renders the search for an Organisation: a field with a list of options. */

import { h, type VNode } from "./dom.ts";
import { fieldError } from "./elements.ts";
import { icon } from "./icons.ts";
import type { Handle } from "./user_action.ts";
import type { OptionView, SearchView } from "./view_model_form.ts";

interface InputTarget {
  target: HTMLInputElement;
}

/** Source: WAI-ARIA Authoring Practices, "Combobox, list autocomplete with manual selection". */
export function renderSearch(search: SearchView, handle: Handle): VNode {
  const active = search.options.find((option) => option.isActive);
  const onInput = ({ target }: InputTarget) =>
    handle({ type: "type", field: "search", text: target.value });
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
      "aria-activedescendant": active && search.isOpen ? `found-${active.key}` : null,
      "aria-invalid": search.error ? "true" : null,
      "aria-describedby": search.error ? "error-search" : null,
      set: { value: search.text },
      on: {
        input: onInput,
        keydown: (event: KeyboardEvent) => onSearchKey(event, search.isOpen, handle),
      },
    }),
    ...fieldError("error-search", search.error),
    search.hint ? h("p", { key: "hint", class: "facts" }, search.hint) : null,
    renderOptions(search, handle),
    h("p", { key: "outcome", class: "facts", role: "status" }, search.outcome),
  );
}

function renderOptions({ label, options, isOpen }: SearchView, handle: Handle): VNode {
  return h(
    "ul",
    { id: "found", key: "found", role: "listbox", "aria-label": label, hidden: !isOpen },
    ...options.map((option) => renderOption(option, handle)),
  );
}

function renderOption({ option, key, label, why, isActive }: OptionView, handle: Handle): VNode {
  return h(
    "li",
    {
      key: `found ${key}`,
      id: `found-${key}`,
      role: "option",
      "aria-selected": String(isActive),
      // A mousedown would move the focus out of the field before the click.
      on: {
        mousedown: (event: MouseEvent) => event.preventDefault(),
        click: () => handle({ type: "choose_option", option }),
      },
    },
    icon(option.id === null ? "add" : "company"),
    h(
      "span",
      {},
      h("span", { class: "name" }, label),
      why ? h("span", { class: "facts" }, why) : null,
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
