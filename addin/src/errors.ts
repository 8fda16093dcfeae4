/** What can go wrong in the add-in; each kind has a sentence in the locales. */

import type { Phrase } from "./api_models.ts";

/**
 * `refused`: the sign-in itself failed. `private`: the person must agree first. `last_place`: the
 * mail has no other place. `first_kept`: a customer is as an earlier form said. `away`: the server
 * does not answer.
 */
export type ErrorKind =
  | "signed_out"
  | "popup_blocked"
  | "refused"
  | "no_mailbox"
  | "not_found"
  | "shared"
  | "invalid"
  | "conflict"
  | "private"
  | "last_place"
  | "first_kept"
  | "offline"
  | "away"
  | "try_later";

/**
 * The only error that the pane shows. `detail`: the server's text, or a code for the
 * administrator. `claims`: what the next token must contain. `retryAfterMs`: how long the server
 * asks to wait. `field`: the part of the request that is refused, such as "contact.name". `phrase`:
 * `detail`, if that is a sentence of the server's own.
 */
export class AddinError extends Error {
  readonly kind: ErrorKind;
  readonly detail: string | null;
  readonly claims: string | null;
  readonly retryAfterMs: number | null;
  readonly field: string | null;
  readonly phrase: Phrase | null;

  constructor(
    kind: ErrorKind,
    detail: string | null = null,
    claims: string | null = null,
    retryAfterMs: number | null = null,
    field: string | null = null,
    phrase: Phrase | null = null,
  ) {
    super(kind);
    this.name = "AddinError";
    this.kind = kind;
    this.detail = detail;
    this.claims = claims;
    this.retryAfterMs = retryAfterMs;
    this.field = field;
    this.phrase = phrase;
  }
}

/** True for a call that was cancelled by its signal. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Any error as AddinError, so that the pane always has a sentence. */
export function toAddinError(error: unknown): AddinError {
  return error instanceof AddinError ? error : new AddinError("away", String(error));
}

/** The error for a call without an answer: this machine is offline, or the server is away. */
export function noAnswer(): AddinError {
  return new AddinError(globalThis.navigator?.onLine === false ? "offline" : "away");
}
