/** The elements that several sections of the pane share, in Fluent's look. */

import { type Child, h, type Options, type VNode } from "./dom.ts";
import { icon, type IconName } from "./icons.ts";

interface ButtonOptions {
  /** Identifies the button among its siblings. */
  key: string;
  appearance: "primary" | "secondary" | "subtle";
  label: string;
  isReady?: boolean;
  onClick: () => void;
}

/** A button with a label. One that is not ready keeps the focus, and does nothing. */
export function button({ key, appearance, label, isReady = true, onClick }: ButtonOptions): VNode {
  return h(
    "fluent-button",
    {
      key,
      // The control has this role itself; the attribute is for tools that read only attributes.
      role: "button",
      appearance,
      "disabled-focusable": !isReady,
      on: { click: () => isReady && onClick() },
    },
    label,
  );
}

/** A small square button with an icon; its label is the tooltip. */
export function iconButton(name: IconName, label: string, onClick: () => void): VNode {
  return h(
    "button",
    {
      key: `${name} ${label}`,
      type: "button",
      class: "icon-button",
      "aria-label": label,
      "data-tip": label,
      on: { click: onClick },
    },
    icon(name),
  );
}

/** A link that opens in the browser. */
export function link(
  to: string,
  options: Record<string, string | null>,
  ...children: Child[]
): VNode {
  return h(
    "a",
    { href: to, target: "_blank", rel: "noopener noreferrer", ...options },
    ...children,
  );
}

/** One line that opens: a chevron and words. */
export function disclosure(options: Options, summary: Child[], ...content: Child[]): VNode {
  return h("details", options, h("summary", {}, icon("chevron"), ...summary), ...content);
}

/** What is wrong with a field, below it. */
export function fieldError(id: string, error: string): Child[] {
  return error ? [h("p", { id, class: "error", role: "alert" }, icon("error"), error)] : [];
}
