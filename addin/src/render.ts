/** Renders the view model. Sets all texts as text, never as HTML. */

import mark from "../assets/icon.svg";
import { type Child, h, patch, type VNode } from "./dom.ts";
import { disclosure, iconButton, link } from "./elements.ts";
import { icon } from "./icons.ts";
import { renderAlong } from "./render_along.ts";
import { renderChoices, renderPanel } from "./render_form.ts";
import { renderPlaces } from "./render_places.ts";
import { renderActions, renderStatus } from "./render_status.ts";
import type { Handle } from "./user_action.ts";
import type { FooterView, MailView, NoticeView, View } from "./view_model.ts";
import type { StoryView } from "./view_model_story.ts";

/**
 * Returns a function that renders a view into `pane` and its announcement into `live`, the live
 * region for screen readers. `handle` receives what the person does.
 */
export function createRenderer(
  pane: HTMLElement,
  live: HTMLElement,
  handle: Handle,
): (view: View) => void {
  return (view) => {
    const hadFocus = pane.contains(document.activeElement);
    const hadPanel = pane.querySelector(".panel") !== null;
    const before = new Set(pane.querySelectorAll(ANSWERS));
    document.documentElement.lang = view.language;
    patch(pane, renderSections(view, handle));
    if (live.textContent !== view.announcement) {
      live.textContent = view.announcement;
    }
    if (hadFocus) {
      moveFocus(pane, hadPanel ? newAnswer(pane, before) : pane.querySelector(".panel input"));
    }
  };
}

/** What a form shows after it was sent: Organisations to choose from, fields to correct. */
const ANSWERS = ".similar button, .panel [aria-invalid=true]";

/** The first answer that was not there before; a long form may hide it below the window's edge. */
function newAnswer(pane: HTMLElement, before: Set<Element>): HTMLElement | null {
  const answers = [...pane.querySelectorAll<HTMLElement>(ANSWERS)];
  return answers.find((answer) => !before.has(answer)) ?? null;
}

/** Focuses this element; the sentence, if there is none and the focused element is gone. */
function moveFocus(pane: HTMLElement, next: HTMLElement | null): void {
  const isGone = !pane.contains(document.activeElement);
  (next ?? (isGone ? pane.querySelector<HTMLElement>("#sentence") : null))?.focus();
}

function renderSections(view: View, handle: Handle): Child[] {
  return [
    renderHead(view),
    view.mail && renderMail(view.mail),
    view.notice && renderNotice(view.notice, handle),
    renderState(view, handle),
    view.places && renderPlaces(view.places, handle),
    view.along && renderAlong(view.along, handle),
    view.alwaysSync && renderAlwaysSync(view.alwaysSync, handle),
    view.story && renderStory(view.story, handle),
    h("footer", { key: "bottom", class: "bottom" }, view.footer && renderFooter(view.footer)),
  ];
}

function renderHead({ help: { label, link: to } }: View): VNode {
  const options = {
    key: "help",
    class: "help icon-button",
    "aria-label": label,
    "data-tip": label,
  };
  return h(
    "div",
    { key: "head", class: "head" },
    h("img", { src: mark, width: "20", height: "20", alt: "" }),
    h("span", {}, "webCRM"),
    link(to, options, icon("help")),
  );
}

function renderMail({ subject, badge, who, when }: MailView): VNode {
  return h(
    "header",
    { key: "mail", class: "mail" },
    h("h1", { title: subject }, subject),
    h("p", {}, h("span", { class: "who", title: who }, who), h("span", {}, when)),
    badge ? h("p", { key: "badge" }, h("span", { class: "badge" }, icon("lock"), badge)) : null,
  );
}

function renderNotice({ tone, sentence, line, closeLabel }: NoticeView, handle: Handle): VNode {
  return h(
    "div",
    { key: "notice", class: "message-bar", "data-tone": tone },
    icon(tone === "bad" ? "error" : "warning"),
    h("p", {}, h("strong", {}, sentence), " ", line),
    iconButton("cross", closeLabel, () => handle({ type: "close_notice" })),
  );
}

/** The state of the mail. Without a mail it fills the pane: there is nothing else to show. */
function renderState(view: View, handle: Handle): VNode {
  const { status, choices, panel } = view;
  return h(
    "section",
    {
      key: "status",
      class: view.mail ? "status card" : "status empty",
      "data-tone": status.tone,
      "aria-labelledby": "sentence",
    },
    renderStatus(status),
    choices && renderChoices(choices, handle),
    panel && renderPanel(panel, handle),
    renderActions(status, handle),
  );
}

function renderAlwaysSync(
  { label, hint, isOn }: NonNullable<View["alwaysSync"]>,
  handle: Handle,
): VNode {
  const onChange = ({ target }: { target: { checked: boolean } }) =>
    handle({ type: "switch", isOn: target.checked });
  return h(
    "div",
    { key: "always", class: "always" },
    h(
      "div",
      {},
      h("label", { for: "always" }, label),
      h("p", { id: "always-hint", class: "facts" }, hint),
    ),
    h("fluent-switch", {
      id: "always",
      role: "switch",
      "aria-checked": String(isOn),
      "aria-label": label,
      "aria-describedby": "always-hint",
      set: { checked: isOn },
      on: { change: onChange },
    }),
  );
}

function renderStory({ title, isOpen, lines, end }: StoryView, handle: Handle): VNode {
  const onToggle = ({ target }: { target: { open: boolean } }) =>
    target.open !== isOpen && handle({ type: "toggle_line", line: "story", isOpen: target.open });
  return disclosure(
    { key: "story", class: "story", set: { open: isOpen }, on: { toggle: onToggle } },
    [title],
    h(
      "ol",
      {},
      ...lines.map(({ when, sentence }) =>
        h("li", {}, h("span", { class: "facts" }, when), h("span", {}, sentence)),
      ),
    ),
    end ? h("p", { class: "facts" }, end) : null,
  );
}

function renderFooter({ tone, label, details }: FooterView): VNode {
  return disclosure(
    { key: "foot", class: "foot" },
    [h("span", { class: `dot ${tone}`, "aria-hidden": "true" }), label],
    h("ul", {}, ...details.map((text) => h("li", {}, text))),
  );
}
