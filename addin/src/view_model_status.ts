/** The status of the selected mail: one icon, one sentence, one line and one thing to do. */

import type { MailState, Steps, Target } from "./api_models.ts";
import type { AddinError, ErrorKind } from "./errors.ts";
import type { Part, TextKey, Texts } from "./i18n.ts";
import type { IconName } from "./icons.ts";
import { saidText } from "./phrases.ts";
import type { Model } from "./state.ts";
import { isWithdrawalPending, type StatusRow, statusRow } from "./status_row.ts";
import { listNames, organisationName, type ViewContext } from "./view_context.ts";
import { type ButtonView, buttonViews } from "./view_model_buttons.ts";
import { colleagueProgress, filedByColleagueParts, withdrawnParts } from "./view_model_copies.ts";

export interface StatusView {
  /** Null while nothing is known yet. */
  icon: IconName | null;
  tone: "plain" | "good" | "busy" | "bad";
  /** Shows a spinner in place of the icon. */
  isBusy: boolean;
  sentence: string;
  line: Part[];
  /** A fainter second line: when, by whom and how the mail was synced. */
  footnote: string;
  steps: { name: keyof Steps; label: string; isDone: boolean; spoken: string }[];
  primary: ButtonView | null;
  secondary: ButtonView[];
  details: { title: string; text: string } | null;
}

/** A mail that takes this many times the usual time "takes longer than usual". */
const UNUSUAL_FACTOR = 5;
const STEPS = ["moved", "read", "filed", "marked"] as const;

/** The status of the selection. */
export function statusView(model: Model, context: ViewContext): StatusView {
  const { texts } = context;
  if (model.selection.kind !== "mail") {
    const { kind } = model.selection;
    const icon = kind === "draft" ? "pencil" : "mail";
    const sentence = texts.get(`${kind}.sentence`);
    return { ...emptyStatus(icon), sentence, line: plainText(texts, `${kind}.line`) };
  }
  if (model.error) {
    return errorStatus(model, model.error, context);
  }
  if (!model.mailState) {
    const sentence = model.isSlow ? texts.get("looking") : "";
    return { ...emptyStatus(null), isBusy: model.isSlow, sentence };
  }
  return { ...mailStatus(model, model.mailState, context), isBusy: isBusy(model) };
}

/** The text of the note on the mail itself: one line. */
export function noteText(mailState: MailState, texts: Texts): string {
  const [target] = mailState.targets;
  if (mailState.state === "synced" && target) {
    return texts.get("synced.oneline", { organisation: organisationName(target, texts) });
  }
  const sentence = texts.get(`${statusRow(mailState)}.sentence`);
  const reason = mailState.reason && texts.find(`reason.${mailState.reason}`);
  return reason ? `${sentence}. ${reason}` : sentence;
}

/** An error as sentence and line. */
export function errorTexts(
  { kind, detail, phrase }: AddinError,
  { texts, folderName }: Pick<ViewContext, "texts" | "folderName">,
): { sentence: string; line: string } {
  const saysWhy = phrase !== null && (kind === "conflict" || kind === "invalid");
  return {
    sentence: texts.get(`${kind}.sentence`),
    line: saysWhy
      ? saidText({ detail, phrase }, texts)
      : texts.get(`${kind}.line`, { detail: detail ?? "", folder: folderName }).trim(),
  };
}

function isBusy(model: Model): boolean {
  return model.isSlow || model.isFilingExpected || model.mailState?.state === "on_its_way";
}

function emptyStatus(icon: IconName | null): StatusView {
  return {
    icon,
    tone: "plain",
    isBusy: false,
    sentence: "",
    line: [],
    footnote: "",
    steps: [],
    primary: null,
    secondary: [],
    details: null,
  };
}

const ERROR_ICONS: Partial<Record<ErrorKind, IconName>> = {
  signed_out: "person",
  refused: "person",
  no_mailbox: "person",
  not_found: "mail",
  shared: "mail",
  popup_blocked: "person",
  offline: "cloud",
  away: "cloud",
  try_later: "cloud",
};

function errorStatus(model: Model, error: AddinError, context: ViewContext): StatusView {
  const { texts } = context;
  const { sentence, line } = errorTexts(error, context);
  const name = remedyFor(error.kind);
  return {
    ...emptyStatus(ERROR_ICONS[error.kind] ?? "warning"),
    tone: error.kind === "refused" ? "bad" : "plain",
    isBusy: model.isSlow,
    sentence,
    line: [{ text: line, isStrong: false }],
    primary: name && {
      name,
      label: texts.get(name === "reload" ? "button.retry" : "button.sign_in"),
      link: null,
      isReady: model.pending === null || model.pending === "sign_in",
    },
  };
}

/** The button that may help after an error; null if none does. */
function remedyFor(kind: ErrorKind): "sign_in" | "reload" | null {
  switch (kind) {
    case "not_found":
    case "shared":
      return null;
    case "signed_out":
    case "refused":
    case "popup_blocked":
      return "sign_in";
    default:
      return "reload";
  }
}

function mailStatus(model: Model, mailState: MailState, context: ViewContext): StatusView {
  const { texts } = context;
  const row = statusRow(mailState);
  const { icon, ...specific } = ROWS[row](model, mailState, context);
  const detail = saidText(mailState, texts);
  return {
    ...emptyStatus(icon),
    sentence: texts.get(`${row}.sentence`),
    details: detail ? { title: texts.get("details"), text: detail } : null,
    ...buttonViews(model, mailState, texts),
    ...specific,
  };
}

type RowView = Partial<StatusView> & Pick<StatusView, "icon">;

const ROWS: Record<
  StatusRow,
  (model: Model, mailState: MailState, context: ViewContext) => RowView
> = {
  new: (model, mailState, { texts }) => ({
    icon: "mail",
    line: forecastParts(model, mailState, texts),
    footnote: colleagueProgress(mailState, texts),
  }),
  undone: (model, mailState, { texts }) => ({
    icon: "mail",
    ...(isWithdrawalPending(mailState) && { sentence: texts.get("undone.pending") }),
    line: model.draft.places
      ? forecastParts(model, mailState, texts)
      : withdrawnParts(mailState, texts),
    footnote: colleagueProgress(mailState, texts),
  }),
  colleague: (_, mailState, { texts }) => ({
    icon: "done",
    tone: "good",
    line: filedByColleagueParts(mailState, texts),
  }),
  on_its_way: (model, mailState, context) => ({
    icon: "moving",
    tone: "busy",
    line: progressParts(model, context),
    steps: STEPS.map((name) => stepView(name, mailState.steps[name], context.texts)),
  }),
  synced: (_, mailState, context) => ({
    icon: "done",
    tone: "good",
    ...filedTexts(mailState, context),
  }),
  mirrored: (_, mailState, context) => ({
    icon: "sent",
    tone: "good",
    ...filedTexts(mailState, context),
  }),
  waiting: ({ isFilingExpected }, { addresses }, { texts }) => ({
    icon: "clock",
    tone: "busy",
    line: isFilingExpected
      ? plainText(texts, "waiting.created")
      : texts.parts("waiting.line", { addresses: addresses.join(", ") }),
  }),
  parked: (_, mailState, { texts }) => ({
    icon: "warning",
    tone: "bad",
    line: reasonParts(mailState, texts),
  }),
  skipped: (_, mailState, { texts }) => ({ icon: "minus", line: reasonParts(mailState, texts) }),
  draft: (_, __, { texts }) => ({ icon: "pencil", line: plainText(texts, "draft.line") }),
};

/** Under which Organisations the mail will be filed. */
function forecastParts({ draft }: Model, mailState: MailState, texts: Texts): Part[] {
  if (draft.places) {
    const names = draft.places.map((place) => organisationName(place, texts));
    return texts.parts("new.known", { organisation: listNames(names, texts) });
  }
  const [target, ...more] = mailState.targets;
  if (mailState.forecast === "several") {
    return plainText(texts, "new.several");
  }
  return target ? knownParts(target, more.length, texts) : plainText(texts, "new.nobody");
}

function knownParts(target: Target, more: number, texts: Texts): Part[] {
  const [organisation, { person }] = [organisationName(target, texts), target];
  if (more) {
    return texts.pluralParts("new.known_more", more, { organisation });
  }
  return person
    ? texts.parts("new.known_person", { organisation, person })
    : texts.parts("new.known", { organisation });
}

function progressParts(
  { inProgressSince }: Model,
  { texts, now, usualSeconds }: ViewContext,
): Part[] {
  const elapsed = inProgressSince === null ? 0 : (now.getTime() - inProgressSince) / 1000;
  if (elapsed > usualSeconds * UNUSUAL_FACTOR) {
    return plainText(texts, "on_its_way.longer");
  }
  const duration = texts.duration(usualSeconds);
  return [{ text: texts.get("on_its_way.usually", { duration }), isStrong: false }];
}

function stepView(name: keyof Steps, isDone: boolean, texts: Texts): StatusView["steps"][number] {
  const label = texts.get(`step.${name}`);
  const spoken = `${label}: ${texts.get(isDone ? "step.done" : "step.open")}`;
  return { name, label, isDone, spoken };
}

/** Where, when, by whom and how a mail came into webCRM. */
function filedTexts(
  mailState: MailState,
  { texts, now }: ViewContext,
): Pick<StatusView, "line" | "footnote"> {
  const [target, ...more] = mailState.targets;
  const { at, by, way, state } = mailState;
  const footnote = [
    at && texts.dateTime(new Date(at), now),
    by && texts.get("by", { who: by }),
    way && state === "synced" && texts.get(`way.${way}`),
  ];
  return {
    line: target ? filedUnderParts(target, more.length, texts) : [],
    footnote: footnote.filter(Boolean).join(" · "),
  };
}

function filedUnderParts(target: Target, more: number, texts: Texts): Part[] {
  const organisation = organisationName(target, texts);
  return more
    ? texts.pluralParts("under_more", more, { organisation })
    : texts.parts("under", { organisation });
}

function reasonParts(mailState: MailState, texts: Texts): Part[] {
  const { reason } = mailState;
  const text = (reason && texts.find(`reason.${reason}`)) ?? saidText(mailState, texts);
  return [{ text, isStrong: false }];
}

function plainText(texts: Texts, key: TextKey): Part[] {
  return [{ text: texts.get(key), isStrong: false }];
}
