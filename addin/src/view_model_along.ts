/** What of a mail goes into webCRM: its text, and each of its files. */

import type { Along, MailState, StoredParts, TextChoice } from "./api_models.ts";
import type { Texts } from "./i18n.ts";
import { type Said, saidText } from "./phrases.ts";
import type { Attachment } from "./selection.ts";
import type { Model } from "./state.ts";

export interface AlongView {
  title: string;
  /** The choice in short. */
  facts: string;
  isOpen: boolean;
  textTitle: string;
  texts: { along: Along; label: string; isMarked: boolean; isReady: boolean }[];
  filesTitle: string;
  files: FileView[];
  /** The button that sends a choice about a mail that is filed already; null = none is needed. */
  submitLabel: string | null;
}

/** `along`: the choice after its tick is clicked. `note`: its size, or why it was left out. */
export interface FileView {
  name: string;
  note: string;
  isTaken: boolean;
  isReady: boolean;
  along: Along;
}

/** A name that several files share stands for all of them. */
interface FileGroup {
  name: string;
  /** How many files there are, and their size together. */
  count: number;
  size: number;
  isTaken: boolean;
  /** Why it cannot go along, such as its size; null = it can. */
  leftOut: Said | null;
}

/** Why the server stores nothing of a file: somebody took its tick away. */
const NOT_CHOSEN = "not_chosen";
/** From the least to the most. */
const CHOICES: TextChoice[] = ["none", "new", "whole"];

/** The choice for this mail; null if the server says nothing of it. */
export function alongView(model: Model, mailState: MailState, texts: Texts): AlongView | null {
  const { along: stored } = mailState;
  if (!stored || model.selection.kind !== "mail") {
    return null;
  }
  const isFiled = stored.files !== null;
  const groups = groupsOf(model.selection.mail.attachments, stored);
  const chosen = model.draft.along ?? { text: stored.text, files: takenIn(groups, stored) };
  return {
    title: texts.get("along"),
    facts: factsText(chosen, groups, texts),
    isOpen: model.openLines.includes("along"),
    textTitle: texts.get("along.text"),
    texts: CHOICES.toReversed().map((text) => ({
      along: { text, files: chosen.files },
      label: texts.get(`along.text.${text}`),
      isMarked: chosen.text === text,
      isReady: stored.canChange && (!isFiled || isMore(text, stored.text)),
    })),
    filesTitle: texts.get("along.files"),
    files: groups.map((group) => fileView(group, groups, chosen, stored, texts)),
    submitLabel: isFiled && model.draft.along ? texts.get("along.submit") : null,
  };
}

function fileView(
  group: FileGroup,
  groups: FileGroup[],
  chosen: Along,
  { files, canChange }: StoredParts,
  texts: Texts,
): FileView {
  const { name, isTaken: wasTaken, leftOut } = group;
  const names = chosen.files ?? groups.map((one) => one.name);
  const isTaken = names.includes(name);
  const others = names.filter((other) => other !== name);
  const isStored = files !== null && wasTaken;
  return {
    name,
    note: leftOut ? saidText(leftOut, texts) : sizeText(group, texts),
    isTaken,
    isReady: canChange && !isStored && leftOut === null,
    along: { text: chosen.text, files: isTaken ? others : [...others, name] },
  };
}

/** How large it is; of several files also that the one tick stands for all of them. */
function sizeText({ count, size }: FileGroup, texts: Texts): string {
  const parts = [
    count > 1 && texts.plural("along.same_name", count),
    size > 0 && texts.fileSize(size),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** True for a text that holds at least as much: what is in webCRM already stays there. */
function isMore(text: TextChoice, stored: TextChoice): boolean {
  return CHOICES.indexOf(text) >= CHOICES.indexOf(stored);
}

/**
 * The files as Outlook names them; where it names none, those that the server knows. The server
 * has no name of a file that somebody left out.
 */
function groupsOf(attachments: Attachment[], { files, wantedFiles }: StoredParts): FileGroup[] {
  const shown = attachments.length ? attachments : (files ?? []);
  const groups = new Map<string, FileGroup>();
  for (const { name, size } of shown.filter((file) => file.name)) {
    const stored = (files ?? []).filter((file) => comparable(file.name) === comparable(name));
    const others = groups.get(name) ?? { count: 0, size: 0 };
    groups.set(name, {
      name,
      count: others.count + 1,
      size: others.size + size,
      isTaken: files ? stored.some((file) => file.isTaken) : isWanted(name, wantedFiles),
      leftOut: whyLeftOut(stored),
    });
  }
  return [...groups.values()];
}

/** Why the first of these files cannot go along; null = each one can. */
function whyLeftOut(stored: NonNullable<StoredParts["files"]>): Said | null {
  const refused = stored.find(({ leftOut }) => leftOut && leftOut !== NOT_CHOSEN);
  return refused ? { detail: refused.leftOut, phrase: refused.phrase } : null;
}

/** What will go along of a mail that is not filed yet; null = every file. */
function isWanted(name: string, wantedFiles: string[] | null): boolean {
  return wantedFiles?.map(comparable).includes(comparable(name)) ?? true;
}

/** A Mac decomposes accents. */
function comparable(name: string): string {
  return name.normalize("NFC").trim();
}

/** The names of the files that go along; null = all, those too that Outlook does not name. */
function takenIn(groups: FileGroup[], { files, wantedFiles }: StoredParts): string[] | null {
  if (!groups.length && !files) {
    return wantedFiles;
  }
  const isAll = files ? files.every(({ isTaken }) => isTaken) : wantedFiles === null;
  return isAll ? null : groups.filter(({ isTaken }) => isTaken).map(({ name }) => name);
}

function factsText(chosen: Along, groups: FileGroup[], texts: Texts): string {
  const text = texts.get(`along.text.${chosen.text}`);
  if (!groups.length) {
    return text;
  }
  const taken = texts.number(chosen.files?.length ?? groups.length);
  return `${text}, ${texts.plural("along.count", groups.length, { taken })}`;
}
