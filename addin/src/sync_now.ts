/** The function command: syncs the selected mail and shows the outcome as a note on it. */

import { type Api, NO_CHOICE } from "./api.ts";
import type { MailState } from "./api_models.ts";
import type { Auth } from "./auth.ts";
import { toAddinError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Texts } from "./i18n.ts";
import type { PageChannel } from "./page_channel.ts";
import { pauseOnItsWay } from "./poll.ts";
import type { MailRef } from "./selection.ts";
import { errorTexts, noteText } from "./view_model_status.ts";

export interface SyncNowContext {
  host: Pick<Host, "selection" | "showNote">;
  api: Pick<Api, "sync" | "state">;
  auth: Pick<Auth, "signIn">;
  channel: Pick<PageChannel, "announceChange">;
  texts: Texts;
  folderName: string;
  /** How long to wait for the outcome, in milliseconds. */
  timeoutMs?: number;
}

/** Outlook ends a command after five minutes; nobody watches the note that long. */
const TIMEOUT_MS = 30_000;
/** A note is not watched as closely as the pane. */
const SHORTEST_PAUSE_MS = 300;

/** Syncs the selected mail. Never rejects: an error becomes the note on the mail. */
export async function syncNow(context: SyncNowContext): Promise<void> {
  const { host, texts } = context;
  const selection = host.selection();
  if (selection.kind !== "mail") {
    return;
  }
  const { ref } = selection.mail;
  host.showNote(texts.get("on_its_way.sentence"));
  try {
    const state = await waitUntilSynced(context, ref, await startSync(context, ref));
    host.showNote(noteText(state, texts));
  } catch (error) {
    const { sentence, line } = errorTexts(toAddinError(error), context);
    host.showNote(`${sentence}. ${line}`);
  }
}

/** Requests the sync; asks the person to sign in at most once. */
async function startSync(
  { api, auth, channel }: SyncNowContext,
  mail: MailRef,
): Promise<MailState> {
  const sync = async () => {
    const state = await api.sync(mail, NO_CHOICE);
    channel.announceChange();
    return state;
  };
  try {
    return await sync();
  } catch (error) {
    const { kind, claims } = toAddinError(error);
    if (kind !== "signed_out") {
      throw error;
    }
    await auth.signIn(claims);
    return sync();
  }
}

async function waitUntilSynced(
  { api, timeoutMs = TIMEOUT_MS }: SyncNowContext,
  mail: MailRef,
  first: MailState,
): Promise<MailState> {
  const startedAt = Date.now();
  let state = first;
  for (;;) {
    const elapsed = Date.now() - startedAt;
    if (state.state !== "on_its_way" || elapsed > timeoutMs) {
      return state;
    }
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, pauseOnItsWay(elapsed));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    state = await api.state(mail, new AbortController().signal);
  }
}
