/** From what the pane knows to what it shows: pure. */

import type { MailState, Organisation, Target } from "./api_types.ts";
import { isWebAddress, nameOf, type Scene } from "./view_context.ts";
import { shownAs } from "./status_row.ts";
import { showForm, type ChoicesView, type PanelView } from "./view_model_form.ts";
import { showStatus, type Status, troubleLine } from "./view_model_status.ts";
import { showStory, type StoryView } from "./view_model_story.ts";
import type { Mail } from "./selection.ts";
import type { Model } from "./state.ts";
import { plain, type Words } from "./i18n.ts";

export interface MailView {
  subject: string;
  who: string;
  when: string;
}

export interface Place {
  id: number;
  organisation: string;
  person: string;
  link: string | null;
  linkWord: string;
}

export interface FootView {
  tone: "good" | "busy" | "bad" | "off";
  words: string;
  details: string[];
}

export interface View {
  language: string;
  mail: MailView | null;
  notice: { sentence: string; line: string } | null;
  status: Status;
  choices: ChoicesView | null;
  panel: PanelView | null;
  where: { title: string; places: Place[] } | null;
  always: { words: string; hint: string; isOn: boolean } | null;
  story: StoryView | null;
  foot: FootView | null;
  /** What a screen reader says when it changes. */
  live: string;
}

/** The whole pane. */
export function show(model: Model, scene: Scene): View {
  const { words } = scene;
  const { selection, notice } = model;
  const status = showStatus(model, scene);
  const told = notice && troubleLine(notice.trouble, scene);
  return {
    language: words.language,
    mail: selection.kind === "mail" ? showMail(selection.mail, scene) : null,
    notice: told,
    status,
    ...showForm(model, words),
    ...showMore(model, scene),
    foot: showFoot(model, scene),
    live: [told?.sentence, status.sentence, plain(status.line)].filter(Boolean).join(". "),
  };
}

/** What there is to say beyond the state, once the state is known. */
function showMore(model: Model, scene: Scene): Pick<View, "where" | "always" | "story"> {
  const { answer, trouble } = model;
  if (!answer || trouble) {
    return { where: null, always: null, story: null };
  }
  return {
    where: shownAs(answer) === "undone" ? null : showWhere(model, answer, scene.words),
    always: showAlways(model, answer, scene),
    story: answer.state === "draft" ? null : showStory(model, scene),
  };
}

function showMail(mail: Mail, { words, now }: Scene): MailView {
  return {
    subject: mail.subject.trim() || words.say("no_subject"),
    who: mail.isSent && mail.who ? words.say("to", { who: mail.who }) : mail.who,
    when: mail.at ? words.moment(mail.at, now) : "",
  };
}

/** Where the mail belongs, or the Organisation that was chosen instead. */
function showWhere({ picked }: Model, answer: MailState, words: Words): View["where"] {
  const known = answer.targets.map((target) => placeOf(target, words));
  const places = picked ? [known.find(({ id }) => id === picked.id) ?? bare(picked)] : known;
  return known.length ? { title: words.say("where"), places } : null;
}

function bare({ id, name }: Organisation): Place {
  return { id, organisation: name, person: "", link: null, linkWord: "" };
}

function placeOf(target: Target, words: Words): Place {
  const { organisationId, person, address, link } = target;
  const organisation = nameOf(target, words);
  return {
    id: organisationId,
    organisation,
    person: [person, address].filter(Boolean).join(" · "),
    link: isWebAddress(link) ? link : null,
    linkWord: words.say("where.open", { organisation }),
  };
}

function showAlways(model: Model, answer: MailState, scene: Scene): View["always"] {
  const { words, folderName } = scene;
  if (!answer.sender || answer.reason === "never list") {
    return null;
  }
  return {
    words: words.say("always", { sender: answer.sender.name || answer.sender.address }),
    hint: words.say("always.hint", { folder: folderName }),
    isOn: model.always ?? answer.alwaysSync,
  };
}

const TONES = { connected: "good", catching_up: "busy", needs_you: "bad" } as const;

function showFoot({ connection, lost }: Model, scene: Scene): FootView | null {
  const { words } = scene;
  if (lost) {
    const details = [connection?.mailbox ?? "", troubleLine(lost, scene).line];
    return { tone: "off", words: words.say("foot.off"), details: details.filter(Boolean) };
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
    tone: TONES[state],
    words: words.say(`foot.${state}`),
    details: [
      mailbox,
      ...counts.filter(([, n]) => n).map(([word, n]) => words.say(word, { count: words.count(n) })),
      ...troubles.map(({ kind, detail }) => words.say(`foot.${kind}`, { detail: detail ?? "" })),
    ],
  };
}
