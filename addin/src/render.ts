/** Draws the view model. Texts are set as text, never read as HTML. */

import { type Child, h, lay, type Wanted } from "./dom.ts";
import { drawChoices, drawPanel } from "./render_form.ts";
import { icon, spinner, tick } from "./icons.ts";
import type { Organisation } from "./api_types.ts";
import type { FootView, MailView, Place, View } from "./view_model.ts";
import type { StoryView } from "./view_model_story.ts";
import type { Button, Intent } from "./view_model_buttons.ts";
import type { Status } from "./view_model_status.ts";
import type { Field } from "./state.ts";
import type { Part } from "./i18n.ts";

/** What a person did in the pane. */
export type Deed =
  | { type: "press"; intent: Intent }
  | { type: "mark"; organisation: Organisation }
  | { type: "replace"; organisationId: number }
  | { type: "pick"; organisation: Organisation }
  | { type: "type"; field: Field; text: string }
  | { type: "step"; by: number }
  | { type: "pick_active" }
  | { type: "submit" }
  | { type: "cancel" }
  | { type: "switch"; isOn: boolean }
  | { type: "story"; isOpen: boolean };

export type Send = (deed: Deed) => void;

/** A function that draws into the pane and tells screen readers by the live region. */
export function createView(pane: HTMLElement, live: HTMLElement, send: Send): (view: View) => void {
  return (view) => {
    const hadFocus = pane.contains(document.activeElement);
    const hadPanel = pane.querySelector(".panel") !== null;
    document.documentElement.lang = view.language;
    lay(pane, drawAll(view, send));
    if (live.textContent !== view.live) {
      live.textContent = view.live;
    }
    if (hadFocus && !pane.contains(document.activeElement)) {
      refocus(pane, !hadPanel);
    }
  };
}

/** What was focused is gone, because the person used it: goes on where they look next. */
function refocus(pane: HTMLElement, isNewPanel: boolean): void {
  const field = isNewPanel ? pane.querySelector<HTMLElement>(".panel input") : null;
  (field ?? pane.querySelector<HTMLElement>("#sentence"))?.focus();
}

function drawAll(view: View, send: Send): Child[] {
  return [
    view.mail && drawMail(view.mail),
    view.notice && drawNotice(view.notice),
    h(
      "section",
      {
        key: "status",
        class: "status",
        "data-tone": view.status.tone,
        "aria-labelledby": "sentence",
      },
      drawStatus(view.status),
      view.choices && drawChoices(view.choices, send),
      view.panel && drawPanel(view.panel, send),
      drawActions(view.status, send),
    ),
    view.where && drawWhere(view.where.title, view.where.places),
    view.always && drawAlways(view.always, send),
    view.story && drawStory(view.story, send),
    view.foot && drawFoot(view.foot),
  ];
}

function drawNotice({ sentence, line }: NonNullable<View["notice"]>): Wanted {
  return h(
    "div",
    { key: "notice", class: "notice" },
    h("strong", {}, sentence),
    h("span", {}, line),
  );
}

function drawMail({ subject, who, when }: MailView): Wanted {
  return h(
    "header",
    { key: "mail", class: "mail" },
    h("h1", { title: subject }, subject),
    h("p", {}, h("span", { class: "who", title: who }, who), h("span", {}, when)),
  );
}

function drawStatus(status: Status): Wanted {
  const { isBusy, sentence, line, facts, details } = status;
  return h(
    "div",
    { key: "state", class: "state" },
    isBusy ? spinner() : icon(status.icon),
    h(
      "div",
      {},
      h("h2", { id: "sentence", tabindex: "-1" }, sentence),
      h("p", { class: "line" }, ...line.map(drawPart)),
      facts ? h("p", { class: "facts" }, facts) : null,
      status.steps.length > 0 && drawSteps(status),
      details &&
        h("details", { key: "details" }, h("summary", {}, details.title), h("p", {}, details.text)),
    ),
  );
}

function drawPart({ text, strong, link }: Part): Child {
  if (link) {
    const target = { href: link.to, target: "_blank", rel: "noopener noreferrer" };
    return h("a", { ...target, "aria-label": link.name }, text);
  }
  return strong ? h("b", {}, text) : text;
}

function drawSteps({ steps }: Status): Wanted {
  return h(
    "ol",
    { key: "steps", class: "steps" },
    ...steps.map(({ word, isDone, said }) =>
      h(
        "li",
        { class: isDone ? "done" : null, "aria-label": said },
        tick(isDone),
        h("span", { "aria-hidden": "true" }, word),
      ),
    ),
  );
}

function drawActions({ primary, secondary }: Status, send: Send): Child {
  if (!primary && !secondary.length) {
    return null;
  }
  return h(
    "div",
    { key: "actions", class: "actions" },
    primary && drawButton(primary, "primary", send),
    ...secondary.map((button) => drawButton(button, "subtle", send)),
  );
}

function drawButton(button: Button, appearance: string, send: Send): Wanted {
  const { does, word, link, isReady } = button;
  const key = `${appearance} ${does}`;
  if (link) {
    const target = { href: link, target: "_blank", rel: "noopener noreferrer" };
    return h("a", { key, class: `button ${appearance}`, ...target }, word);
  }
  return h(
    "fluent-button",
    {
      key,
      // Said by the control itself as well, but not to tools that read attributes only.
      role: "button",
      appearance,
      "disabled-focusable": !isReady,
      on: { click: () => isReady && send({ type: "press", intent: does }) },
    },
    word,
  );
}

function drawWhere(title: string, places: Place[]): Wanted {
  return h(
    "section",
    { key: "where", class: "where", "aria-labelledby": "where" },
    h("h3", { id: "where" }, title),
    h("ul", {}, ...places.map(drawPlace)),
  );
}

function drawPlace({ id, organisation, person, link, linkWord }: Place): Wanted {
  const target = { target: "_blank", rel: "noopener noreferrer" };
  return h(
    "li",
    { key: `place ${id}` },
    link
      ? h("a", { href: link, ...target, "aria-label": linkWord }, organisation)
      : h("span", { class: "name" }, organisation),
    person ? h("span", { class: "facts" }, person) : null,
  );
}

function drawAlways({ words, hint, isOn }: NonNullable<View["always"]>, send: Send): Wanted {
  const changed = ({ target }: { target: { checked: boolean } }) =>
    send({ type: "switch", isOn: target.checked });
  return h(
    "div",
    { key: "always", class: "always" },
    h(
      "div",
      {},
      h("label", { for: "always" }, words),
      h("p", { id: "always-hint", class: "facts" }, hint),
    ),
    h("fluent-switch", {
      id: "always",
      role: "switch",
      "aria-checked": String(isOn),
      "aria-label": words,
      "aria-describedby": "always-hint",
      set: { checked: isOn },
      on: { change: changed },
    }),
  );
}

function drawStory({ title, isOpen, lines, end }: StoryView, send: Send): Wanted {
  const toggled = ({ target }: { target: { open: boolean } }) =>
    target.open !== isOpen && send({ type: "story", isOpen: target.open });
  return h(
    "details",
    { key: "story", class: "story", set: { open: isOpen }, on: { toggle: toggled } },
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

function drawFoot({ tone, words, details }: FootView): Wanted {
  return h(
    "details",
    { key: "foot", class: "foot" },
    h("summary", {}, h("span", { class: `dot ${tone}`, "aria-hidden": "true" }), words),
    h("ul", {}, ...details.map((text) => h("li", {}, text))),
  );
}
