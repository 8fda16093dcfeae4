/** What the pane shows, derived from the model. Pure. */

import type { MailState } from "./api_models.ts";
import { textOf } from "./i18n.ts";
import type { Mail } from "./selection.ts";
import type { Model } from "./state.ts";
import type { ViewContext } from "./view_context.ts";
import { type AlongView, alongView } from "./view_model_along.ts";
import { type ChoicesView, choicesView, type PanelView, panelView } from "./view_model_form.ts";
import { isPlacesPanel, placesView, type PlacesView } from "./view_model_places.ts";
import { errorTexts, type StatusView, statusView } from "./view_model_status.ts";
import { type StoryView, storyView } from "./view_model_story.ts";

export interface MailView {
  subject: string;
  /** That Outlook marks it as private; empty for most mails. */
  badge: string;
  who: string;
  when: string;
}

/** The state of the connection, and the counts of the mailbox. */
export interface FooterView {
  tone: "good" | "busy" | "bad" | "off";
  label: string;
  details: string[];
}

/** `plain`: what was asked for is done, though not as it was entered. */
export interface NoticeView {
  tone: "bad" | "plain";
  sentence: string;
  line: string;
  closeLabel: string;
}

export interface View {
  language: string;
  mail: MailView | null;
  notice: NoticeView | null;
  status: StatusView;
  choices: ChoicesView | null;
  panel: PanelView | null;
  places: PlacesView | null;
  along: AlongView | null;
  alwaysSync: { label: string; hint: string; isOn: boolean } | null;
  story: StoryView | null;
  footer: FooterView | null;
  help: { label: string; link: string };
  /** What a screen reader reads out when it changes. */
  announcement: string;
}

/** The page of help; the server that serves the pane serves it too. */
const HELP_PAGE = "/help";

/** The view of the whole pane. */
export function createViewModel(model: Model, context: ViewContext): View {
  const { texts } = context;
  const { selection } = model;
  const status = statusView(model, context);
  const panel = isPlacesPanel(model) ? null : panelView(model, texts);
  const question = panel?.kind === "private" ? `${panel.title}. ${panel.intro}` : "";
  const notice = noticeView(model, context);
  return {
    language: texts.language,
    mail: selection.kind === "mail" ? mailView(model, selection.mail, context) : null,
    notice,
    status,
    choices: choicesView(model, texts),
    panel,
    ...sectionsBelowStatus(model, context),
    footer: footerView(model, context),
    help: { label: texts.get("help"), link: `${HELP_PAGE}?lang=${texts.language}` },
    announcement: [notice?.sentence, question, status.sentence, textOf(status.line)]
      .filter(Boolean)
      .join(". "),
  };
}

function noticeView({ notice }: Model, context: ViewContext): NoticeView | null {
  return (
    notice && {
      tone: notice.error.kind === "first_kept" ? "plain" : "bad",
      ...errorTexts(notice.error, context),
      closeLabel: context.texts.get("close"),
    }
  );
}

function sectionsBelowStatus(
  model: Model,
  context: ViewContext,
): Pick<View, "places" | "along" | "alwaysSync" | "story"> {
  const { mailState, error } = model;
  if (!mailState || error) {
    return { places: null, along: null, alwaysSync: null, story: null };
  }
  return {
    places: placesView(model, mailState, context.texts),
    along: alongView(model, mailState, context.texts),
    alwaysSync: alwaysSyncView(model, mailState, context),
    story: mailState.state === "draft" ? null : storyView(model, context),
  };
}

function mailView({ mailState }: Model, mail: Mail, { texts, now }: ViewContext): MailView {
  const sensitivity = mailState?.sensitivity;
  return {
    badge: sensitivity ? texts.get(`badge.${sensitivity}`) : "",
    subject: mail.subject.trim() || texts.get("no_subject"),
    who: mail.isSent && mail.who ? texts.get("to", { who: mail.who }) : mail.who,
    when: mail.at ? texts.dateTime(mail.at, now) : "",
  };
}

function alwaysSyncView(
  model: Model,
  mailState: MailState,
  { texts, folderName }: ViewContext,
): View["alwaysSync"] {
  const { sender } = mailState;
  if (!sender || mailState.reason === "never list") {
    return null;
  }
  return {
    label: texts.get("always", { sender: sender.name || sender.address }),
    hint: texts.get("always.hint", { folder: folderName }),
    isOn: model.alwaysSync ?? mailState.alwaysSync,
  };
}

const FOOTER_TONES = {
  connected: "good",
  catching_up: "busy",
  needs_you: "bad",
  paused: "off",
} as const;

function footerView(
  { connection, connectionError }: Model,
  context: ViewContext,
): FooterView | null {
  const { texts } = context;
  if (connectionError) {
    const details = [connection?.mailbox ?? "", errorTexts(connectionError, context).line];
    return { tone: "off", label: texts.get("foot.off"), details: details.filter(Boolean) };
  }
  if (!connection) {
    return null;
  }
  const { state, mailbox, onTheWay, waiting, parked, troubles } = connection;
  const counts = [
    ["foot.on_the_way", onTheWay],
    ["foot.waiting", waiting],
    ["foot.parked", parked],
  ] as const;
  return {
    tone: FOOTER_TONES[state],
    label: texts.get(`foot.${state}`),
    details: [
      mailbox,
      ...counts.filter(([, count]) => count).map(([key, count]) => texts.plural(key, count)),
      ...troubles.map(({ kind, detail }) => texts.get(`foot.${kind}`, { detail: detail ?? "" })),
    ],
  };
}
