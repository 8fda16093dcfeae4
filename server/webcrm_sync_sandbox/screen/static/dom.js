/** Creates and replaces elements of the page. */

import { icon } from "./icons.js";

/** An element. `on`: listeners by event. True sets an attribute; false, null, undefined do not. */
export function h(tag, { on = {}, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const [type, listener] of Object.entries(on)) {
    element.addEventListener(type, listener);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const drawn = new Map();

/** Redraws a part of the page if `input` has changed; keeps focus and scroll position. */
export function drawPart(id, input, create) {
  const text = JSON.stringify(input);
  if (drawn.get(id) === text) {
    return;
  }
  const place = document.getElementById(id);
  const open = place.querySelector(":popover-open");
  if (open) {
    // Wait until the person closes the open menu.
    open.addEventListener("toggle", () => drawPart(id, input, create), { once: true });
    return;
  }
  drawn.set(id, text);
  const key = place.contains(document.activeElement) && document.activeElement.dataset.key;
  const scrolled = place.scrollTop;
  place.replaceChildren(...[create()].flat().filter(Boolean));
  place.scrollTop = scrolled;
  if (key) {
    place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }
}

/** A button that opens a menu; `lines`: {word, key, action} or {title}. */
export function menu({ id, word, picture, lines, isOff = false }) {
  const list = h("div", { id, popover: "auto", class: "menu", role: "menu" });
  list.append(
    ...lines.map(({ title, word: text, key, action, depth = 0 }) =>
      title
        ? h("p", { class: "menu-title" }, title)
        : h(
            "button",
            {
              role: "menuitem",
              "data-key": key,
              style: `padding-left:${12 + depth * 14}px`,
              on: {
                click: () => {
                  list.hidePopover();
                  action();
                },
              },
            },
            text,
          ),
    ),
  );
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const buttons = [...list.querySelectorAll("button")];
      const at = buttons.indexOf(document.activeElement);
      buttons.at((at + step) % buttons.length).focus();
    }
  });
  const button = h(
    "button",
    { popovertarget: id, "data-key": id, disabled: isOff, "aria-haspopup": "menu" },
    icon(picture),
    word,
    h("span", { class: "caret", "aria-hidden": "true" }, "▾"),
  );
  list.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") {
      const { left, bottom } = button.getBoundingClientRect();
      list.style.left = `${Math.min(left, innerWidth - list.offsetWidth - 8)}px`;
      list.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - list.offsetHeight - 8))}px`;
      list.querySelector("button")?.focus();
    }
  });
  return [button, list];
}
