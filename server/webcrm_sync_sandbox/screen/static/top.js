/** Draws the guide and the switches. */

import { h } from "./dom.js";
import { STEPS } from "./guide.js";

export function drawGuide(done) {
  const next = STEPS.find(({ key }) => !done[key]);
  const step = ({ key, title, hint }, index) => {
    const isDone = Boolean(done[key]);
    return h(
      "li",
      {
        class: isDone ? "done" : null,
        "aria-current": next?.key === key ? "step" : null,
        "data-step": key,
      },
      h("span", { class: "number", "aria-hidden": "true" }, isDone ? "✓" : index + 1),
      h(
        "span",
        {},
        h("b", {}, title),
        isDone ? h("span", { class: "unseen" }, " (done)") : null,
        h("small", {}, hint),
      ),
    );
  };
  return STEPS.map(step);
}

export function drawSwitches({ ui, now }, actions) {
  const choice = (name, label, options) =>
    h(
      "label",
      {},
      h("span", {}, label),
      h(
        "select",
        {
          "data-key": name,
          on: { change: ({ target }) => actions.choose(name, target.value) },
        },
        options.map(([value, word]) => h("option", { value, selected: ui[name] === value }, word)),
      ),
    );
  const checkbox = (name, label, isOn, action) =>
    h(
      "label",
      { class: "tick" },
      h("input", {
        type: "checkbox",
        "data-key": name,
        checked: isOn,
        on: { change: ({ target }) => action(target.checked) },
      }),
      label,
    );
  const outage = (name, label) =>
    checkbox(name, label, now.moods.includes(name), (isOn) => actions.setOutage(name, isOn));
  return [
    choice("theme", "Theme", [
      ["light", "Light"],
      ["dark", "Dark"],
      ["contrast", "High contrast"],
    ]),
    choice("language", "Pane in", [
      ["en", "English"],
      ["da", "Dansk"],
      ["de", "Deutsch"],
      ["nl", "Nederlands"],
      ["no", "Norsk"],
      ["fi", "Suomi"],
      ["sv", "Svenska"],
    ]),
    checkbox("line", "Network down", now.isDown, actions.setNetworkDown),
    checkbox("signedOut", "Signed out", ui.signedOut, actions.signOut),
    outage("refuses", "webCRM refuses"),
    outage("slow", "webCRM slow"),
  ];
}
