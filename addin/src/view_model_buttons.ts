/** The buttons for a mail: at most one primary button, and the secondary ones. */

import type { Action, MailState } from "./api_models.ts";
import type { TextKey, Texts } from "./i18n.ts";
import type { Model } from "./state.ts";
import { type StatusRow, statusRow } from "./status_row.ts";
import { isWebAddress } from "./view_context.ts";
import { hasPlaces, isPlacesPanel } from "./view_model_places.ts";

/** What a button does. "file": files the mail under the marked candidate. */
export type ButtonName =
  Exclude<Action, "edit_places" | "change"> | "file" | "open" | "sign_in" | "reload";

export interface ButtonView {
  name: ButtonName;
  label: string;
  /** The address that "open" leads to. */
  link: string | null;
  isReady: boolean;
}

/** The buttons that may be primary in each row; the first one offered is. */
const PRIMARY: Record<StatusRow, ButtonName[]> = {
  new: ["create_contact", "add_customer", "sync"],
  undone: ["create_contact", "add_customer", "sync"],
  colleague: ["open"],
  on_its_way: [],
  synced: ["open"],
  mirrored: ["open"],
  waiting: ["create_contact", "add_customer", "choose"],
  parked: ["file", "sync", "retry", "choose", "create_contact", "add_customer"],
  skipped: [],
  draft: [],
};
/** All buttons, in reading order. */
const ORDER: ButtonName[] = [
  ...(["open", "create_contact", "add_customer", "sync", "file", "retry", "anyway"] as const),
  ...(["choose", "mark_too", "undo"] as const),
];

/** The buttons for a mail; none while a panel is open or the server files the waiting mail. */
export function buttonViews(
  model: Model,
  mailState: MailState,
  texts: Texts,
): { primary: ButtonView | null; secondary: ButtonView[] } {
  if (
    (model.panel && !isPlacesPanel(model)) ||
    (model.isFilingExpected && mailState.state === "waiting")
  ) {
    return { primary: null, secondary: [] };
  }
  const link = mailState.targets.map((target) => target.link).find(isWebAddress) ?? null;
  const row = statusRow(mailState);
  const offered = ORDER.filter((name) => isOffered(name, model, mailState, link));
  const primary = PRIMARY[row].find((name) => offered.includes(name));
  const view = (name: ButtonName): ButtonView => ({
    name,
    label: texts.get(labelKey(name, row, mailState.reason === "private")),
    link: name === "open" ? link : null,
    isReady: model.pending === null && !(needsCandidate(name) && lacksCandidate(model, mailState)),
  });
  return {
    primary: primary ? view(primary) : null,
    secondary: offered.filter((name) => name !== primary).map(view),
  };
}

function isOffered(
  name: ButtonName,
  model: Model,
  mailState: MailState,
  link: string | null,
): boolean {
  const mayBePrimary = PRIMARY[statusRow(mailState)].includes(name);
  const can = mailState.can as ButtonName[];
  switch (name) {
    case "open":
      return mayBePrimary && link !== null;
    case "file":
      return mayBePrimary && mailState.candidates.length > 0 && can.includes("choose");
    case "create_contact":
      return can.includes(name) && !model.isFilingExpected;
    // One form creates the contact and the customer.
    case "add_customer":
      return can.includes(name) && !can.includes("create_contact");
    // The card of a place offers more.
    case "choose":
      return can.includes(name) && !hasPlaces(model, mailState);
    default:
      return can.includes(name);
  }
}

/** True for a button that files the mail under the marked candidate. */
function needsCandidate(name: ButtonName): boolean {
  return name === "sync" || name === "file";
}

/** True while the person must mark one of several candidates first. */
function lacksCandidate({ draft }: Model, { state, candidates }: MailState): boolean {
  return !draft.places && candidates.length > 0 && (state === "new" || state === "parked");
}

function labelKey(name: ButtonName, row: StatusRow, isPrivate: boolean): TextKey {
  const isFiled = row !== "new" && row !== "undone";
  switch (name) {
    case "mark_too":
      return "button.mark";
    case "file":
      return "button.sync";
    case "sync":
      return isPrivate && isFiled ? "button.sync_private" : "button.sync";
    case "undo":
      return isPrivate ? "button.keep_out" : "button.undo";
    case "create_contact":
    case "add_customer":
      return isFiled ? "button.create_contact" : "button.create_and_sync";
    case "reload":
      return "button.retry";
    case "choose":
      return row === "skipped" ? "button.file_anyway" : "button.choose";
    default:
      return `button.${name}`;
  }
}
