/** The state of the open mail, asked for in full only when the server says that it changed. */

import type { MailRef, MailState } from "./api_types.ts";
import { Trouble } from "./errors.ts";

export type Read = <T>(path: string, body: unknown, signal: AbortSignal) => Promise<T>;

export interface HeldState {
  /**
   * The state of this mail. The same object as before where nothing changed. `waits`: then the
   * answer may come as late as something changes, ten seconds at most.
   */
  look(mail: MailRef, signal: AbortSignal, waits: boolean): Promise<MailState>;
  /** Asks in full next time: what a click found in Outlook has no version. */
  forget(): void;
}

interface Answer {
  mails: MailState[];
  /** By each the server tells whether the state still holds; an earlier server sends none. */
  versions?: (string | null)[];
}

interface Held {
  mail: MailRef;
  version: string;
  answer: MailState;
}

/** Nothing is held before the first look. */
export function createHeldState(read: Read): HeldState {
  let held: Held | null = null;
  const isChanged = async ({ version }: Held, signal: AbortSignal, waits: boolean) => {
    const path = "/mails/changed";
    return (await read<{ isChanged: boolean }>(path, { version, waits }, signal)).isChanged;
  };
  return {
    async look(mail, signal, waits) {
      const known = held && isSame(held.mail, mail) ? held : null;
      if (known && !(await isChanged(known, signal, waits))) {
        return known.answer;
      }
      const asked = known ? { ...mail, version: known.version } : mail;
      const { mails, versions } = await read<Answer>("/mails/state", { mails: [asked] }, signal);
      const answer = found(mails[0]);
      const version = versions?.[0];
      held = version ? { mail, version, answer } : null;
      return answer;
    },
    forget() {
      held = null;
    },
  };
}

function isSame(a: MailRef, b: MailRef): boolean {
  return a.itemId === b.itemId && a.idType === b.idType && a.messageId === b.messageId;
}

/** In a list, a mail that is not in the own mailbox is one about which nothing can be said or done. */
function found(mail: MailState | undefined): MailState {
  if (!mail || (mail.state === "new" && mail.forecast === null)) {
    throw new Trouble("not_found", mail?.detail ?? null);
  }
  return mail;
}
