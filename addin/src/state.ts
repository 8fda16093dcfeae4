/** What the pane knows, and how it changes: pure, without Office, DOM or network. */

import type { Action, Connection, MailState, Organisation, Story, Target } from "./api_types.ts";
import type { Trouble, TroubleKind } from "./errors.ts";
import { isSame, type Selection } from "./selection.ts";
import { isPending } from "./status_row.ts";

/** What an answer is awaited for. `look` = how the selected mail stands. */
export type Ask = "look" | Exclude<Action, "create_contact"> | "contact" | "sign_in";

/** A list of Organisations searched as one types. `found` null = not asked yet. */
export interface Search {
  text: string;
  found: Organisation[] | null;
  /** Index of the option under the keyboard, -1 = none. */
  active: number;
}

export type Field = "search" | "name" | "address";

export interface ContactForm {
  kind: "contact";
  name: string;
  address: string;
  organisation: Organisation | null;
  search: Search;
  /** It was sent off with something missing. */
  isMissing: boolean;
}

/** `replaces`: the Organisation that was marked to give way, null = none yet. */
export interface ChangeForm {
  kind: "change";
  replaces: number | null;
  search: Search;
}

export type Panel = { kind: "choose"; search: Search } | ChangeForm | ContactForm;

/** Who asked: a person by an `act`, or the pane by a `look`, which may fail and mend unseen. */
export type By = "act" | "look";

export interface Notice {
  trouble: Trouble;
  by: By;
}

export interface Model {
  selection: Selection;
  answer: MailState | null;
  /** Stands in place of the answer; `notice` stands above it. */
  trouble: Trouble | null;
  notice: Notice | null;
  /** Why nothing came through last time; null = something did. */
  lost: Trouble | null;
  ask: Ask | null;
  /** The awaited answer is late enough for a spinner. */
  isSlow: boolean;
  /** Since when the pane waits for the mail to get on, in milliseconds; null = it does not. */
  movingSince: number | null;
  /** A contact was created: the waiting mail will file itself in a moment. */
  isExpecting: boolean;
  /** Chosen before the sync. */
  picked: Organisation | null;
  panel: Panel | null;
  story: Story | null;
  isStoryOpen: boolean;
  /** What the switch shows; null = what the server said. */
  always: boolean | null;
  connection: Connection | null;
}

export type Event =
  | { type: "selected"; selection: Selection }
  | { type: "asked"; ask: Ask }
  | { type: "slow" }
  | { type: "answered"; answer: MailState; by: By; at: number }
  | { type: "failed"; trouble: Trouble; by: By }
  | { type: "picked"; organisation: Organisation }
  | { type: "opened"; panel: Panel["kind"] }
  | { type: "closed" }
  | { type: "replacing"; organisationId: number }
  | { type: "typed"; field: Field; text: string }
  | { type: "moved"; step: number }
  | { type: "found"; text: string; organisations: Organisation[] }
  | { type: "incomplete" }
  | { type: "contact_made"; at: number }
  | { type: "gave_up_expecting" }
  | { type: "switched"; on: boolean }
  | { type: "switch_failed"; trouble: Trouble }
  | { type: "story_opened"; isOpen: boolean }
  | { type: "told"; story: Story }
  | { type: "connected"; connection: Connection };

/** A pane before anything is known. */
export function start(selection: Selection): Model {
  return {
    selection,
    answer: null,
    trouble: null,
    notice: null,
    lost: null,
    ask: null,
    isSlow: false,
    movingSince: null,
    isExpecting: false,
    picked: null,
    panel: null,
    story: null,
    isStoryOpen: false,
    always: null,
    connection: null,
  };
}

/** The model after this event. The same object when nothing changed. */
export function reduce(model: Model, event: Event): Model {
  const change = CHANGES[event.type] as (model: Model, event: Event) => Partial<Model> | null;
  const changed = change(model, event);
  return changed ? { ...model, ...changed } : model;
}

/** Nothing comes through: no network, no server, or nobody that the server would listen to. */
const LOST = new Set<TroubleKind>(["offline", "away", "signed_out", "refused", "no_mailbox"]);

/** The Organisation that gives way to the one that is chosen next: the only one, or the marked one. */
export function replacedIn({ panel, answer }: Model): Target | null {
  const { targets = [] } = answer ?? {};
  if (panel?.kind !== "change") {
    return null;
  }
  const marked = targets.find(({ organisationId }) => organisationId === panel.replaces);
  return (targets.length === 1 ? targets[0] : marked) ?? null;
}

/** The words of the Organisation list that is open, if one is. */
export function searchOf(model: Model): Search | null {
  return model.panel?.search ?? null;
}

/** What takes the place of all that was shown. */
const SIGNED_OUT = new Set<TroubleKind>(["signed_out", "popup_blocked"]);
const NOT_HERE = new Set<TroubleKind>(["not_found", "shared"]);

type Changes = {
  [T in Event["type"]]: (model: Model, event: Extract<Event, { type: T }>) => Partial<Model> | null;
};

const CHANGES: Changes = {
  selected: (model, { selection }) =>
    isSame(model.selection, selection) ? null : { ...start(selection), ...lasting(model) },
  asked: (_, { ask }) => ({ ask, isSlow: false, notice: null }),
  slow: (model) => (model.ask && !model.isSlow ? { isSlow: true } : null),
  answered,
  failed,
  picked: (model, { organisation }) =>
    model.panel?.kind === "contact"
      ? { panel: { ...model.panel, organisation, search: searching(organisation.name) } }
      : { picked: organisation, panel: null },
  opened: (model, { panel }) => ({ panel: open(model, panel), notice: null }),
  closed: (model) => (model.panel ? { panel: null, notice: null } : null),
  replacing: ({ panel }, { organisationId }) =>
    panel?.kind === "change" ? { panel: { ...panel, replaces: organisationId } } : null,
  typed,
  moved: (model, { step }) => withSearch(model, (search) => ({ active: along(search, step) })),
  found: (model, { text, organisations }) =>
    searchOf(model)?.text.trim() === text
      ? withSearch(model, () => ({
          found: newFirst(model, organisations),
          active: organisations.length ? 0 : -1,
        }))
      : null,
  incomplete: ({ panel }) =>
    panel?.kind === "contact" ? { panel: { ...panel, isMissing: true } } : null,
  contact_made: (_, { at }) => ({
    panel: null,
    ask: null,
    isSlow: false,
    isExpecting: true,
    movingSince: at,
  }),
  gave_up_expecting: () => ({ isExpecting: false, movingSince: null }),
  switched: (_, { on }) => ({ always: on, notice: null }),
  switch_failed: (_, { trouble }) => ({
    always: null,
    notice: { trouble, by: "act" },
    lost: lostBy(trouble),
  }),
  story_opened: (_, { isOpen }) => ({ isStoryOpen: isOpen }),
  told: (_, { story }) => ({ story }),
  connected: (model, { connection }) => ({
    connection,
    lost: model.trouble || model.notice ? model.lost : null,
  }),
};

/** Where the mail is already comes last: to choose it takes the other place away. */
function newFirst({ panel, answer }: Model, found: Organisation[]): Organisation[] {
  const targets = panel?.kind === "change" ? (answer?.targets ?? []) : [];
  const there = new Set(targets.map(({ organisationId }) => organisationId));
  return [...found.filter(({ id }) => !there.has(id)), ...found.filter(({ id }) => there.has(id))];
}

/** What does not end with the selection. */
function lasting({ isStoryOpen, connection, lost }: Model): Partial<Model> {
  return { isStoryOpen, connection, lost };
}

function lostBy(trouble: Trouble): Trouble | null {
  return LOST.has(trouble.kind) ? trouble : null;
}

function answered(
  model: Model,
  { answer, by, at }: { answer: MailState; by: By; at: number },
): Partial<Model> {
  const isExpecting = model.isExpecting && answer.state === "waiting";
  const isMoving = isExpecting || answer.state === "on_its_way" || isPending(answer);
  return {
    answer,
    trouble: null,
    lost: null,
    ask: null,
    isSlow: false,
    movingSince: isMoving ? (model.movingSince ?? at) : null,
    isExpecting,
    always: answer.alwaysSync === model.always ? null : model.always,
    ...kept(model, answer, by),
  };
}

/**
 * What a look leaves alone: words about a click that failed, and all that is half done. What was
 * typed stays even when the mail went on; only a place in webCRM that is gone cannot be changed.
 */
function kept(model: Model, answer: MailState, by: By): Partial<Model> {
  const isSameState = answer.state === model.answer?.state;
  const isLook = by === "look";
  const isApt = isSameState || model.panel?.kind !== "change";
  return {
    notice: isLook && model.notice?.by === "act" ? model.notice : null,
    picked: isSameState ? model.picked : null,
    panel: isLook && isApt ? model.panel : null,
  };
}

/** What is shown and typed stays wherever there is something to show. */
function failed(model: Model, { trouble, by }: { trouble: Trouble; by: By }): Partial<Model> {
  const still = { ask: null, isSlow: false, lost: lostBy(trouble) };
  const isOver = SIGNED_OUT.has(trouble.kind) || (NOT_HERE.has(trouble.kind) && by === "act");
  return model.answer && !isOver ? { ...still, notice: { trouble, by } } : { ...still, trouble };
}

function typed(
  model: Model,
  { field, text }: { field: Field; text: string },
): Partial<Model> | null {
  if (field === "search") {
    return withSearch(model, () => ({ text, active: -1 }));
  }
  return model.panel?.kind === "contact" ? { panel: { ...model.panel, [field]: text } } : null;
}

function open({ answer }: Model, kind: Panel["kind"]): Panel {
  const search = searching("");
  switch (kind) {
    case "choose":
      return { kind, search };
    case "change":
      return { kind, replaces: null, search };
    case "contact":
      return { kind, ...likelyContact(answer), organisation: null, search, isMissing: false };
  }
}

function likelyContact(answer: MailState | null): Pick<ContactForm, "name" | "address"> {
  const sender = answer?.sender;
  const address = answer?.addresses[0] ?? sender?.address ?? "";
  return { address, name: sender?.address === address ? sender.name : "" };
}

function searching(text: string): Search {
  return { text, found: null, active: -1 };
}

function withSearch(model: Model, change: (search: Search) => Partial<Search>): Partial<Model> {
  const { panel } = model;
  if (!panel) {
    return {};
  }
  const search = { ...panel.search, ...change(panel.search) };
  const retyped = panel.kind === "contact" && search.text !== panel.organisation?.name;
  return { panel: { ...panel, search, ...(retyped && { organisation: null }) } as Panel };
}

function along({ found, active }: Search, step: number): number {
  const count = found?.length ?? 0;
  return count ? (Math.max(active, step > 0 ? -1 : 0) + step + count) % count : -1;
}
