import { describe, expect, test } from "vitest";

import { signInFailure } from "../src/sign_in_errors.ts";
import { row, shown } from "./view_harness.ts";

const failed = (errorCode: string) => signInFailure({ errorCode }, "claims");

describe("a sign-in that did not come to its end", () => {
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
  ])("is no error after %s: the pane asks again, for the same", (code) => {
    const trouble = failed(code);
    expect(trouble).toMatchObject({ kind: "signed_out", detail: null, claims: "claims" });
    expect(row(shown(null, [{ type: "failed", trouble, by: "act" }]))).toEqual([
      "Not signed in",
      "Sign in to see where this mail stands",
      "Sign in",
      "",
    ]);
  });

  test.each(["popup_window_error", "empty_window_error", "block_nested_popups"])(
    "after %s says how to let the window open",
    (code) => {
      expect(row(shown(null, [{ type: "failed", trouble: failed(code), by: "act" }]))).toEqual([
        "No window for signing in",
        "The browser blocked it. Allow pop-ups for this page, then sign in again.",
        "Sign in",
        "",
      ]);
    },
  );

  test("without a network is a matter of the network", () => {
    expect(failed("no_network_connectivity").kind).toBe("offline");
  });

  test.each([
    ["invalid_client", "invalid_client"],
    ["", "unknown"],
  ])("for another cause gives the administrator its code: %s", (code, detail) => {
    expect(failed(code)).toMatchObject({ kind: "refused", detail });
  });

  test.each([null, undefined, "no", new Error("no")])("is told of whatever was thrown: %s", (e) => {
    expect(signInFailure(e, null)).toMatchObject({ kind: "refused", detail: "unknown" });
  });
});
