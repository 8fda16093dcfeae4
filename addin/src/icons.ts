/** Icons as virtual nodes, hidden from screen readers, which read the words beside them. */

import { h, type VNode } from "./dom.ts";
import { DRAWINGS } from "./fluent_icons.ts";

export type IconName = keyof typeof DRAWINGS;

/** The icon in the size that it is drawn for. */
export function icon(name: IconName): VNode {
  const { size, path } = DRAWINGS[name];
  return h(
    "svg",
    {
      class: `icon-${name}`,
      viewBox: `0 0 ${size} ${size}`,
      width: `${size}`,
      height: `${size}`,
      "aria-hidden": "true",
    },
    h("path", { d: path }),
  );
}

/** A turning ring. */
export function spinner(): VNode {
  return h(
    "svg",
    { key: "spinner", class: "spinner", viewBox: "0 0 24 24", "aria-hidden": "true" },
    h("circle", { cx: "12", cy: "12", r: "9", class: "track" }),
    h("path", { d: "M12 3a9 9 0 0 1 9 9" }),
  );
}
