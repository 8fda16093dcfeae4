/** What the pane knows, and how an event changes it. Pure: no Office, DOM or network. */

import type { Action, Connection, MailState, Organisation, Story, Target } from "./api_models.ts";
import type { AddinError, ErrorKind } from "./errors.ts";
import { isSame, type Selection } from "./selection.ts";
import { isWithdrawalPending } from "./status_row.ts";

/** The request whose response the pane waits for. `load`: the state of the selected mail. */
export type PendingRequest = "load" | Exclude<Action, "create_contact"> | "contact" | "sign_in";

/** A search for Organisations. `found` null = not searched yet. */
export interface Search {
  text: string;
  found: Organisation[] | null;
  /** The index of the option under the keyboard; -1 = none. */
  active: number;
}

export type Field = "search" | "name" | "address";

export interface ContactForm {
  kind: "contact";
  name: string;
  address: string;
  organisation: Organisation | null;
  search: Search;
  /** The person submitted the form before it was complete. */
  isIncomplete: boolean;
}

/** `replaces`: the Organisation to replace, as the person marked it; null = none marked. */
export interface ChangeForm {
  kind: "change";
  replaces: number | null;
  search: Search;
}

export type Panel = { kind: "choose"; search: Search } | ChangeForm | ContactForm;

/** Who caused a request: the person, or the background poll, whose errors may pass unseen. */
export type Cause = "person" | "poll";

export interface Notice {
  error: AddinError;
  by: Cause;
}

export interface Model {
  selection: Selection;
  mailState: MailState | null;
  /** Shown in place of the mail's state; `notice` is shown above it. */
  error: AddinError | null;
  notice: Notice | null;
  /** Why the last request did not reach the server; null = it did. */
  connectionError: AddinError | null;
  pending: PendingRequest | null;
  /** The response takes long enough for a spinner. */
  isSlow: boolean;
  /** Since when the pane expects the mail to change soon, in milliseconds; null = it does not. */
  inProgressSince: number | null;
  /** The person created a contact, so the server files the waiting mail in a moment. */
  isFilingExpected: boolean;
  /** The Organisation that the person chose before the sync. */
  chosen: Organisation | null;
  panel: Panel | null;
  story: Story | null;
  isStoryOpen: boolean;
  /** The switch as the person left it; null = as the server says. */
  alwaysSync: boolean | null;
  connection: Connection | null;
}

export type Event =
  | { type: "selected"; selection: Selection }
  | { type: "requested"; request: PendingRequest }
  | { type: "slow" }
  | { type: "loaded"; mailState: MailState; by: Cause; at: number }
  | { type: "failed"; error: AddinError; by: Cause }
  | { type: "notice_closed" }
  | { type: "chosen"; organisation: Organisation }
  | { type: "panel_opened"; panel: Panel["kind"] }
  | { type: "panel_closed" }
  | { type: "replaced_marked"; organisationId: number }
  | { type: "typed"; field: Field; text: string }
  | { type: "option_moved"; by: number }
  | { type: "found"; text: string; organisations: Organisation[] }
  | { type: "incomplete" }
  | { type: "contact_created"; at: number }
  | { type: "filing_overdue" }
  | { type: "switched"; isOn: boolean }
  | { type: "switch_failed"; error: AddinError }
  | { type: "story_toggled"; isOpen: boolean }
  | { type: "story_loaded"; story: Story }
  | { type: "connection_loaded"; connection: Connection };

/** The model for a selection of which nothing is known yet. */
export function initialModel(selection: Selection): Model {
  return {
    selection,
    mailState: null,
    error: null,
    notice: null,
    connectionError: null,
    pending: null,
    isSlow: false,
    inProgressSince: null,
    isFilingExpected: false,
    chosen: null,
    panel: null,
    story: null,
    isStoryOpen: false,
    alwaysSync: null,
    connection: null,
  };
}

/** The model after this event; the same object if the event changes nothing. */
export function reduce(model: Model, event: Event): Model {
  const reducer = REDUCERS[event.type] as (model: Model, event: Event) => Partial<Model> | null;
  const changes = reducer(model, event);
  return changes ? { ...model, ...changes } : model;
}

/**
 * The target that the next chosen Organisation replaces: the only one, or the marked one. Null if
 * the person must mark one first.
 */
export function replacedTarget({ panel, mailState }: Model): Target | null {
  const { targets = [] } = mailState ?? {};
  if (panel?.kind !== "change") {
    return null;
  }
  const marked = targets.find(({ organisationId }) => organisationId === panel.replaces);
  return (targets.length === 1 ? targets[0] : marked) ?? null;
}

/** Errors after which the pane is not connected: no network, no server, or no access to it. */
const CONNECTION_ERRORS = new Set<ErrorKind>([
  "offline",
  "away",
  "signed_out",
  "refused",
  "no_mailbox",
]);
/** Errors that replace the mail's state, since the pane cannot show it to this person. */
const NO_ACCESS = new Set<ErrorKind>(["signed_out", "popup_blocked"]);
/** Errors that replace the mail's state only in response to a person. */
const NOT_HERE = new Set<ErrorKind>(["not_found", "shared"]);

type Reducers = {
  [T in Event["type"]]: (model: Model, event: Extract<Event, { type: T }>) => Partial<Model> | null;
};

const REDUCERS: Reducers = {
  selected: (model, { selection }) =>
    isSame(model.selection, selection)
      ? null
      : { ...initialModel(selection), ...independentOfSelection(model) },
  requested: (_, { request }) => ({ pending: request, isSlow: false, notice: null }),
  slow: (model) => (model.pending && !model.isSlow ? { isSlow: true } : null),
  loaded,
  failed,
  notice_closed: () => ({ notice: null }),
  chosen: (model, { organisation }) =>
    model.panel?.kind === "contact"
      ? { panel: { ...model.panel, organisation, search: newSearch(organisation.name) } }
      : { chosen: organisation, panel: null },
  panel_opened: (model, { panel }) => ({ panel: newPanel(model, panel), notice: null }),
  panel_closed: (model) => (model.panel ? { panel: null, notice: null } : null),
  replaced_marked: ({ panel }, { organisationId }) =>
    panel?.kind === "change" ? { panel: { ...panel, replaces: organisationId } } : null,
  typed,
  option_moved: (model, { by }) =>
    withSearch(model, (search) => ({ active: nextActive(search, by) })),
  found: (model, { text, organisations }) =>
    model.panel?.search.text.trim() === text
      ? withSearch(model, () => ({
          found: targetsLast(model, organisations),
          active: organisations.length ? 0 : -1,
        }))
      : null,
  incomplete: ({ panel }) =>
    panel?.kind === "contact" ? { panel: { ...panel, isIncomplete: true } } : null,
  contact_created: (_, { at }) => ({
    panel: null,
    pending: null,
    isSlow: false,
    isFilingExpected: true,
    inProgressSince: at,
  }),
  filing_overdue: () => ({ isFilingExpected: false, inProgressSince: null }),
  switched: (_, { isOn }) => ({ alwaysSync: isOn, notice: null }),
  switch_failed: (_, { error }) => ({
    alwaysSync: null,
    notice: { error, by: "person" },
    connectionError: asConnectionError(error),
  }),
  story_toggled: (_, { isOpen }) => ({ isStoryOpen: isOpen }),
  story_loaded: (_, { story }) => ({ story }),
  connection_loaded: (model, { connection }) => ({
    connection,
    connectionError: model.error || model.notice ? model.connectionError : null,
  }),
};

function independentOfSelection({
  isStoryOpen,
  connection,
  connectionError,
}: Model): Partial<Model> {
  return { isStoryOpen, connection, connectionError };
}

function asConnectionError(error: AddinError): AddinError | null {
  return CONNECTION_ERRORS.has(error.kind) ? error : null;
}

function loaded(
  model: Model,
  { mailState, by, at }: { mailState: MailState; by: Cause; at: number },
): Partial<Model> {
  const isFilingExpected = model.isFilingExpected && mailState.state === "waiting";
  const isInProgress =
    isFilingExpected || mailState.state === "on_its_way" || isWithdrawalPending(mailState);
  return {
    mailState,
    error: null,
    connectionError: null,
    pending: null,
    isSlow: false,
    inProgressSince: isInProgress ? (model.inProgressSince ?? at) : null,
    isFilingExpected,
    alwaysSync: mailState.alwaysSync === model.alwaysSync ? null : model.alwaysSync,
    ...unfinishedInput(model, mailState, by),
  };
}

/**
 * What a poll keeps: the notice about the person's last click, and the input in an open panel,
 * even if the mail's state changed. Only a change of an Organisation needs the same state.
 */
function unfinishedInput(model: Model, mailState: MailState, by: Cause): Partial<Model> {
  const isSameState = mailState.state === model.mailState?.state;
  const isPoll = by === "poll";
  const isPanelApt = isSameState || model.panel?.kind !== "change";
  return {
    notice: isPoll && model.notice?.by === "person" ? model.notice : null,
    chosen: isSameState ? model.chosen : null,
    panel: isPoll && isPanelApt ? model.panel : null,
  };
}

/** Keeps the state and the input if there is one to show: the error becomes a notice above it. */
function failed(model: Model, { error, by }: { error: AddinError; by: Cause }): Partial<Model> {
  const settled = { pending: null, isSlow: false, connectionError: asConnectionError(error) };
  const hidesState = NO_ACCESS.has(error.kind) || (NOT_HERE.has(error.kind) && by === "person");
  return model.mailState && !hidesState
    ? { ...settled, notice: { error, by } }
    : { ...settled, error };
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

function newPanel({ mailState }: Model, kind: Panel["kind"]): Panel {
  const search = newSearch("");
  switch (kind) {
    case "choose":
      return { kind, search };
    case "change":
      return { kind, replaces: null, search };
    case "contact":
      return {
        kind,
        ...suggestedContact(mailState),
        organisation: null,
        search,
        isIncomplete: false,
      };
  }
}

/** The mail's first address, and the sender's name if the address is the sender's. */
function suggestedContact(mailState: MailState | null): Pick<ContactForm, "name" | "address"> {
  const sender = mailState?.sender;
  const address = mailState?.addresses[0] ?? sender?.address ?? "";
  return { address, name: sender?.address === address ? sender.name : "" };
}

function newSearch(text: string): Search {
  return { text, found: null, active: -1 };
}

/** The panel with a changed search. A contact form drops its Organisation once its name changes. */
function withSearch(model: Model, change: (search: Search) => Partial<Search>): Partial<Model> {
  const { panel } = model;
  if (!panel) {
    return {};
  }
  const search = { ...panel.search, ...change(panel.search) };
  const isRetyped = panel.kind === "contact" && search.text !== panel.organisation?.name;
  return { panel: { ...panel, search, ...(isRetyped && { organisation: null }) } as Panel };
}

/**
 * The found Organisations; last those that the mail is filed under already, since choosing one of
 * them only removes the replaced Organisation.
 */
function targetsLast({ panel, mailState }: Model, found: Organisation[]): Organisation[] {
  const targets = panel?.kind === "change" ? (mailState?.targets ?? []) : [];
  const ids = new Set(targets.map(({ organisationId }) => organisationId));
  return [...found.filter(({ id }) => !ids.has(id)), ...found.filter(({ id }) => ids.has(id))];
}

/** The option after a step up or down; goes round at both ends. */
function nextActive({ found, active }: Search, by: number): number {
  const count = found?.length ?? 0;
  return count ? (Math.max(active, by > 0 ? -1 : 0) + by + count) % count : -1;
}
