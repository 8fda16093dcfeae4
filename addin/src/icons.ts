/** The icons of the status rows, drawn on 20 by 20 with one stroke. */

import { h, type VNode } from "./dom.ts";
import type { IconName } from "./view_model_status.ts";

const CIRCLE = "M10 2.75a7.25 7.25 0 1 1 0 14.5a7.25 7.25 0 1 1 0-14.5";

const PATHS: Record<IconName, string> = {
  empty: "",
  mail: "M2.75 5.25h14.5v9.5h-14.5zM3 5.75l7 5.25l7-5.25",
  moving: "M3 10h12.5M11 5l5 5l-5 5",
  done: `${CIRCLE}M6.5 10.25l2.5 2.5l4.75-5`,
  clock: `${CIRCLE}M10 6v4.25l2.75 1.75`,
  warning: "M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.1",
  minus: `${CIRCLE}M6.75 10h6.5`,
  sent: "M3 16.5l14-6.5l-14-6.5l2.25 6.5zM5.25 10h6",
  pencil: "M3.5 16.5l.9-3.6l8.6-8.6a1.4 1.4 0 0 1 2.7 2.7l-8.6 8.6zM11.5 6l2.5 2.5",
  person:
    "M10 3a3.25 3.25 0 1 1 0 6.5a3.25 3.25 0 1 1 0-6.5M3.75 17c.5-3.4 3-5 6.25-5s5.75 1.6 6.25 5",
  cloud:
    "M5.75 15.25a3.25 3.25 0 0 1-.3-6.5a4.75 4.75 0 0 1 9.2.7a2.95 2.95 0 0 1-.4 5.8zM3.5 3l13.5 14",
};

/** The icon; hidden from screen readers, which read the sentence beside it. */
export function icon(name: IconName): VNode {
  return svg(PATHS[name]);
}

/** A turning ring. */
export function spinner(): VNode {
  return h(
    "svg",
    { key: "spinner", class: "spinner", viewBox: "0 0 20 20", "aria-hidden": "true" },
    h("circle", { cx: "10", cy: "10", r: "7.25", class: "track" }),
    h("path", { d: "M10 2.75a7.25 7.25 0 0 1 7.25 7.25" }),
  );
}

/** A tick for a completed step, else an empty ring. */
export function tick(isDone: boolean): VNode {
  return svg(
    isDone ? "M4.5 10.5l3.75 3.75l7.5-8.25" : "M10 6.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7",
  );
}

function svg(d: string): VNode {
  return h("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, h("path", { d }));
}
