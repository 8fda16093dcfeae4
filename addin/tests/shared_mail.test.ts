import { expect, test } from "vitest";

import type { Api } from "../src/api.ts";
import { AddinError, type ErrorKind } from "../src/errors.ts";
import { withSharedMailErrors } from "../src/shared_mail.ts";
import { mailState } from "./fixtures.ts";
import { rowOf, viewOf } from "./view_harness.ts";

const ref = { itemId: "AAMk1", idType: "ews" as const, messageId: null };
const { signal } = new AbortController();

async function asked(kind: ErrorKind, isShared: boolean): Promise<AddinError> {
  let questions = 0;
  const api = withSharedMailErrors(
    { state: () => Promise.reject(new AddinError(kind)) } as unknown as Api,
    {
      isShared: async () => ((questions += 1), isShared),
    },
  );
  const trouble = await api.state(ref, signal).catch((error: unknown) => error as AddinError);
  expect(questions).toBe(kind === "not_found" ? 1 : 0);
  return trouble as AddinError;
}

test("a missing mail is called shared if Outlook says so", async () => {
  const error = await asked("not_found", true);
  expect(rowOf(viewOf(null, [{ type: "failed", error, by: "poll" }]))).toEqual([
    "In a shared mailbox",
    "Shared mailboxes cannot be shown here yet. " +
      "Open the mail in your own mailbox if you have it there.",
    null,
    "",
  ]);
});

test("a missing mail is called not found if Outlook does not know it as shared", async () => {
  const error = await asked("not_found", false);
  expect(rowOf(viewOf(null, [{ type: "failed", error, by: "poll" }]))).toEqual([
    "Not found in your own mailbox",
    "Mail in shared mailboxes, archives, public folders and other accounts " +
      "cannot be shown here yet.",
    null,
    "",
  ]);
});

test("other errors stay, and Outlook is not asked", async () => {
  expect((await asked("away", true)).kind).toBe("away");
});

test("a poll that waits still waits", async () => {
  const options: unknown[] = [];
  const state = mailState("known");
  const inner = {
    state: async (_: unknown, __: unknown, given: unknown) => (options.push(given), state),
  };
  const api = withSharedMailErrors(inner as unknown as Api, { isShared: async () => false });
  expect(await api.state(ref, signal, { waits: true })).toBe(state);
  expect(options).toEqual([{ waits: true }]);
});
