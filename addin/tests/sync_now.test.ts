import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { MailState } from "../src/api_models.ts";
import { AddinError } from "../src/errors.ts";
import type { Selection } from "../src/selection.ts";
import { syncNow } from "../src/sync_now.ts";
import { mail, mailState, textsIn } from "./fixtures.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Runs the command; the API gives these answers in turn, and repeats the last one. */
async function run(answers: (MailState | AddinError)[], selection: Selection = mail("1")) {
  const notes: string[] = [];
  let asked = 0;
  let signIns = 0;
  let announcements = 0;
  const next = async () => {
    const given = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (given === undefined || given instanceof AddinError) {
      throw given;
    }
    return given;
  };
  const running = syncNow({
    folderName: "webCRM sync",
    host: { selection: () => selection, showNote: (text) => void notes.push(text) },
    api: { sync: next, state: next },
    auth: { signIn: async () => void (signIns += 1) },
    channel: { announceChange: () => void (announcements += 1) },
    texts: textsIn("en-GB"),
    timeoutMs: 5_000,
  });
  await vi.advanceTimersByTimeAsync(10_000);
  await running;
  return { notes, asked, signIns, announcements };
}

test("the note says that the mail is on its way, then where it is filed", async () => {
  const { notes, announcements } = await run([
    mailState("on_its_way"),
    mailState("on_its_way"),
    mailState("synced"),
  ]);
  expect(announcements).toBe(1);
  expect(notes).toEqual(["On its way to webCRM", "In webCRM under Harbour Logistics"]);
});

test("the note says what a waiting mail waits for", async () => {
  const { notes } = await run([mailState("waiting")]);
  expect(notes.at(-1)).toMatch(/^Waiting for a contact\. /);
});

test("the note stays as it is for a mail that takes too long", async () => {
  const { notes, asked } = await run([mailState("on_its_way")]);
  expect(notes.at(-1)).toBe("On its way to webCRM");
  expect(asked).toBeLessThan(20);
});

test("a signed-out person signs in once, and the sync continues", async () => {
  const { notes, signIns } = await run([new AddinError("signed_out"), mailState("synced")]);
  expect(signIns).toBe(1);
  expect(notes.at(-1)).toBe("In webCRM under Harbour Logistics");
});

test("the note says what failed", async () => {
  const { notes } = await run([new AddinError("away")]);
  expect(notes.at(-1)).toMatch(/^No answer\. /);
});

test("without a selected mail nothing happens", async () => {
  const { notes, asked } = await run([mailState("synced")], { kind: "none" });
  expect([notes, asked]).toEqual([[], 0]);
});
