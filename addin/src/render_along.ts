/** Renders what goes along: one line that opens. */

import { h, type VNode } from "./dom.ts";
import { button, disclosure } from "./elements.ts";
import { icon } from "./icons.ts";
import type { Handle } from "./user_action.ts";
import type { AlongView, FileView } from "./view_model_along.ts";

/** The line, and under it the choice of the text and a tick for each file. */
export function renderAlong(view: AlongView, handle: Handle): VNode {
  const onToggle = ({ target }: { target: { open: boolean } }) =>
    target.open !== view.isOpen &&
    handle({ type: "toggle_line", line: "along", isOpen: target.open });
  const submit = () => handle({ type: "click", button: "sync" });
  return disclosure(
    { key: "along", class: "along", set: { open: view.isOpen }, on: { toggle: onToggle } },
    [h("span", {}, view.title, h("span", { class: "facts" }, view.facts))],
    renderTexts(view, handle),
    view.files.length > 0 && renderFiles(view, handle),
    view.submitLabel &&
      button({ key: "submit", appearance: "primary", label: view.submitLabel, onClick: submit }),
  );
}

function renderTexts({ textTitle, texts }: AlongView, handle: Handle): VNode {
  return h(
    "fieldset",
    { key: "texts" },
    h("legend", {}, textTitle),
    ...texts.map(({ along, label, isMarked, isReady }) =>
      h(
        "label",
        { class: isReady ? "choice" : "choice disabled" },
        h("input", {
          type: "radio",
          name: "text",
          disabled: !isReady,
          set: { checked: isMarked },
          on: { change: () => handle({ type: "choose_along", along }) },
        }),
        h("span", {}, label),
      ),
    ),
  );
}

function renderFiles({ filesTitle, files }: AlongView, handle: Handle): VNode {
  return h(
    "fieldset",
    { key: "files" },
    h("legend", {}, filesTitle),
    ...files.map((file) => renderFile(file, handle)),
  );
}

function renderFile({ name, note, isTaken, isReady, along }: FileView, handle: Handle): VNode {
  return h(
    "label",
    { key: `file ${name}`, class: isReady ? "choice" : "choice disabled" },
    h("input", {
      type: "checkbox",
      disabled: !isReady,
      set: { checked: isTaken },
      on: { change: () => handle({ type: "choose_along", along }) },
    }),
    icon("clip"),
    h("span", { class: "file" }, name),
    note ? h("span", { class: "facts" }, note) : null,
  );
}
