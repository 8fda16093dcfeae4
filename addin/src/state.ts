/** What the pane knows, and how an event changes it. Pure: no Office, DOM or network. */

import type { Along, Connection, MailState, Organisation, Story } from "./api_models.ts";
import { type Draft, draftFor, type Drafts, EMPTY_DRAFT, keepDraft } from "./drafts.ts";
import type { AddinError, ErrorKind } from "./errors.ts";
import { type Field, type Panel, refuse, typeInto, withHints } from "./forms.ts";
import { moveActive, newSearch, type Search, type SearchOption, takenLast } from "./search.ts";
import { isSame, type Selection } from "./selection.ts";
import type { Signature } from "./signature.ts";
import { isBeforeSync, isWithdrawalPending } from "./status_row.ts";
import { areSamePlaces, editPlaces, type PlaceEdit, placesOf } from "./wanted_places.ts";

/** The request whose response the pane waits for. `load`: the state of the selected mail. */
export type PendingRequest = "load" | "act" | "contact" | "sign_in";

/** Who caused a request: the person, or the background poll, whose errors may pass unseen. */
export type Cause = "person" | "poll";

/** The lines of the pane that open. They stay as they are when another mail is selected. */
export type Line = "story" | "along";

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
  /** The kind of the form that the last request was sent from; null = from none. */
  sentFrom: Panel["kind"] | null;
  /** The response takes long enough for a spinner. */
  isSlow: boolean;
  /** Since when the pane expects the mail to change soon, in milliseconds; null = it does not. */
  inProgressSince: number | null;
  /** The person created a contact, so the server files the waiting mail in a moment. */
  isFilingExpected: boolean;
  /** What the person decided about this mail and has not sent yet. */
  draft: Draft;
  /** The same for the mails that were selected before. */
  drafts: Drafts;
  panel: Panel | null;
  story: Story | null;
  openLines: readonly Line[];
  /** The switch as the person left it; null = as the server says. */
  alwaysSync: boolean | null;
  connection: Connection | null;
}

export type Event =
  | { type: "selected"; selection: Selection }
  | { type: "requested"; request: PendingRequest }
  | { type: "slow" }
  | { type: "loaded"; mailState: MailState; by: Cause; at: number; error?: AddinError }
  | { type: "failed"; error: AddinError; by: Cause }
  | { type: "notice_closed" }
  | { type: "places_edited"; edit: PlaceEdit }
  | { type: "along_chosen"; along: Along }
  | { type: "panel_opened"; panel: Panel }
  | { type: "panel_closed" }
  | { type: "typed"; field: Field; text: string }
  | { type: "option_moved"; by: number }
  | { type: "found"; text: string; options: SearchOption[] }
  | { type: "organisation_chosen"; organisation: Organisation | null; name: string }
  | { type: "hints_found"; signature: Signature }
  | { type: "similar_found"; similar: Organisation[] }
  | { type: "incomplete" }
  | { type: "contact_created"; at: number }
  | { type: "filing_overdue" }
  | { type: "switched"; isOn: boolean }
  | { type: "switch_failed"; error: AddinError }
  | { type: "line_toggled"; line: Line; isOpen: boolean }
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
    sentFrom: null,
    isSlow: false,
    inProgressSince: null,
    isFilingExpected: false,
    draft: EMPTY_DRAFT,
    drafts: [],
    panel: null,
    story: null,
    openLines: [],
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
  selected,
  requested: ({ panel }, { request }) => ({
    pending: request,
    sentFrom: request === "act" || request === "contact" ? (panel?.kind ?? null) : null,
    isSlow: false,
    notice: null,
  }),
  slow: (model) => (model.pending && !model.isSlow ? { isSlow: true } : null),
  loaded,
  failed,
  notice_closed: () => ({ notice: null }),
  places_edited,
  along_chosen: ({ draft }, { along }) => ({ draft: { ...draft, along } }),
  panel_opened: (_, { panel }) => ({ panel, notice: null }),
  panel_closed: (model) => (model.panel ? { panel: null, notice: null } : null),
  typed: ({ panel }, { field, text }) => panel && { panel: typeInto(panel, field, text) },
  option_moved: (model, { by }) => withSearch(model, (search) => moveActive(search, by)),
  found: (model, { text, options }) =>
    withSearch(model, (search) =>
      search.text.trim() === text
        ? {
            ...search,
            options: takenLast(options, placeIds(model)),
            active: text && options.length ? 0 : -1,
          }
        : search,
    ),
  organisation_chosen: ({ panel }, { organisation, name }) =>
    panel?.kind === "contact"
      ? {
          panel: {
            ...panel,
            organisation,
            newOrganisation: organisation ? null : name,
            search: newSearch(name),
            similar: [],
          },
        }
      : null,
  hints_found: ({ panel }, { signature }) =>
    panel?.kind === "contact" ? { panel: withHints(panel, signature) } : null,
  similar_found: ({ panel }, { similar }) =>
    panel?.kind === "contact"
      ? { panel: { ...panel, similar }, pending: null, isSlow: false }
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
  line_toggled: ({ openLines }, { line, isOpen }) => ({
    openLines: [...openLines.filter((other) => other !== line), ...(isOpen ? [line] : [])],
  }),
  story_loaded: (_, { story }) => ({ story }),
  connection_loaded: (model, { connection }) => ({
    connection,
    connectionError: model.error || model.notice ? model.connectionError : null,
  }),
};

/** Begins anew, except for what is independent of the mail, and what was decided about this one. */
function selected(model: Model, { selection }: { selection: Selection }): Partial<Model> | null {
  if (isSame(model.selection, selection)) {
    return null;
  }
  const { openLines, connection, connectionError } = model;
  const drafts = keepDraft(model.drafts, model.selection, model.draft);
  return {
    ...initialModel(selection),
    openLines,
    connection,
    connectionError,
    drafts,
    draft: draftFor(drafts, selection),
  };
}

function asConnectionError(error: AddinError): AddinError | null {
  return CONNECTION_ERRORS.has(error.kind) ? error : null;
}

function loaded(
  model: Model,
  { mailState, by, at, error }: Extract<Event, { type: "loaded" }>,
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
    ...(error && { notice: { error, by } }),
  };
}

/**
 * What stays: after a poll the notice about the person's last click. A draft belongs to one state:
 * afterwards it was sent, or is about something else.
 */
function unfinishedInput(model: Model, mailState: MailState, by: Cause): Partial<Model> {
  const isSameState = mailState.state === (model.mailState ?? mailState).state;
  const isPoll = by === "poll";
  return {
    notice: isPoll && model.notice?.by === "person" ? model.notice : null,
    draft: isSameState ? unsent(model.draft, mailState) : EMPTY_DRAFT,
    panel: unsentPanel(model, { isSameState, isPoll }),
  };
}

/** The open form with its input, unless it was sent. Only a move of a place needs the same state. */
function unsentPanel(
  { panel, sentFrom }: Model,
  { isSameState, isPoll }: { isSameState: boolean; isPoll: boolean },
): Panel | null {
  const isSent = !isPoll && panel?.kind === sentFrom;
  const isOutdated = panel?.kind === "move" && !isSameState;
  return isSent || isOutdated ? null : panel;
}

/** What still waits to be sent: after the sync each edit of a place was sent at once. */
function unsent(draft: Draft, mailState: MailState | null): Draft {
  const isWaiting = !mailState || isBeforeSync(mailState) || mailState.candidates.length > 0;
  return isWaiting ? draft : { ...draft, places: null };
}

/** Keeps the state and the input if there is one to show: the error becomes a notice above it. */
function failed(model: Model, { error, by }: { error: AddinError; by: Cause }): Partial<Model> {
  const settled = {
    pending: null,
    isSlow: false,
    connectionError: asConnectionError(error),
    draft: unsent(model.draft, model.mailState),
  };
  const panel = panelAfter(model, error);
  const hidesState = NO_ACCESS.has(error.kind) || (NOT_HERE.has(error.kind) && by === "person");
  if (panel) {
    return { ...settled, panel };
  }
  return model.mailState && !hidesState
    ? { ...settled, notice: { error, by } }
    : { ...settled, error };
}

/** The form that shows the error itself; null if none does. */
function panelAfter({ panel, mailState }: Model, error: AddinError): Panel | null {
  if (panel?.kind === "contact") {
    const { field, detail, phrase } = error;
    return refuse(panel, field, { detail, phrase });
  }
  return error.kind === "private" && mailState && !panel ? { kind: "private" } : null;
}

/** Remembers an edit; one that leads back to what the server names is none. */
function places_edited(model: Model, { edit }: { edit: PlaceEdit }): Partial<Model> | null {
  const { draft, mailState } = model;
  if (!mailState) {
    return null;
  }
  const matched = placesOf(mailState);
  const places = editPlaces(draft.places ?? matched, edit);
  return {
    draft: { ...draft, places: areSamePlaces(places, matched) ? null : places },
    panel: null,
  };
}

/** The Organisations that the form for a place cannot add; none for another form. */
function placeIds({ panel, mailState, draft }: Model): Set<number> {
  const isAboutPlaces = panel?.kind === "add" || panel?.kind === "move";
  const places = draft.places ?? (mailState ? placesOf(mailState) : []);
  return new Set(isAboutPlaces ? places.map(({ organisationId }) => organisationId) : []);
}

function withSearch({ panel }: Model, change: (search: Search) => Search): Partial<Model> | null {
  return panel && "search" in panel ? { panel: { ...panel, search: change(panel.search) } } : null;
}
