import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { AddinError } from "../src/errors.ts";
import { mail, mailState } from "./fixtures.ts";
import { createSession, openSession } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const STATES = "known nobody several on_its_way synced waiting parked skipped mirrored draft".split(
  " ",
);

describe("the note of the ribbon's button", () => {
  test.each([
    ["waiting", "synced"],
    ["parked", "on_its_way"],
    ["synced", "undone"],
    ["skipped", "known"],
  ])("is cleared when the state changes: %s, then %s", async (before, after) => {
    const { lastCall, outlook } = await openSession(before);
    await vi.advanceTimersByTimeAsync(2_000);
    await lastCall().answer(mailState(before));
    expect(outlook.clearedNotes).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    await lastCall().answer(mailState(after));
    expect(outlook.clearedNotes).toBe(1);
  });

  test.each([
    ["known", "on_its_way"],
    ["on_its_way", "synced"],
    ["nobody", "waiting"],
  ])("stays while the command is running: %s, then %s", async (before, after) => {
    const { lastCall, outlook } = await openSession(before);
    await vi.advanceTimersByTimeAsync(2_000);
    await lastCall().answer(mailState(after));
    expect(outlook.clearedNotes).toBe(0);
  });

  test("is cleared although a move gave the mail a new id", async () => {
    const { session, lastCall, outlook } = await openSession("synced");
    const moved = mail("1");
    if (moved.kind === "mail") {
      moved.mail.ref.itemId = "1 in another folder";
    }
    outlook.selection = moved;
    session.followSelection();
    await lastCall().answer(mailState("undone"));
    expect(outlook.clearedNotes).toBe(1);
  });

  test("stays on another mail", async () => {
    const { session, lastCall, outlook } = await openSession("synced");
    outlook.selection = mail("2");
    session.followSelection();
    await lastCall().answer(mailState("undone"));
    expect(outlook.clearedNotes).toBe(0);
  });
});

describe("a change elsewhere", () => {
  test.each(STATES)("shows within two seconds while a mail is open: %s", async (name) => {
    const { lastCall, calls, views } = await openSession(name);
    for (let polls = 2; polls < 20; polls += 1) {
      await vi.advanceTimersByTimeAsync(2_000);
      expect(calls.length).toBe(polls);
      await lastCall().answer(mailState(name));
    }
    await vi.advanceTimersByTimeAsync(2_000);
    await lastCall().answer(mailState("synced", { by: "Somebody else" }));
    expect(views.at(-1)?.status.sentence).toBe("In webCRM");
  });

  test("is not polled for while the pane is hidden, and is at once afterwards", async () => {
    const { session, calls, outlook } = await openSession("waiting");
    outlook.isHidden = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(1);
    outlook.isHidden = false;
    session.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toHaveLength(2);
  });

  test("is polled for at once after an announcement, by one poll at a time", async () => {
    const { session, calls, lastCall } = await openSession("known");
    await vi.advanceTimersByTimeAsync(2_000);
    const waiting = lastCall();
    session.refresh();
    session.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.filter((call) => call.signal?.aborted)).toEqual([waiting]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toHaveLength(3);
  });

  test("is waited for on the server only while the pane is idle", async () => {
    const { lastCall, session } = await openSession("known");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(lastCall().waits).toBe(true);
    await lastCall().fail(new AddinError("away"));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(lastCall().waits).toBe(false);
    await lastCall().answer(mailState("on_its_way"));
    await vi.advanceTimersByTimeAsync(300);
    expect(lastCall().waits).toBe(false);
    await lastCall().answer(mailState("synced"));
    session.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(lastCall().waits).toBe(true);
  });

  test("is not waited for by a hidden pane", async () => {
    const { session, outlook, lastCall } = await openSession("known");
    await vi.advanceTimersByTimeAsync(2_000);
    outlook.isHidden = true;
    session.refresh();
    expect(lastCall().signal?.aborted).toBe(true);
  });

  test("is noticed even if Outlook raises no event for another selection", async () => {
    const { calls, outlook } = await openSession("known");
    outlook.selection = mail("2");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls.map((call) => call.mail.itemId)).toEqual(["1", "2"]);
  });

  test("keeps the typed input in every state", async () => {
    const { controller, lastCall, views } = await openSession("waiting");
    controller.handle({ type: "click", button: "create_contact" });
    controller.handle({ type: "type", field: "name", text: "Nina" });
    for (const name of ["waiting", "on_its_way", "synced"]) {
      await vi.advanceTimersByTimeAsync(2_000);
      await lastCall().answer(mailState(name));
      expect(views.at(-1)?.panel?.fields[0]?.text).toBe("Nina");
    }
  });

  test("is the server's return: mail and footer continue without a click", async () => {
    const { session, lastCall, views, sentence } = createSession();
    session.open();
    await lastCall().fail(new AddinError("away"));
    expect([sentence(), views.at(-1)?.footer?.label]).toEqual(["No answer", "Not connected"]);
    await vi.advanceTimersByTimeAsync(5_000);
    await lastCall().answer(mailState("known"));
    expect([sentence(), views.at(-1)?.footer?.label]).toEqual(["Not in webCRM yet", "Connected"]);
  });

  test("is a poll without an answer: the server is away, and is polled again", async () => {
    const { calls, views } = await openSession("known");
    await vi.advanceTimersByTimeAsync(17_000);
    expect(calls).toHaveLength(2);
    expect(calls[1]?.signal?.aborted).toBe(true);
    expect(views.at(-1)?.footer?.label).toBe("Not connected");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(calls).toHaveLength(3);
  });

  test("is polled for rarely while the person must sign in", async () => {
    const { session, calls, lastCall } = createSession();
    session.open();
    await lastCall().fail(new AddinError("signed_out"));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls).toHaveLength(2);
  });

  test("is polled for only after the Retry-After of a busy server", async () => {
    const { lastCall, calls } = await openSession("known");
    await vi.advanceTimersByTimeAsync(2_000);
    await lastCall().fail(new AddinError("try_later", null, null, 40_000));
    await vi.advanceTimersByTimeAsync(39_000);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(calls).toHaveLength(3);
  });
});

test("a pane that becomes visible polls, without a spinner", async () => {
  const { session, outlook, lastCall, calls, sentence } = await openSession("waiting");
  outlook.isHidden = true;
  session.refresh();
  expect(calls).toHaveLength(1);
  outlook.isHidden = false;
  session.refresh();
  await vi.advanceTimersByTimeAsync(0);
  await lastCall().answer(mailState("synced"));
  expect(sentence()).toBe("In webCRM");
});
