/** The only file that names Office: Outlook as the rest of the add-in sees it. */

import type { Mail, Selection } from "./selection.ts";

export interface Theme {
  background: string;
  foreground: string;
}

export interface Host {
  /** BCP 47, such as "da-DK". */
  language: string;
  address: string;
  /** Nested app authentication is offered. It can still fail. */
  nested: boolean;
  selection(): Selection;
  /** Whether the selected mail is in a folder or mailbox that somebody else shares. */
  isShared(): Promise<boolean>;
  /** Calls back when the selection may have changed, also when Outlook forgot to say so. */
  onSelection(callback: () => void): void;
  theme(): Theme | null;
  onTheme(callback: () => void): void;
  /** Puts one line on the selected mail, in place of the former one. Never fails. */
  note(text: string): void;
  /** Takes such a line away from the mail that is selected now, if there is one. Never fails. */
  clearNote(): void;
}

type Read = Office.MessageRead;

/** How often the selection is compared, because ItemChanged gets lost in threads. */
const LOOK_EVERY_MS = 1000;
/** Outlook's patience with us is ours with it. */
const SHARED_MS = 2000;
const NOTE_KEY = "webcrm";
/** Longest text of a notification. Source: Office.NotificationMessageDetails. */
const NOTE_LENGTH = 150;

/** Outlook, once it is there; null where the page was opened outside Outlook. */
export async function connect(): Promise<Host | null> {
  const { host } = await Office.onReady();
  return host === Office.HostType.Outlook && Office.context.mailbox ? outlook() : null;
}

/** Makes a function known as the command of this name. Outlook is always told that it ended. */
export function associate(name: string, run: () => Promise<void>): void {
  Office.actions.associate(name, async (event: Office.AddinCommands.Event) => {
    try {
      await run();
    } finally {
      event.completed();
    }
  });
}

function outlook(): Host {
  const { requirements, displayLanguage } = Office.context;
  return {
    language: displayLanguage,
    address: ownAddress(),
    nested: requirements.isSetSupported("NestedAppAuth", "1.1"),
    selection,
    isShared,
    onSelection,
    theme,
    onTheme,
    note: noteOn(item()),
    clearNote: () => item()?.notificationMessages?.removeAsync(NOTE_KEY),
  };
}

/** The item as it is in the reading pane. The types call it never empty; it is, between mails. */
function item(): Read | null {
  return (Office.context.mailbox.item as Read | null | undefined) ?? null;
}

function selection(): Selection {
  const selected = item();
  if (!selected) {
    return { kind: "none" };
  }
  if (selected.itemType !== Office.MailboxEnums.ItemType.Message) {
    return { kind: "other" };
  }
  // In compose the subject is an object to ask. Outlook for Mac gives some mails no id.
  const isNamed = Boolean(selected.itemId || selected.internetMessageId);
  if (typeof selected.subject !== "string" || !isNamed) {
    return { kind: "draft" };
  }
  return { kind: "mail", mail: mailOf(selected) };
}

function mailOf(read: Read): Mail {
  const idType = isMobile() ? "rest" : "ews";
  return {
    ref: { itemId: read.itemId || "", idType, messageId: read.internetMessageId || null },
    subject: read.subject,
    at: read.dateTimeCreated ?? null,
    ...other(read),
  };
}

/** The one at the other end: the sender, or the first recipient of what one sent oneself. */
function other({ from, to }: Read): Pick<Mail, "who" | "isSent"> {
  const isSent = from?.emailAddress?.toLowerCase() === ownAddress().toLowerCase();
  return { who: nameOf(isSent ? (to?.[0] ?? from) : from), isSent };
}

function nameOf(person: Office.EmailAddressDetails | undefined): string {
  return person?.displayName || person?.emailAddress || "";
}

function ownAddress(): string {
  return Office.context.mailbox.userProfile?.emailAddress ?? "";
}

/**
 * Outlook says so only of what is shared, and with an error of what is not.
 * Source: Outlook add-ins, "Enable shared folders and shared mailbox scenarios".
 */
function isShared(): Promise<boolean> {
  const selected = item();
  if (!selected || !Office.context.requirements.isSetSupported("Mailbox", "1.8")) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), SHARED_MS);
    selected.getSharedPropertiesAsync(({ status }) =>
      resolve(status === Office.AsyncResultStatus.Succeeded),
    );
  }).catch(() => false) as Promise<boolean>;
}

/** On phones itemId is in REST form already. Source: Outlook add-ins, "Use the REST APIs". */
function isMobile(): boolean {
  const { platform } = Office.context;
  return platform === Office.PlatformType.iOS || platform === Office.PlatformType.Android;
}

function onSelection(callback: () => void): void {
  Office.context.mailbox.addHandlerAsync(Office.EventType.ItemChanged, callback);
  window.addEventListener("focus", callback);
  setInterval(() => document.hidden || callback(), LOOK_EVERY_MS);
}

function theme(): Theme | null {
  const colours = Office.context.officeTheme as Office.OfficeTheme | undefined;
  return colours?.bodyBackgroundColor
    ? { background: colours.bodyBackgroundColor, foreground: colours.bodyForegroundColor }
    : null;
}

function onTheme(callback: () => void): void {
  if (Office.context.requirements.isSetSupported("Mailbox", "1.14")) {
    Office.context.mailbox.addHandlerAsync(Office.EventType.OfficeThemeChanged, callback);
  }
}

/** Bound to the mail of now: the selection may move on before the last word is known. */
function noteOn(target: Read | null): (text: string) => void {
  return (text) => {
    target?.notificationMessages?.replaceAsync(NOTE_KEY, {
      type: Office.MailboxEnums.ItemNotificationMessageType.InformationalMessage,
      message: text.length > NOTE_LENGTH ? `${text.slice(0, NOTE_LENGTH - 1)}…` : text,
      icon: "Sync.16",
      persistent: false,
    });
  };
}
