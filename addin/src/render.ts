/** Renders the view model. Sets all texts as text, never as HTML. */

import type { Organisation } from "./api_models.ts";
import { type Child, h, patch, type VNode } from "./dom.ts";
import type { Part } from "./i18n.ts";
import { icon, spinner, tick } from "./icons.ts";
import { renderChoices, renderPanel } from "./render_form.ts";
import type { Field } from "./state.ts";
import type { FooterView, MailView, TargetView, View } from "./view_model.ts";
import type { ButtonName, ButtonView } from "./view_model_buttons.ts";
import type { StatusView } from "./view_model_status.ts";
import type { StoryView } from "./view_model_story.ts";

/** What a person can do in the pane. */
export type UserAction =
  | { type: "click"; button: ButtonName }
  | { type: "mark_candidate"; organisation: Organisation }
  | { type: "mark_replaced"; organisationId: number }
  | { type: "choose"; organisation: Organisation }
  | { type: "choose_active" }
  | { type: "type"; field: Field; text: string }
  | { type: "move_option"; by: number }
  | { type: "submit" }
  | { type: "cancel" }
  | { type: "switch"; isOn: boolean }
  | { type: "toggle_story"; isOpen: boolean };

export type Handle = (action: UserAction) => void;

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
    document.documentElement.lang = view.language;
    patch(pane, renderSections(view, handle));
    if (live.textContent !== view.announcement) {
      live.textContent = view.announcement;
    }
    if (hadFocus && !pane.contains(document.activeElement)) {
      restoreFocus(pane, !hadPanel);
    }
  };
}

/** The focused element is gone: focuses the first field of a new panel, else the sentence. */
function restoreFocus(pane: HTMLElement, isNewPanel: boolean): void {
  const field = isNewPanel ? pane.querySelector<HTMLElement>(".panel input") : null;
  (field ?? pane.querySelector<HTMLElement>("#sentence"))?.focus();
}

function renderSections(view: View, handle: Handle): Child[] {
  return [
    view.mail && renderMail(view.mail),
    view.notice && renderNotice(view.notice),
    h(
      "section",
      {
        key: "status",
        class: "status",
        "data-tone": view.status.tone,
        "aria-labelledby": "sentence",
      },
      renderStatus(view.status),
      view.choices && renderChoices(view.choices, handle),
      view.panel && renderPanel(view.panel, handle),
      renderActions(view.status, handle),
    ),
    view.targets && renderTargets(view.targets),
    view.alwaysSync && renderAlwaysSync(view.alwaysSync, handle),
    view.story && renderStory(view.story, handle),
    h(
      "footer",
      { key: "bottom", class: "bottom" },
      view.footer && renderFooter(view.footer),
      renderHelp(view.help),
    ),
  ];
}

function renderNotice({ sentence, line }: NonNullable<View["notice"]>): VNode {
  return h(
    "div",
    { key: "notice", class: "notice" },
    h("strong", {}, sentence),
    h("span", {}, line),
  );
}

function renderMail({ subject, who, when }: MailView): VNode {
  return h(
    "header",
    { key: "mail", class: "mail" },
    h("h1", { title: subject }, subject),
    h("p", {}, h("span", { class: "who", title: who }, who), h("span", {}, when)),
  );
}

function renderStatus(status: StatusView): VNode {
  const { isBusy, sentence, line, footnote, details } = status;
  return h(
    "div",
    { key: "state", class: "state" },
    isBusy ? spinner() : icon(status.icon),
    h(
      "div",
      {},
      h("h2", { id: "sentence", tabindex: "-1" }, sentence),
      h("p", { class: "line" }, ...line.map(renderPart)),
      footnote ? h("p", { class: "facts" }, footnote) : null,
      status.steps.length > 0 && renderSteps(status),
      details &&
        h("details", { key: "details" }, h("summary", {}, details.title), h("p", {}, details.text)),
    ),
  );
}

function renderPart({ text, isStrong, link }: Part): Child {
  if (link) {
    const target = { href: link.to, target: "_blank", rel: "noopener noreferrer" };
    return h("a", { ...target, "aria-label": link.name }, text);
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
        tick(isDone),
        h("span", { "aria-hidden": "true" }, label),
      ),
    ),
  );
}

function renderActions({ primary, secondary }: StatusView, handle: Handle): Child {
  if (!primary && !secondary.length) {
    return null;
  }
  return h(
    "div",
    { key: "actions", class: "actions" },
    primary && renderButton(primary, "primary", handle),
    ...secondary.map((button) => renderButton(button, "subtle", handle)),
  );
}

function renderButton(button: ButtonView, appearance: string, handle: Handle): VNode {
  const { name, label, link, isReady } = button;
  const key = `${appearance} ${name}`;
  if (link) {
    const target = { href: link, target: "_blank", rel: "noopener noreferrer" };
    return h("a", { key, class: `button ${appearance}`, ...target }, label);
  }
  return h(
    "fluent-button",
    {
      key,
      // The control has this role itself; the attribute is for tools that read only attributes.
      role: "button",
      appearance,
      "disabled-focusable": !isReady,
      on: { click: () => isReady && handle({ type: "click", button: name }) },
    },
    label,
  );
}

function renderTargets({ title, items }: NonNullable<View["targets"]>): VNode {
  return h(
    "section",
    { key: "where", class: "where", "aria-labelledby": "where" },
    h("h3", { id: "where" }, title),
    h("ul", {}, ...items.map(renderTarget)),
  );
}

function renderTarget({ id, organisation, person, link, linkLabel }: TargetView): VNode {
  const target = { target: "_blank", rel: "noopener noreferrer" };
  return h(
    "li",
    { key: `target ${id}` },
    link
      ? h("a", { href: link, ...target, "aria-label": linkLabel }, organisation)
      : h("span", { class: "name" }, organisation),
    person ? h("span", { class: "facts" }, person) : null,
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
    target.open !== isOpen && handle({ type: "toggle_story", isOpen: target.open });
  return h(
    "details",
    { key: "story", class: "story", set: { open: isOpen }, on: { toggle: onToggle } },
    h("summary", {}, title),
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

function renderHelp({ label, link }: View["help"]): VNode {
  const target = { target: "_blank", rel: "noopener noreferrer" };
  return h("a", { key: "help", class: "help", href: link, ...target }, label);
}

function renderFooter({ tone, label, details }: FooterView): VNode {
  return h(
    "details",
    { key: "foot", class: "foot" },
    h("summary", {}, h("span", { class: `dot ${tone}`, "aria-hidden": "true" }), label),
    h("ul", {}, ...details.map((text) => h("li", {}, text))),
  );
}
