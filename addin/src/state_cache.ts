/** The state of the open mail, fetched in full only after the server reports a change. */

import type { MailState, ResponseBody } from "./api_models.ts";
import type { Read } from "./api.ts";
import { AddinError } from "./errors.ts";
import type { MailRef } from "./selection.ts";

export interface StateCache {
  /**
   * The state of this mail; the same object as before if nothing changed. `waits`: the server may
   * hold the answer back until something changes, at most ten seconds.
   */
  read(mail: MailRef, signal: AbortSignal, waits: boolean): Promise<MailState>;
  /** Makes the next read fetch in full: a version does not cover what an action found in Outlook. */
  clear(): void;
}

/** `version`: what the server compares to tell whether `state` changed. */
interface Entry {
  mail: MailRef;
  version: string;
  state: MailState;
}

/** An empty cache that holds one mail. */
export function createStateCache(read: Read): StateCache {
  let entry: Entry | null = null;
  const hasChanged = async ({ version }: Entry, signal: AbortSignal, waits: boolean) =>
    (await read("/mails/changed", { version, waits }, signal)).isChanged;
  return {
    async read(mail, signal, waits) {
      const cached = entry && isSame(entry.mail, mail) ? entry : null;
      if (cached && !(await hasChanged(cached, signal, waits))) {
        return cached.state;
      }
      const ref = cached ? { ...mail, version: cached.version } : mail;
      const response = await read("/mails/state", { mails: [ref] }, signal);
      const state = onlyState(response);
      const version = versionOf(response);
      entry = version ? { mail, version, state } : null;
      return state;
    },
    clear() {
      entry = null;
    },
  };
}

function isSame(a: MailRef, b: MailRef): boolean {
  return a.itemId === b.itemId && a.idType === b.idType && a.messageId === b.messageId;
}

/** The state of the only mail; the server reports an unknown one as "new" without a forecast. */
function onlyState({ mails: [state] }: ResponseBody<"/mails/state">): MailState {
  if (!state || (state.state === "new" && state.forecast === null)) {
    throw new AddinError("not_found", state?.detail ?? null);
  }
  return state;
}

/** An older server sends no versions. */
function versionOf({ versions }: Partial<ResponseBody<"/mails/state">>): string | null {
  return versions?.[0] ?? null;
}
