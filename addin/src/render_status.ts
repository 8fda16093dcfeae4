/** Renders the state of the mail: icon, sentence, line and buttons. */

import { type Child, h, type VNode } from "./dom.ts";
import { button, disclosure, link } from "./elements.ts";
import type { Part } from "./i18n.ts";
import { icon, spinner } from "./icons.ts";
import type { Handle } from "./user_action.ts";
import type { ButtonView } from "./view_model_buttons.ts";
import type { StatusView } from "./view_model_status.ts";

/** The icon, the sentence and what stands beneath it. */
export function renderStatus(status: StatusView): VNode {
  const { isBusy, sentence, line, footnote, details } = status;
  return h(
    "div",
    { key: "state", class: "state" },
    isBusy ? spinner() : status.icon && icon(status.icon),
    h(
      "div",
      {},
      h("h2", { id: "sentence", tabindex: "-1" }, sentence),
      h("p", { class: "line" }, ...line.map(renderPart)),
      footnote ? h("p", { class: "facts" }, footnote) : null,
      status.steps.length > 0 && renderSteps(status),
      details &&
        disclosure({ key: "details", class: "details" }, [details.title], h("p", {}, details.text)),
    ),
  );
}

/** A piece of a sentence: plain, strong or a link. */
export function renderPart({ text, isStrong, link: target }: Part): Child {
  if (target) {
    return link(target.to, { "aria-label": target.name }, text);
  }
  return isStrong ? h("b", {}, text) : text;
}

function renderSteps({ steps }: StatusView): VNode {
  return h(
    "ol",
    { key: "steps", class: "steps" },
    ...steps.map(({ label, isDone, spoken }) =>
      h(
        "li",
        { class: isDone ? "done" : null, "aria-label": spoken },
        icon(isDone ? "check" : "ring"),
        h("span", { "aria-hidden": "true" }, label),
      ),
    ),
  );
}

/** The primary button, then the others; null if there is none. */
export function renderActions({ primary, secondary }: StatusView, handle: Handle): Child {
  if (!primary && !secondary.length) {
    return null;
  }
  return h(
    "div",
    { key: "actions", class: "actions" },
    primary && renderButton(primary, "primary", handle),
    secondary.length > 0 &&
      h("div", { class: "more" }, ...secondary.map((one) => renderButton(one, "subtle", handle))),
  );
}

function renderButton(
  { name, label, link: to, isReady }: ButtonView,
  appearance: "primary" | "subtle",
  handle: Handle,
): VNode {
  const key = `${appearance} ${name}`;
  if (to) {
    return link(to, { key, class: `button ${appearance}` }, label);
  }
  const onClick = () => handle({ type: "click", button: name });
  return button({ key, appearance, label, isReady, onClick });
}
