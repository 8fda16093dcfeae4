/** A pane at work whose server answers by hand. */

import { vi } from "vitest";

import type { Api } from "../src/api.ts";
import type { MailRef, MailState } from "../src/api_types.ts";
import { Deeds } from "../src/controller.ts";
import type { Trouble } from "../src/errors.ts";
import { Pane } from "../src/session.ts";
import type { Selection } from "../src/selection.ts";
import type { View } from "../src/view_model.ts";
import { wordsFor } from "../src/i18n.ts";
import { answer, mail } from "./fixtures.ts";
import { connection, organisations, story } from "./preview/states.mjs";

/** A call that the test answers when it wants to. */
interface Open {
  what: string;
  mail: MailRef;
  signal: AbortSignal | null;
  waits: boolean;
  answer: (state: MailState) => Promise<unknown>;
  fail: (trouble: Trouble) => Promise<unknown>;
}

/** A pane that nobody has opened yet. */
export function stage() {
  const calls: Open[] = [];
  const views: View[] = [];
  const seen = {
    selection: mail("1") as Selection,
    hidden: false,
    signIns: 0,
    signedIn: Promise.resolve(),
    told: 0,
    cleared: 0,
  };
  const soon = () => vi.advanceTimersByTimeAsync(0);
  const ask = (what: string, ref: MailRef, signal: AbortSignal | null = null, waits = false) =>
    new Promise<MailState>((resolve, reject) => {
      calls.push({
        what,
        mail: ref,
        signal,
        waits,
        answer: (state) => (resolve(state), soon()),
        fail: (trouble) => (reject(trouble), soon()),
      });
    });
  const api: Api = {
    state: (ref, signal, { waits = false } = {}) => ask("state", ref, signal, waits),
    sync: (ref, ids) => ask(`sync ${ids.join()}`, ref),
    choose: (ref, id, replaces) =>
      ask(replaces === null ? `choose ${id}` : `choose ${id} for ${replaces}`, ref),
    act: (action, ref) => ask(action, ref),
    story: async () => story,
    organisations: async () => organisations,
    createContact: async () => undefined,
    alwaysSync: async () => undefined,
    connection: async () => connection,
  };
  const pane = new Pane(
    {
      host: {
        selection: () => seen.selection,
        clearNote: () => void (seen.cleared += 1),
      },
      api,
      windows: { tell: () => void (seen.told += 1) },
      words: wordsFor("en-GB"),
      config: { folderName: "webCRM sync", usualSeconds: 3 },
      isHidden: () => seen.hidden,
    },
    (view) => void views.push(view),
  );
  const deeds = new Deeds(pane, api, {
    signIn: () => ((seen.signIns += 1), seen.signedIn),
  });
  const last = () => {
    const [call] = calls.slice(-1);
    if (!call) {
      throw new Error("nothing was asked");
    }
    return call;
  };
  const sentence = () => views.at(-1)?.status.sentence;
  const press = (intent: Parameters<Deeds["take"]>[0] & { type: "press" }) => deeds.take(intent);
  return { pane, deeds, calls, views, seen, last, sentence, press };
}

/** The same, once the first answer is there. */
export async function opened(name: string) {
  const it = stage();
  it.pane.open();
  await it.last().answer(answer(name));
  return it;
}
