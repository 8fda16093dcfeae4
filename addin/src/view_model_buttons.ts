/** The buttons for a mail: at most one primary button, and the secondary ones. */

import type { Action, MailState } from "./api_models.ts";
import type { TextKey, Texts } from "./i18n.ts";
import type { Model } from "./state.ts";
import { type StatusRow, statusRow } from "./status_row.ts";
import { isWebAddress } from "./view_context.ts";

/** What a button does. "file": files the mail under the marked candidate. */
export type ButtonName = Exclude<Action, "add_customer"> | "file" | "open" | "sign_in" | "reload";

export interface ButtonView {
  name: ButtonName;
  label: string;
  /** The address that "open" leads to. */
  link: string | null;
  isReady: boolean;
}

/** The buttons that may be primary in each row; the first one offered is. */
const PRIMARY: Record<StatusRow, ButtonName[]> = {
  new: ["sync"],
  undone: ["sync"],
  colleague: ["open"],
  on_its_way: [],
  synced: ["open"],
  mirrored: ["open"],
  waiting: ["create_contact", "choose"],
  parked: ["file", "retry", "choose", "create_contact"],
  skipped: [],
  draft: [],
};
/** All buttons, in reading order. */
const ORDER: ButtonName[] = [
  ...(["open", "sync", "file", "retry", "anyway"] as const),
  ...(["choose", "create_contact", "change", "undo"] as const),
];

/** The buttons for a mail; none while a panel is open or the server files the waiting mail. */
export function buttonViews(
  model: Model,
  mailState: MailState,
  texts: Texts,
): { primary: ButtonView | null; secondary: ButtonView[] } {
  if (model.panel || (model.isFilingExpected && mailState.state === "waiting")) {
    return { primary: null, secondary: [] };
  }
  const link = mailState.targets.map((target) => target.link).find(isWebAddress) ?? null;
  const row = statusRow(mailState);
  const alreadyDone = model.isFilingExpected ? "create_contact" : null;
  const offered = ORDER.filter((name) => name !== alreadyDone && isOffered(name, mailState, link));
  const primary = PRIMARY[row].find((name) => offered.includes(name));
  const view = (name: ButtonName): ButtonView => ({
    name,
    label: texts.get(labelKey(name, row)),
    link: name === "open" ? link : null,
    isReady: model.pending === null && !(needsCandidate(name) && lacksCandidate(model, mailState)),
  });
  return {
    primary: primary ? view(primary) : null,
    secondary: offered.filter((name) => name !== primary).map(view),
  };
}

function isOffered(name: ButtonName, mailState: MailState, link: string | null): boolean {
  const mayBePrimary = PRIMARY[statusRow(mailState)].includes(name);
  switch (name) {
    case "open":
      return mayBePrimary && link !== null;
    case "file":
      return mayBePrimary && mailState.candidates.length > 0 && mailState.can.includes("choose");
    default:
      return (mailState.can as ButtonName[]).includes(name);
  }
}

/** True for a button that files the mail under the marked candidate. */
function needsCandidate(name: ButtonName): boolean {
  return name === "sync" || name === "file";
}

/** True while the person must mark one of several candidates first. */
function lacksCandidate({ chosen }: Model, { state, candidates }: MailState): boolean {
  return !chosen && candidates.length > 0 && (state === "new" || state === "parked");
}

function labelKey(name: ButtonName, row: StatusRow): TextKey {
  if (row === "colleague" && name === "sync") {
    return "button.mark";
  }
  if (row === "skipped" && name === "choose") {
    return "button.file_anyway";
  }
  return name === "file" ? "button.sync" : (`button.${name}` as TextKey);
}
