import { describe, expect, test } from "vitest";

import { signInError } from "../src/sign_in_errors.ts";
import { rowOf, viewOf } from "./view_harness.ts";

const failed = (errorCode: string) => signInError({ errorCode }, "claims");

describe("a failed sign-in", () => {
  test.each([
    "user_cancelled",
    "user_canceled",
    "access_denied",
    "timed_out",
    "bridge_timeout",
    "interaction_in_progress",
    "interaction_in_progress_cancelled",
    "redirect_bridge_empty_response",
    "hash_empty_error",
  ])("is no error after %s: the pane offers the same sign-in again", (code) => {
    const error = failed(code);
    expect(error).toMatchObject({ kind: "signed_out", detail: null, claims: "claims" });
    expect(rowOf(viewOf(null, [{ type: "failed", error, by: "person" }]))).toEqual([
      "Not signed in",
      "Sign in to see the status of this mail",
      "Sign in",
      "",
    ]);
  });

  test.each(["popup_window_error", "empty_window_error", "block_nested_popups"])(
    "says after %s how to allow the window",
    (code) => {
      expect(rowOf(viewOf(null, [{ type: "failed", error: failed(code), by: "person" }]))).toEqual([
        "Sign-in window blocked",
        "The browser blocked it. Allow pop-ups for this page, then sign in again.",
        "Sign in",
        "",
      ]);
    },
  );

  test("is offline without a network", () => {
    expect(failed("no_network_connectivity").kind).toBe("offline");
  });

  test.each([
    ["invalid_client", "invalid_client"],
    ["", "unknown"],
  ])("names the code for the administrator after another cause: %s", (code, detail) => {
    expect(failed(code)).toMatchObject({ kind: "refused", detail });
  });

  test.each([null, undefined, "no", new Error("no")])("accepts any thrown value: %s", (e) => {
    expect(signInError(e, null)).toMatchObject({ kind: "refused", detail: "unknown" });
  });
});
