/** Why something asked for did not happen, in the words the pane knows sentences for. */

/** `refused`: the sign-in itself failed; `away`: the server does not answer. */
export type TroubleKind =
  | "signed_out"
  | "popup_blocked"
  | "refused"
  | "no_mailbox"
  | "not_found"
  | "shared"
  | "invalid"
  | "conflict"
  | "offline"
  | "away"
  | "try_later";

/**
 * One failure. `detail`: the server's own words or a code for the administrator; `retryAfterMs`:
 * how long the server wants to be left alone.
 */
export class Trouble extends Error {
  readonly kind: TroubleKind;
  readonly detail: string | null;
  readonly claims: string | null;
  readonly retryAfterMs: number | null;

  constructor(
    kind: TroubleKind,
    detail: string | null = null,
    claims: string | null = null,
    retryAfterMs: number | null = null,
  ) {
    super(kind);
    this.name = "Trouble";
    this.kind = kind;
    this.detail = detail;
    this.claims = claims;
    this.retryAfterMs = retryAfterMs;
  }
}

/** True for an answer that nobody waits for any more. */
export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Any error as Trouble, so that the pane always has a sentence. */
export function asTrouble(error: unknown): Trouble {
  return error instanceof Trouble ? error : new Trouble("away", String(error));
}

/** Nothing came back: because this machine is offline, or because the server is away. */
export function noAnswer(): Trouble {
  return new Trouble(globalThis.navigator?.onLine === false ? "offline" : "away");
}
