/** Why signing in did not work, by the codes of MSAL and of Outlook's broker behind it. */

import { Trouble, type TroubleKind } from "./errors.ts";

/**
 * What is no error: the person thought better of it, or let the window stand until its time was
 * over, or began anew. Source: MSAL.js, ClientAuthErrorCodes, BrowserAuthErrorCodes and
 * WebBrokerBridgeErrorCode; OAuth 2.0 (RFC 6749 section 4.1.2.1) for `access_denied`.
 */
const CALM = [
  ...(["user_cancelled", "user_canceled", "access_denied"] as const),
  ...(["timed_out", "bridge_timeout", "native_handshake_timeout"] as const),
  ...(["interaction_in_progress", "interaction_in_progress_cancelled"] as const),
  ...(["hash_empty_error", "redirect_bridge_empty_response", "empty_response"] as const),
];
/** The browser let no window open. */
const BLOCKED = ["popup_window_error", "empty_window_error", "block_nested_popups"];
const OFFLINE = ["no_network_connectivity", "network_error", "post_request_failed"];

const KINDS = new Map<string, TroubleKind>([
  ...CALM.map((code) => [code, "signed_out"] as const),
  ...BLOCKED.map((code) => [code, "popup_blocked"] as const),
  ...OFFLINE.map((code) => [code, "offline"] as const),
]);

/** What a sign-in that did not come to its end means. `claims`: what it was asked for besides. */
export function signInFailure(error: unknown, claims: string | null): Trouble {
  const code = codeOf(error);
  const kind = KINDS.get(code) ?? "refused";
  return new Trouble(kind, kind === "refused" ? code : null, claims);
}

/** The code by which an administrator finds the cause. */
export function codeOf(error: unknown): string {
  const code = (error as { errorCode?: unknown } | null)?.errorCode;
  return typeof code === "string" && code ? code : "unknown";
}
