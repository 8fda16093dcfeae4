/** The only file that uses Office.js: Outlook as the rest of the add-in sees it. */

import type { Mail, Selection } from "./selection.ts";

export interface Theme {
  background: string;
  foreground: string;
}

export interface Host {
  /** The display language, BCP 47, such as "da-DK". */
  language: string;
  address: string;
  /** Outlook offers nested app authentication, which can still fail. */
  nested: boolean;
  selection(): Selection;
  /** True if the selected mail is in a shared folder or mailbox. Never rejects. */
  isShared(): Promise<boolean>;
  /** The text of the selected mail; empty if Outlook does not give it. Never rejects. */
  bodyText(): Promise<string>;
  /** Calls back when the selection may have changed, even if Outlook raises no event. */
  onSelection(callback: () => void): void;
  theme(): Theme | null;
  onTheme(callback: () => void): void;
  /** Replaces the note on the mail that was selected when the page connected. Never throws. */
  showNote(text: string): void;
  /** Removes the note from the mail that is selected now. Never throws. */
  clearNote(): void;
}

type MessageRead = Office.MessageRead;

/** How often to compare the selection: Outlook raises no ItemChanged within some threads. */
const SELECTION_CHECK_MS = 1000;
/** How long to wait until Outlook says whether a mail is shared. */
const SHARED_TIMEOUT_MS = 2000;
/** How long to wait for the text of a mail: a form that is filled in late helps nobody. */
const BODY_TIMEOUT_MS = 3000;
const NOTE_KEY = "webcrm";
/** The longest text of a notification. Source: Office.NotificationMessageDetails. */
const MAX_NOTE_LENGTH = 150;

/** Outlook, once Office.js is ready; null if the page is open outside Outlook. */
export async function connect(): Promise<Host | null> {
  const { host } = await Office.onReady();
  return host === Office.HostType.Outlook && Office.context.mailbox ? outlook() : null;
}

/** Registers a function command. Reports its end to Outlook, also after an error. */
export function registerCommand(name: string, run: () => Promise<void>): void {
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
    bodyText,
    onSelection,
    theme,
    onTheme,
    showNote: noteOn(selectedItem()),
    clearNote: () => selectedItem()?.notificationMessages?.removeAsync(NOTE_KEY),
  };
}

/** The item in the reading pane; null between two mails, which Office's types do not say. */
function selectedItem(): MessageRead | null {
  return (Office.context.mailbox.item as MessageRead | null | undefined) ?? null;
}

function selection(): Selection {
  const item = selectedItem();
  if (!item) {
    return { kind: "none" };
  }
  if (item.itemType !== Office.MailboxEnums.ItemType.Message) {
    return { kind: "other" };
  }
  // In compose mode the subject is an object. Outlook for Mac gives some mails no item id.
  const hasId = Boolean(item.itemId || item.internetMessageId);
  if (typeof item.subject !== "string" || !hasId) {
    return { kind: "draft" };
  }
  return { kind: "mail", mail: mailOf(item) };
}

function mailOf(item: MessageRead): Mail {
  const idType = isMobile() ? "rest" : "ews";
  return {
    ref: { itemId: item.itemId || "", idType, messageId: item.internetMessageId || null },
    subject: item.subject,
    at: item.dateTimeCreated ?? null,
    attachments: attachmentsOf(item),
    ...correspondent(item),
  };
}

/** The files in the order of the mail. Outlook for phones names none. */
function attachmentsOf({ attachments = [] }: Pick<Partial<MessageRead>, "attachments">) {
  return attachments
    .filter(({ isInline }) => !isInline)
    .map(({ name, size }) => ({ name, size: size || 0 }));
}

/** The sender, or the first recipient of a mail that the person sent. */
function correspondent({ from, to }: MessageRead): Pick<Mail, "who" | "isSent"> {
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
 * Outlook has shared properties only for a shared item, and reports an error for others.
 * Source: Outlook add-ins, "Enable shared folders and shared mailbox scenarios".
 */
function isShared(): Promise<boolean> {
  const item = selectedItem();
  if (!item || !Office.context.requirements.isSetSupported("Mailbox", "1.8")) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), SHARED_TIMEOUT_MS);
    item.getSharedPropertiesAsync(({ status }) =>
      resolve(status === Office.AsyncResultStatus.Succeeded),
    );
  }).catch(() => false) as Promise<boolean>;
}

/** Source: Office.Body, getAsync, of the requirement set Mailbox 1.3. */
function bodyText(): Promise<string> {
  const item = selectedItem();
  if (!item?.body?.getAsync) {
    return Promise.resolve("");
  }
  return new Promise<string>((resolve) => {
    setTimeout(() => resolve(""), BODY_TIMEOUT_MS);
    item.body.getAsync(Office.CoercionType.Text, ({ status, value }) =>
      resolve(status === Office.AsyncResultStatus.Succeeded ? value : ""),
    );
  }).catch(() => "");
}

/** On phones itemId has the REST form. Source: Outlook add-ins, "Use the REST APIs". */
function isMobile(): boolean {
  const { platform } = Office.context;
  return platform === Office.PlatformType.iOS || platform === Office.PlatformType.Android;
}

function onSelection(callback: () => void): void {
  Office.context.mailbox.addHandlerAsync(Office.EventType.ItemChanged, callback);
  window.addEventListener("focus", callback);
  setInterval(() => document.hidden || callback(), SELECTION_CHECK_MS);
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

/** Binds the note to this item: the selection may change before the outcome is known. */
function noteOn(item: MessageRead | null): (text: string) => void {
  return (text) => {
    item?.notificationMessages?.replaceAsync(NOTE_KEY, {
      type: Office.MailboxEnums.ItemNotificationMessageType.InformationalMessage,
      message: text.length > MAX_NOTE_LENGTH ? `${text.slice(0, MAX_NOTE_LENGTH - 1)}…` : text,
      icon: "Sync.16",
      persistent: false,
    });
  };
}
