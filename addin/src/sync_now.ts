/** The function command: syncs the selected mail and says on it how that went. */

import type { Api } from "./api.ts";
import type { Auth } from "./auth.ts";
import type { MailRef, MailState } from "./api_types.ts";
import { asTrouble } from "./errors.ts";
import type { Host } from "./host.ts";
import { pauseAfter } from "./poll.ts";
import { oneLine, troubleLine } from "./view_model_status.ts";
import type { Windows } from "./page_channel.ts";
import type { Words } from "./i18n.ts";

export interface Means {
  host: Pick<Host, "selection" | "note">;
  api: Pick<Api, "sync" | "state">;
  auth: Pick<Auth, "signIn">;
  windows: Pick<Windows, "tell">;
  words: Words;
  folderName: string;
  /** How long to wait for the end before the line stays as it is, in milliseconds. */
  patience?: number;
}

/** Outlook ends a command after five minutes; nobody looks at the line that long. */
const PATIENCE_MS = 30_000;

/** Syncs what is selected. Never fails: what went wrong is the line on the mail. */
export async function syncNow(means: Means): Promise<void> {
  const { host, words } = means;
  const selection = host.selection();
  if (selection.kind !== "mail") {
    return;
  }
  host.note(words.say("on_its_way.sentence"));
  try {
    const answer = await end(means, selection.mail.ref, await begin(means, selection.mail.ref));
    host.note(oneLine(answer, words));
  } catch (error) {
    const { sentence, line } = troubleLine(asTrouble(error), means);
    host.note(`${sentence}. ${line}`);
  }
}

/** The ribbon's click is a person's: it may ask them to sign in, once. */
async function begin({ api, auth, windows }: Means, mail: MailRef): Promise<MailState> {
  const ask = async () => {
    const answer = await api.sync(mail, []);
    windows.tell();
    return answer;
  };
  try {
    return await ask();
  } catch (error) {
    const trouble = asTrouble(error);
    if (trouble.kind !== "signed_out") {
      throw trouble;
    }
    await auth.signIn(trouble.claims);
    return ask();
  }
}

async function end(
  { api, patience = PATIENCE_MS }: Means,
  mail: MailRef,
  begun: MailState,
): Promise<MailState> {
  const startedAt = Date.now();
  let answer = begun;
  for (;;) {
    const elapsed = Date.now() - startedAt;
    if (answer.state !== "on_its_way" || elapsed > patience) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseAfter(elapsed)));
    answer = await api.state(mail, new AbortController().signal);
  }
}
