/** The state of the mail in words: every row of the table, one icon, one sentence, one cure. */

import type { MailState, Steps, Target } from "./api_types.ts";
import type { Trouble, TroubleKind } from "./errors.ts";
import { nameOf, type Scene } from "./view_context.ts";
import { isPending, shownAs, type ShownAs } from "./status_row.ts";
import { type Button, showButtons } from "./view_model_buttons.ts";
import { doneElsewhere, filedElsewhere, leftBehind } from "./view_model_copies.ts";
import type { Model } from "./state.ts";
import type { Part, Word, Words } from "./i18n.ts";

export type Icon =
  | "empty"
  | "mail"
  | "moving"
  | "done"
  | "clock"
  | "warning"
  | "minus"
  | "sent"
  | "pencil"
  | "person"
  | "cloud";

export interface Status {
  icon: Icon;
  tone: "plain" | "good" | "busy" | "bad";
  /** Turns the icon into a spinner. */
  isBusy: boolean;
  sentence: string;
  line: Part[];
  /** A fainter second line: when, by whom and which way. */
  facts: string;
  steps: { name: keyof Steps; word: string; isDone: boolean; said: string }[];
  primary: Button | null;
  secondary: Button[];
  details: { title: string; text: string } | null;
}

/** Longer than this many times the usual, and it is said. */
const UNUSUAL = 5;
const STEPS = ["moved", "read", "filed", "marked"] as const;

/** The state of what is selected. */
export function showStatus(model: Model, scene: Scene): Status {
  const { words } = scene;
  if (model.selection.kind !== "mail") {
    const { kind } = model.selection;
    const icon = kind === "draft" ? "pencil" : "mail";
    return {
      ...blank(icon),
      sentence: words.say(`${kind}.sentence`),
      line: said(words, `${kind}.line`),
    };
  }
  if (model.trouble) {
    return showTrouble(model, model.trouble, scene);
  }
  if (!model.answer) {
    const sentence = model.isSlow ? words.say("looking") : "";
    return { ...blank("empty"), isBusy: model.isSlow, sentence };
  }
  return { ...showAnswer(model, model.answer, scene), isBusy: isBusy(model) };
}

/** One line for a notification on the mail itself. */
export function oneLine(answer: MailState, words: Words): string {
  const [target] = answer.targets;
  if (answer.state === "synced" && target) {
    return words.say("synced.oneline", { organisation: nameOf(target, words) });
  }
  const sentence = words.say(`${shownAs(answer)}.sentence`);
  const reason = answer.reason && words.find(`reason.${answer.reason}`);
  return reason ? `${sentence}. ${reason}` : sentence;
}

/** A failure as sentence and line. */
export function troubleLine(
  { kind, detail }: Trouble,
  { words, folderName }: Pick<Scene, "words" | "folderName">,
): { sentence: string; line: string } {
  return {
    sentence: words.say(`${kind}.sentence`),
    line: words.say(`${kind}.line`, { detail: detail ?? "", folder: folderName }).trim(),
  };
}

function isBusy(model: Model): boolean {
  return model.isSlow || model.isExpecting || model.answer?.state === "on_its_way";
}

function blank(icon: Icon): Status {
  return {
    icon,
    tone: "plain",
    isBusy: false,
    sentence: "",
    line: [],
    facts: "",
    steps: [],
    primary: null,
    secondary: [],
    details: null,
  };
}

const TROUBLE_ICONS: Partial<Record<TroubleKind, Icon>> = {
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

function showTrouble(model: Model, trouble: Trouble, scene: Scene): Status {
  const { words } = scene;
  const { sentence, line } = troubleLine(trouble, scene);
  const does = cureOf(trouble.kind);
  return {
    ...blank(TROUBLE_ICONS[trouble.kind] ?? "warning"),
    tone: trouble.kind === "refused" ? "bad" : "plain",
    isBusy: model.isSlow,
    sentence,
    line: [{ text: line, strong: false }],
    primary: does && {
      does,
      word: words.say(does === "look" ? "button.retry" : `button.${does}`),
      link: null,
      isReady: model.ask === null || model.ask === "sign_in",
    },
  };
}

/** The one thing to do; null where nothing that can be done here would help. */
function cureOf(kind: TroubleKind): "sign_in" | "look" | null {
  switch (kind) {
    case "not_found":
    case "shared":
      return null;
    case "signed_out":
    case "refused":
    case "popup_blocked":
      return "sign_in";
    default:
      return "look";
  }
}

function showAnswer(model: Model, answer: MailState, scene: Scene): Status {
  const { words } = scene;
  const name = shownAs(answer);
  const row = ROWS[name](model, answer, scene);
  const { primary, secondary } = showButtons(model, answer, words);
  const { detail } = answer;
  return {
    ...blank(row.icon),
    sentence: words.say(`${name}.sentence`),
    details: detail ? { title: words.say("details"), text: detail } : null,
    primary,
    secondary,
    ...row,
  };
}

type Row = Partial<Status> & Pick<Status, "icon">;

const ROWS: Record<ShownAs, (model: Model, answer: MailState, scene: Scene) => Row> = {
  new: (model, answer, { words }) => ({
    icon: "mail",
    line: forecast(model, answer, words),
    facts: doneElsewhere(answer, words),
  }),
  undone: (model, answer, { words }) => ({
    icon: "mail",
    ...(isPending(answer) && { sentence: words.say("undone.pending") }),
    line: model.picked ? forecast(model, answer, words) : leftBehind(answer, words),
    facts: doneElsewhere(answer, words),
  }),
  colleague: (_, answer, { words }) => ({
    icon: "done",
    tone: "good",
    line: filedElsewhere(answer, words),
  }),
  on_its_way: (model, answer, scene) => ({
    icon: "moving",
    tone: "busy",
    line: patience(model, scene),
    steps: STEPS.map((name) => step(name, answer.steps[name], scene.words)),
  }),
  synced: (_, answer, scene) => ({ icon: "done", tone: "good", ...stands(answer, scene) }),
  mirrored: (_, answer, scene) => ({ icon: "sent", tone: "good", ...stands(answer, scene) }),
  waiting: ({ isExpecting }, { addresses }, { words }) => ({
    icon: "clock",
    tone: "busy",
    line: isExpecting
      ? said(words, "waiting.created")
      : words.parts("waiting.line", { addresses: addresses.join(", ") }),
  }),
  parked: (_, answer, { words }) => ({
    icon: "warning",
    tone: "bad",
    line: because(answer, words),
  }),
  skipped: (_, answer, { words }) => ({ icon: "minus", line: because(answer, words) }),
  draft: (_, __, { words }) => ({ icon: "pencil", line: said(words, "draft.line") }),
};

function forecast({ picked }: Model, answer: MailState, words: Words): Part[] {
  if (picked) {
    return words.parts("new.known", { organisation: picked.name });
  }
  const [target, ...more] = answer.targets;
  if (answer.forecast === "several") {
    return said(words, "new.several");
  }
  return target ? known(target, more.length, words) : said(words, "new.nobody");
}

function known(target: Target, more: number, words: Words): Part[] {
  const [organisation, { person }] = [nameOf(target, words), target];
  if (more) {
    return words.parts("new.known_more", { organisation, count: words.count(more) });
  }
  return person
    ? words.parts("new.known_person", { organisation, person })
    : words.parts("new.known", { organisation });
}

function patience({ movingSince }: Model, { words, now, usualSeconds }: Scene): Part[] {
  const elapsed = movingSince === null ? 0 : (now.getTime() - movingSince) / 1000;
  if (elapsed > usualSeconds * UNUSUAL) {
    return said(words, "on_its_way.longer");
  }
  const duration = words.duration(usualSeconds);
  return [{ text: words.say("on_its_way.usually", { duration }), strong: false }];
}

function step(name: keyof Steps, isDone: boolean, words: Words): Status["steps"][number] {
  const word = words.say(`step.${name}`);
  return { name, word, isDone, said: `${word}: ${words.say(isDone ? "step.done" : "step.open")}` };
}

function stands(answer: MailState, { words, now }: Scene): Pick<Status, "line" | "facts"> {
  const [target, ...more] = answer.targets;
  const facts = [
    answer.at && words.moment(new Date(answer.at), now),
    answer.by && words.say("by", { who: answer.by }),
    answer.way && answer.state === "synced" && words.say(`way.${answer.way}`),
  ];
  return {
    line: target ? under(target, more.length, words) : [],
    facts: facts.filter(Boolean).join(" · "),
  };
}

function under(target: Target, more: number, words: Words): Part[] {
  const organisation = nameOf(target, words);
  return more
    ? words.parts("under_more", { organisation, count: words.count(more) })
    : words.parts("under", { organisation });
}

function because({ reason, detail }: MailState, words: Words): Part[] {
  const text = (reason && words.find(`reason.${reason}`)) ?? detail ?? "";
  return [{ text, strong: false }];
}

function said(words: Words, word: Word): Part[] {
  return [{ text: words.say(word), strong: false }];
}
