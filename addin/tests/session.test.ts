import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { AddinError } from "../src/errors.ts";
import { mail, mailState } from "./fixtures.ts";
import { createSession, openSession } from "./session_harness.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HARBOUR = { id: 7, name: "Harbour Logistics", reason: null };

describe("a new selection", () => {
  test("drops the answer for the mail before", async () => {
    const { session, calls, outlook, sentence } = createSession();
    session.open();
    outlook.selection = mail("2");
    session.followSelection();
    await calls[1]?.answer(mailState("waiting"));
    await calls[0]?.answer(mailState("synced"));
    expect(sentence()).toBe("Waiting for a contact");
    expect(calls[0]?.signal?.aborted).toBe(true);
  });

  test("without an event makes a click change neither mail", async () => {
    const { controller, calls, outlook, views } = await openSession("known");
    outlook.selection = mail("2");
    controller.handle({ type: "click", button: "sync" });
    expect(calls.map((call) => [call.name, call.mail.itemId])).toEqual([
      ["state", "1"],
      ["state", "2"],
    ]);
    expect(views.at(-1)?.status.primary).toBeNull();
  });

  test("of nothing loads nothing", async () => {
    const { session, calls, outlook, sentence } = await openSession("known");
    outlook.selection = { kind: "none" };
    session.followSelection();
    expect(sentence()).toBe("Select one mail");
    expect(calls).toHaveLength(1);
  });

  test("is loaded once if Outlook reports it twice", async () => {
    const { session, calls, outlook } = await openSession("known");
    outlook.selection = mail("2");
    session.followSelection();
    session.followSelection();
    expect(calls).toHaveLength(2);
  });
});

describe("a click", () => {
  test("sends one request, even if it is repeated", async () => {
    const { controller, calls } = await openSession("known");
    controller.handle({ type: "click", button: "sync" });
    controller.handle({ type: "click", button: "sync" });
    expect(calls.map((call) => call.name)).toEqual(["state", "sync"]);
  });

  test("is polled for until nothing is under way", async () => {
    const { controller, calls, lastCall, sentence } = await openSession("known");
    controller.handle({ type: "click", button: "sync" });
    await lastCall().answer(mailState("on_its_way"));
    await vi.advanceTimersByTimeAsync(300);
    await lastCall().answer(mailState("synced"));
    expect(sentence()).toBe("In webCRM");
    expect(calls).toHaveLength(3);
  });

  test("is announced to the other pages", async () => {
    const { controller, lastCall, outlook } = await openSession("known");
    expect(outlook.announcements).toBe(0);
    controller.handle({ type: "click", button: "sync" });
    await lastCall().answer(mailState("on_its_way"));
    expect(outlook.announcements).toBe(1);
  });

  test("that is refused does not stop the polls", async () => {
    const { controller, lastCall, calls } = await openSession("known");
    controller.handle({ type: "click", button: "sync" });
    await lastCall().fail(new AddinError("conflict"));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls).toHaveLength(3);
  });

  test("is not overwritten by an older poll", async () => {
    const { controller, lastCall, calls, sentence } = await openSession("on_its_way");
    await vi.advanceTimersByTimeAsync(300);
    const poll = lastCall();
    controller.handle({ type: "click", button: "retry" });
    await lastCall().answer(mailState("synced"));
    await poll.answer(mailState("waiting"));
    expect(calls).toHaveLength(3);
    expect(sentence()).toBe("In webCRM");
  });

  test("shows a spinner only when the answer takes long", async () => {
    const { session, views } = createSession();
    session.open();
    await vi.advanceTimersByTimeAsync(299);
    expect(views.some((view) => view.status.isBusy)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(views.at(-1)?.status.isBusy).toBe(true);
  });

  test("that fails adds a notice above the state", async () => {
    const { controller, lastCall, views } = await openSession("known");
    controller.handle({ type: "click", button: "sync" });
    await lastCall().fail(new AddinError("try_later"));
    expect(views.at(-1)?.notice).toMatchObject({ tone: "bad", sentence: "Busy right now" });
    expect(views.at(-1)?.status.primary?.isReady).toBe(true);
  });

  test("to sign in opens the sign-in, then loads the state", async () => {
    const { session, controller, lastCall, outlook, sentence } = createSession();
    session.open();
    await lastCall().fail(new AddinError("signed_out"));
    controller.handle({ type: "click", button: "sign_in" });
    await vi.advanceTimersByTimeAsync(0);
    await lastCall().answer(mailState("synced"));
    expect(outlook.signIns).toBe(1);
    expect(sentence()).toBe("In webCRM");
  });

  test("to sign in can be repeated, since a closed window is not reported", async () => {
    const { session, controller, lastCall, outlook, views } = createSession();
    session.open();
    await lastCall().fail(new AddinError("signed_out"));
    outlook.signedIn = new Promise(() => undefined);
    for (const times of [1, 2]) {
      controller.handle({ type: "click", button: "sign_in" });
      await vi.advanceTimersByTimeAsync(1000);
      expect(outlook.signIns).toBe(times);
      expect(views.at(-1)?.status.primary).toMatchObject({ label: "Sign in", isReady: true });
    }
  });

  test("to sign in that the person cancels leaves the pane as it was", async () => {
    const { session, controller, lastCall, outlook, views } = createSession();
    session.open();
    await lastCall().fail(new AddinError("signed_out"));
    outlook.signedIn = Promise.reject(new AddinError("signed_out"));
    controller.handle({ type: "click", button: "sign_in" });
    await vi.advanceTimersByTimeAsync(0);
    expect(views.at(-1)).toMatchObject({ notice: null, status: { sentence: "Not signed in" } });
    expect(views.at(-1)?.status.primary?.isReady).toBe(true);
  });
});

describe("a new contact", () => {
  test("is not offered again after it was created", async () => {
    const { controller, views } = await openSession("waiting");
    const offers = () => {
      const { primary, secondary } = views.at(-1)?.status ?? {};
      return [primary, ...(secondary ?? [])].map((button) => button?.name);
    };
    expect(offers()).toContain("create_contact");
    controller.handle({ type: "click", button: "create_contact" });
    controller.handle({ type: "choose_option", option: HARBOUR });
    controller.handle({ type: "type", field: "name", text: "Purchasing" });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(views.at(-1)?.panel).toBeNull();
    expect(offers()).not.toContain("create_contact");
  });

  test("of a mail that is not in webCRM yet is created and synced in one step", async () => {
    const { controller, lastCall, outlook, sentence } = await openSession("nobody");
    controller.handle({ type: "click", button: "create_contact" });
    controller.handle({ type: "choose_option", option: HARBOUR });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(0);
    expect(outlook.contacts).toMatchObject([{ organisationId: 7 }]);
    expect(lastCall().name).toBe("sync");
    await lastCall().answer(mailState("on_its_way"));
    expect(sentence()).toBe("On its way to webCRM");
  });

  test("shows how the server files the waiting mail", async () => {
    const { controller, lastCall, sentence } = await openSession("waiting");
    controller.handle({ type: "click", button: "create_contact" });
    controller.handle({ type: "choose_option", option: HARBOUR });
    controller.handle({ type: "submit" });
    await vi.advanceTimersByTimeAsync(300);
    await lastCall().answer(mailState("waiting"));
    await vi.advanceTimersByTimeAsync(300);
    await lastCall().answer(mailState("synced"));
    expect(sentence()).toBe("In webCRM");
  });

  test("without an Organisation is not submitted", async () => {
    const { controller, views } = await openSession("waiting");
    controller.handle({ type: "click", button: "create_contact" });
    controller.handle({ type: "submit" });
    expect(views.at(-1)?.panel).toMatchObject({
      kind: "contact",
      search: { error: "Choose an Organisation, or type the name of a new one" },
    });
  });
});
