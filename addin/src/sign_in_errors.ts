/** Why a sign-in failed, by the error codes of MSAL and of Outlook's broker behind it. */

import { AddinError, type ErrorKind } from "./errors.ts";

/**
 * Not errors: the person cancelled, let the window time out, or started again.
 * Source: MSAL.js, ClientAuthErrorCodes, BrowserAuthErrorCodes and WebBrokerBridgeErrorCode;
 * OAuth 2.0 (RFC 6749 section 4.1.2.1) for `access_denied`.
 */
const CANCELLED = [
  ...(["user_cancelled", "user_canceled", "access_denied"] as const),
  ...(["timed_out", "bridge_timeout", "native_handshake_timeout"] as const),
  ...(["interaction_in_progress", "interaction_in_progress_cancelled"] as const),
  ...(["hash_empty_error", "redirect_bridge_empty_response", "empty_response"] as const),
];
/** The browser blocked the window. */
const BLOCKED = ["popup_window_error", "empty_window_error", "block_nested_popups"];
const OFFLINE = ["no_network_connectivity", "network_error", "post_request_failed"];

const KINDS = new Map<string, ErrorKind>([
  ...CANCELLED.map((code) => [code, "signed_out"] as const),
  ...BLOCKED.map((code) => [code, "popup_blocked"] as const),
  ...OFFLINE.map((code) => [code, "offline"] as const),
]);

/** The error for a failed sign-in. `claims`: the claims that it asked for. */
export function signInError(error: unknown, claims: string | null): AddinError {
  const code = codeOf(error);
  const kind = KINDS.get(code) ?? "refused";
  return new AddinError(kind, kind === "refused" ? code : null, claims);
}

/** MSAL's code for an error, by which an administrator finds the cause; else "unknown". */
export function codeOf(error: unknown): string {
  const code = (error as { errorCode?: unknown } | null)?.errorCode;
  return typeof code === "string" && code ? code : "unknown";
}
