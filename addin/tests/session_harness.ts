/** A session whose API calls the test answers one by one. */

import { vi } from "vitest";

import type { Api, SyncChoice } from "../src/api.ts";
import type { Contact, Customer, CustomerAnswer, MailState } from "../src/api_models.ts";
import { Controller } from "../src/controller.ts";
import type { AddinError } from "../src/errors.ts";
import type { MailRef, Selection } from "../src/selection.ts";
import { Session } from "../src/session.ts";
import type { View } from "../src/view_model.ts";
import type { PlaceEdit } from "../src/wanted_places.ts";
import { mail, mailState, textsIn } from "./fixtures.ts";
import { connection, organisations, story, suggestions } from "./preview/states.mjs";

/** A call to the API that the test answers or fails. */
interface PendingCall {
  name: string;
  mail: MailRef;
  signal: AbortSignal | null;
  waits: boolean;
  answer: (state: MailState) => Promise<unknown>;
  fail: (error: AddinError) => Promise<unknown>;
}

export const CREATED: CustomerAnswer = {
  similar: [],
  mail: mailState("on_its_way"),
  organisationId: 7,
  personId: 12,
  isFirstKept: false,
};

/** A session that is not open yet; the test sets `outlook`, and reads what was called and shown. */
export function createSession() {
  const calls: PendingCall[] = [];
  const views: View[] = [];
  const outlook = {
    selection: mail("1") as Selection,
    isHidden: false,
    signIns: 0,
    signedIn: Promise.resolve(),
    announcements: 0,
    clearedNotes: 0,
    bodyText: "",
    customers: [] as (Customer & { choice: string })[],
    customerAnswers: [] as CustomerAnswer[],
    customerError: null as AddinError | null,
    contacts: [] as Contact[],
  };
  const settle = () => vi.advanceTimersByTimeAsync(0);
  const call = (name: string, ref: MailRef, signal: AbortSignal | null = null, waits = false) =>
    new Promise<MailState>((resolve, reject) => {
      calls.push({
        name,
        mail: ref,
        signal,
        waits,
        answer: (state) => (resolve(state), settle()),
        fail: (error) => (reject(error), settle()),
      });
    });
  const api: Api = {
    state: (ref, signal, { waits = false } = {}) => call("state", ref, signal, waits),
    sync: (ref, choice) => call(`sync ${choiceText(choice)}`.trim(), ref),
    choose: (ref, id) => call(`choose ${id}`, ref),
    editPlace: (ref, edit) => call(editText(edit), ref),
    suggestions: async () => suggestions,
    createCustomer: async (_, customer, choice) => {
      outlook.customers.push({ ...customer, choice: choiceText(choice) });
      if (outlook.customerError) {
        throw outlook.customerError;
      }
      return outlook.customerAnswers.shift() ?? CREATED;
    },
    act: (action, ref) => call(action, ref),
    story: async () => story,
    organisations: async () => organisations,
    createContact: async (contact) => void outlook.contacts.push(contact),
    alwaysSync: async () => undefined,
    connection: async () => connection,
  };
  const session = new Session(
    {
      host: {
        selection: () => outlook.selection,
        clearNote: () => void (outlook.clearedNotes += 1),
      },
      api,
      channel: { announceChange: () => void (outlook.announcements += 1) },
      texts: textsIn("en-GB"),
      config: { folderName: "webCRM sync", usualSeconds: 3 },
      isHidden: () => outlook.isHidden,
    },
    (view) => void views.push(view),
  );
  const controller = new Controller(
    session,
    api,
    { signIn: () => ((outlook.signIns += 1), outlook.signedIn) },
    { bodyText: async () => outlook.bodyText },
  );
  const lastCall = () => {
    const [last] = calls.slice(-1);
    if (!last) {
      throw new Error("the session called nothing");
    }
    return last;
  };
  const sentence = () => views.at(-1)?.status.sentence;
  return { session, controller, calls, views, outlook, lastCall, sentence };
}

/** Such as "7 8@31 whole private". */
function choiceText({ places, along, evenIfPrivate }: SyncChoice): string {
  const texts = (places ?? []).map((one) =>
    one.opportunityId === null
      ? `${one.organisationId}`
      : `${one.organisationId}@${one.opportunityId}`,
  );
  return [
    ...texts,
    along && `${along.text} ${along.files?.join("+") ?? "all"}`,
    evenIfPrivate && "private",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Such as "move 7 to 12". */
function editText(edit: PlaceEdit): string {
  switch (edit.kind) {
    case "only":
    case "add":
      return `add ${edit.place.organisationId}`;
    case "remove":
      return `remove ${edit.organisationId}`;
    case "move":
      return `move ${edit.organisationId} to ${edit.to.organisationId}`;
    case "opportunity":
      return `opportunity ${edit.opportunityId} at ${edit.organisationId}`;
  }
}

/** An open session that has loaded this state. */
export async function openSession(name: string) {
  const harness = createSession();
  harness.session.open();
  await harness.lastCall().answer(mailState(name));
  return harness;
}
