/** The only file that calls fetch: typed calls to our own server. */

import type { Connection, Contact, MailRef, MailState, Organisation, Story } from "./api_types.ts";
import { isAborted, noAnswer, Trouble, type TroubleKind } from "./errors.ts";
import { createHeldState } from "./state_cache.ts";

/** What a call needs of the sign-in: a token, a newer one when the server was not content. */
export type TokenSource = (wanted: { fresh: boolean; claims: string | null }) => Promise<string>;

export interface Api {
  /** `waits`: for something to change, a while. */
  state(mail: MailRef, signal: AbortSignal, how?: { waits?: boolean }): Promise<MailState>;
  sync(mail: MailRef, organisationIds: number[]): Promise<MailState>;
  /** `replaces`: the Organisation that gives way, null where the mail is in none yet. */
  choose(mail: MailRef, organisationId: number, replaces: number | null): Promise<MailState>;
  act(action: "retry" | "anyway" | "undo", mail: MailRef): Promise<MailState>;
  story(mail: MailRef, signal: AbortSignal): Promise<Story>;
  organisations(search: string, signal: AbortSignal): Promise<Organisation[]>;
  createContact(contact: Contact): Promise<void>;
  alwaysSync(address: string, on: boolean): Promise<void>;
  connection(): Promise<Connection>;
}

interface Request {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  body?: unknown;
  signal?: AbortSignal;
  /** Asking again does no harm, so a lost network is worth a second try. */
  again?: boolean;
}

interface Problem {
  code?: string;
  detail?: string;
  claims?: string;
}

const CODES: Record<string, TroubleKind> = {
  signed_out: "signed_out",
  claims: "signed_out",
  no_mailbox: "no_mailbox",
  not_found: "not_found",
  invalid: "invalid",
  conflict: "conflict",
  try_later: "try_later",
};

/** How often a call comes again that the server has not begun, since this person asks too much. */
const TURNS = 3;
const LONGEST_PAUSE_S = 5;

/**
 * The server at `base`, such as "/api/v1". Every call rejects with Trouble, or AbortError.
 * Only reads can be called off: what a person asked for is done, whatever is selected next.
 */
export function createApi(base: string, token: TokenSource): Api {
  const ask = <T>(request: Request): Promise<T> => call<T>(base, token, request);
  const write = <T>(path: string, body: unknown) => {
    states.forget();
    return ask<T>({ method: "POST", path, body }).finally(() => states.forget());
  };
  const read = <T>(path: string, body: unknown, signal: AbortSignal) =>
    ask<T>({ method: "POST", path, body, signal, again: true });
  const states = createHeldState(read);
  return {
    state: (mail, signal, { waits = false } = {}) => states.look(mail, signal, waits),
    sync: (mail, organisationIds) =>
      write("/mails/sync", organisationIds.length ? { mail, organisationIds } : { mail }),
    choose: (mail, organisationId, replaces) =>
      write("/mails/choose", { mail, organisationId, ...(replaces !== null && { replaces }) }),
    act: (action, mail) => write(`/mails/${action}`, { mail }),
    story: (mail, signal) => read("/mails/story", { mail }, signal),
    async organisations(search, signal) {
      const path = `/organisations?search=${encodeURIComponent(search)}`;
      const request: Request = { method: "GET", path, signal, again: true };
      return (await ask<{ organisations: Organisation[] }>(request)).organisations;
    },
    async createContact(contact) {
      await write("/contacts", contact);
    },
    async alwaysSync(address, on) {
      const path = `/rules/${encodeURIComponent(address)}`;
      await ask({ method: on ? "PUT" : "DELETE", path, again: true });
    },
    connection: () => ask({ method: "GET", path: "/connection", again: true }),
  };
}

async function call<T>(base: string, token: TokenSource, request: Request): Promise<T> {
  let bearer = await token({ fresh: false, claims: null });
  let response = await send(base, request, bearer);
  if (response.status === 401) {
    const { claims = null } = await problem(response);
    bearer = await token({ fresh: true, claims });
    response = await send(base, request, bearer);
  }
  for (let left = TURNS; response.status === 429 && left > 0; left--) {
    await pause(response, request.signal);
    response = await send(base, request, bearer);
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Waits for as long as a server that answers too much already asks for, at most some seconds. */
async function pause(response: Response, signal: AbortSignal | undefined): Promise<void> {
  const seconds = Number(response.headers.get("Retry-After")) || 1;
  await new Promise((over) => setTimeout(over, Math.min(seconds, LONGEST_PAUSE_S) * 1000));
  signal?.throwIfAborted();
}

async function send(base: string, request: Request, bearer: string): Promise<Response> {
  const { method, path, body, signal, again } = request;
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
    if (again) {
      return send(base, { ...request, again: false }, bearer);
    }
    throw noAnswer();
  }
}

async function refusal(response: Response): Promise<Trouble> {
  const { code = "", detail = null, claims = null } = await problem(response);
  const unnamed = response.status === 401 ? "signed_out" : "away";
  return new Trouble(CODES[code] ?? unnamed, detail, claims, retryAfterMs(response));
}

/** How long the server, or a proxy before it, wants to be left alone (RFC 9110, Retry-After). */
function retryAfterMs({ headers }: Response): number | null {
  const asked = headers.get("Retry-After");
  if (!asked) {
    return null;
  }
  const wait = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return wait > 0 ? wait : null;
}

/** The problem document of a refusal; empty when a proxy answered in its own words. */
async function problem(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return {};
  }
}
