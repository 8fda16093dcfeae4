/** The only file that calls fetch: typed calls to the product's own server. */

import type {
  Along,
  Connection,
  Contact,
  Customer,
  CustomerAnswer,
  MailState,
  Organisation,
  Organisations,
  PostPath,
  Problem,
  RequestBody,
  ResponseBody,
  Story,
  Suggestions,
} from "./api_models.ts";
import { AddinError, type ErrorKind, isAborted, noAnswer } from "./errors.ts";
import type { MailRef } from "./selection.ts";
import { createStateCache } from "./state_cache.ts";
import type { PlaceEdit, WantedPlace } from "./wanted_places.ts";

/** Returns an access token. `fresh`: a newer one than the server refused, for these claims. */
export type TokenSource = (options: { fresh: boolean; claims: string | null }) => Promise<string>;

/** Actions that need nothing but the mail. */
export type SimpleAction = "retry" | "anyway" | "undo";

/** What a person decided for the sync; null = as matched, or by the settings. */
export interface SyncChoice {
  places: WantedPlace[] | null;
  along: Along | null;
  evenIfPrivate: boolean;
}

/** The choice of a person who only clicks. */
export const NO_CHOICE: SyncChoice = { places: null, along: null, evenIfPrivate: false };

export interface Api {
  /** `waits`: the server may hold the answer back until something changes. */
  state(mail: MailRef, signal: AbortSignal, options?: { waits?: boolean }): Promise<MailState>;
  sync(mail: MailRef, choice: SyncChoice): Promise<MailState>;
  /** Files a mail under its first Organisation, whatever the product would do with it. */
  choose(mail: MailRef, organisationId: number): Promise<MailState>;
  /** Adds, removes or moves a place of a mail that was synced, or sets its Opportunity. */
  editPlace(mail: MailRef, edit: PlaceEdit): Promise<MailState>;
  suggestions(mail: MailRef, signal: AbortSignal): Promise<Suggestions>;
  /** Creates an Organisation, and a contact in it, and files the mail there too. */
  createCustomer(mail: MailRef, customer: Customer, choice: SyncChoice): Promise<CustomerAnswer>;
  act(action: SimpleAction, mail: MailRef): Promise<MailState>;
  story(mail: MailRef, signal: AbortSignal): Promise<Story>;
  organisations(search: string, signal: AbortSignal): Promise<Organisation[]>;
  createContact(contact: Contact): Promise<void>;
  alwaysSync(address: string, isOn: boolean): Promise<void>;
  connection(): Promise<Connection>;
}

/** Posts a body that only asks; repeats the call once when the network fails. */
export type Read = <P extends PostPath>(
  path: P,
  body: RequestBody<P>,
  signal: AbortSignal,
) => Promise<ResponseBody<P>>;

interface Request {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  body?: unknown;
  signal?: AbortSignal;
  /** The call can be repeated without harm, so a lost network is worth a second attempt. */
  isRepeatable?: boolean;
}

const KINDS: Record<Problem["code"], ErrorKind> = {
  signed_out: "signed_out",
  claims: "signed_out",
  no_mailbox: "no_mailbox",
  not_found: "not_found",
  invalid: "invalid",
  conflict: "conflict",
  PrivateMail: "private",
  LastPlace: "last_place",
  try_later: "try_later",
};

/** How often a call is repeated that the server refuses with 429: it has not begun such a call. */
const MAX_REPEATS = 3;
const MAX_PAUSE_S = 5;

/**
 * The API at `base`, such as "/api/v1". Each call rejects with AddinError, or with AbortError.
 * Only reads take a signal: the server completes what a person requested, even if they select another mail.
 */
export function createApi(base: string, token: TokenSource): Api {
  const request = <T>(call: Request): Promise<T> => fetchJson<T>(base, token, call);
  const read: Read = (path, body, signal) =>
    request({ method: "POST", path, body, signal, isRepeatable: true });
  const cache = createStateCache(read);
  const write = <P extends PostPath>(path: P, body: RequestBody<P>): Promise<ResponseBody<P>> => {
    cache.clear();
    return request<ResponseBody<P>>({ method: "POST", path, body }).finally(() => cache.clear());
  };
  return {
    state: (mail, signal, { waits = false } = {}) => cache.read(mail, signal, waits),
    sync: (mail, choice) => write("/mails/sync", { mail, ...syncBody(choice) }),
    choose: (mail, organisationId) => write("/mails/choose", { mail, organisationId }),
    editPlace: (mail, edit) => write(EDIT_PATHS[edit.kind], { mail, ...editBody(edit) }),
    suggestions: (mail, signal) => read("/mails/suggestions", { mail }, signal),
    createCustomer: (mail, customer, choice) =>
      write("/mails/customer", { mail, ...customer, ...syncBody(choice) }),
    act: (action, mail) => write(`/mails/${action}`, { mail }),
    story: (mail, signal) => read("/mails/story", { mail }, signal),
    async organisations(search, signal) {
      const path = `/organisations?search=${encodeURIComponent(search)}`;
      const call: Request = { method: "GET", path, signal, isRepeatable: true };
      return (await request<Organisations>(call)).organisations;
    },
    async createContact(contact) {
      await write("/contacts", contact);
    },
    async alwaysSync(address, isOn) {
      const path = `/rules/${encodeURIComponent(address)}`;
      await request({ method: isOn ? "PUT" : "DELETE", path, isRepeatable: true });
    },
    connection: () => request({ method: "GET", path: "/connection", isRepeatable: true }),
  };
}

const EDIT_PATHS = {
  only: "/mails/places/add",
  add: "/mails/places/add",
  remove: "/mails/places/remove",
  move: "/mails/places/move",
  opportunity: "/mails/places/opportunity",
} as const;

/** The keys that the person decided on: a missing one means "as always". */
function syncBody({ places, along, evenIfPrivate }: SyncChoice) {
  return {
    ...(places && { places: places.map(placeBody) }),
    ...(along && { along }),
    ...(evenIfPrivate && { evenIfPrivate }),
  };
}

function placeBody({ organisationId, opportunityId }: WantedPlace) {
  return { organisationId, ...(opportunityId !== null && { opportunityId }) };
}

function editBody(edit: PlaceEdit) {
  switch (edit.kind) {
    case "only":
    case "add":
      return placeBody(edit.place);
    case "remove":
      return { organisationId: edit.organisationId };
    case "move":
      return { organisationId: edit.organisationId, to: edit.to.organisationId };
    case "opportunity":
      return { organisationId: edit.organisationId, opportunityId: edit.opportunityId };
  }
}

async function fetchJson<T>(base: string, token: TokenSource, request: Request): Promise<T> {
  let bearer = await token({ fresh: false, claims: null });
  let response = await send(base, request, bearer);
  if (response.status === 401) {
    const { claims = null } = await readProblem(response);
    bearer = await token({ fresh: true, claims });
    response = await send(base, request, bearer);
  }
  for (let left = MAX_REPEATS; response.status === 429 && left > 0; left--) {
    await pause(response, request.signal);
    response = await send(base, request, bearer);
  }
  if (!response.ok) {
    throw await errorOf(response);
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Waits as long as the response's Retry-After says, at most MAX_PAUSE_S. */
async function pause(response: Response, signal: AbortSignal | undefined): Promise<void> {
  const seconds = Number(response.headers.get("Retry-After")) || 1;
  await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, MAX_PAUSE_S) * 1000));
  signal?.throwIfAborted();
}

async function send(base: string, request: Request, bearer: string): Promise<Response> {
  const { method, path, body, signal, isRepeatable } = request;
  const headers: Record<string, string> = { Authorization: `Bearer ${bearer}` };
  const init: RequestInit = { method, headers, credentials: "omit", cache: "no-store" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  if (signal) {
    init.signal = signal;
  }
  try {
    return await fetch(base + path, init);
  } catch (error) {
    if (isAborted(error)) {
      throw error;
    }
    if (isRepeatable) {
      return send(base, { ...request, isRepeatable: false }, bearer);
    }
    throw noAnswer();
  }
}

async function errorOf(response: Response): Promise<AddinError> {
  const { code, detail = null, claims = null, ...refused } = await readProblem(response);
  const { field = null, phrase = null } = refused;
  const kindWithoutCode = response.status === 401 ? "signed_out" : "away";
  const kind = (code && KINDS[code]) ?? kindWithoutCode;
  return new AddinError(kind, detail, claims, retryAfterMs(response), field, phrase);
}

/** How long to wait before the next call; both forms of Retry-After (RFC 9110, 10.2.3). */
function retryAfterMs({ headers }: Response): number | null {
  const value = headers.get("Retry-After");
  if (!value) {
    return null;
  }
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return wait > 0 ? wait : null;
}

/** The body of a refusal; empty if a proxy answered with a body of its own. */
async function readProblem(response: Response): Promise<Partial<Problem>> {
  try {
    return (await response.json()) as Partial<Problem>;
  } catch {
    return {};
  }
}
