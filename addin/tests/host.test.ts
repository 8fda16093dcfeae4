import { beforeEach, describe, expect, test, vi } from "vitest";

import { registerCommand, connect } from "../src/host.ts";

const me = { emailAddress: "Me@company.example", displayName: "Me" };
const purchasing = { emailAddress: "purchasing@harbour.example", displayName: "Purchasing" };
const received = {
  itemType: "message",
  itemId: "AAMk1",
  internetMessageId: "<1@harbour.example>",
  subject: "Offer",
  from: purchasing,
  to: [me],
};

/** Installs an Office.js with this item, and records the calls to it. */
function outlook(
  item: object | null,
  more: { host?: string | null; platform?: string; sets?: boolean } = {},
) {
  const done = {
    notes: [] as { message: string }[],
    removed: [] as string[],
    commands: {} as Record<string, (event: object) => Promise<void>>,
  };
  const { host = "Outlook", platform = "OfficeOnline", sets = false } = more;
  const notificationMessages = {
    replaceAsync: (_: string, note: { message: string }) => void done.notes.push(note),
    removeAsync: (key: string) => void done.removed.push(key),
  };
  Object.assign(globalThis, {
    Office: {
      HostType: { Outlook: "Outlook" },
      AsyncResultStatus: { Succeeded: "succeeded" },
      CoercionType: { Text: "text" },
      PlatformType: { iOS: "iOS", Android: "Android" },
      MailboxEnums: {
        ItemType: { Message: "message" },
        ItemNotificationMessageType: { InformationalMessage: "informationalMessage" },
      },
      onReady: async () => ({ host }),
      actions: {
        associate: (name: string, run: (event: object) => Promise<void>) => {
          done.commands[name] = run;
        },
      },
      context: {
        displayLanguage: "da-DK",
        platform,
        requirements: { isSetSupported: () => sets },
        mailbox: {
          userProfile: { emailAddress: "me@company.example" },
          item: item && { notificationMessages, ...item },
        },
      },
    },
  });
  return done;
}

async function selection(item: object | null, more = {}) {
  outlook(item, more);
  return (await connect())?.selection();
}

describe("what is selected", () => {
  test("is a mail with its sender", async () => {
    expect(await selection(received)).toEqual({
      kind: "mail",
      mail: {
        ref: { itemId: "AAMk1", idType: "ews", messageId: "<1@harbour.example>" },
        subject: "Offer",
        who: "Purchasing",
        isSent: false,
        at: null,
        attachments: [],
      },
    });
  });

  test("names its files, and no picture of its text", async () => {
    const attachments = [
      { name: "offer.pdf", size: 48_000, isInline: false },
      { name: "logo.png", size: 4000, isInline: true },
    ];
    expect(await selection({ ...received, attachments })).toMatchObject({
      mail: { attachments: [{ name: "offer.pdf", size: 48_000 }] },
    });
  });

  test("is a mail with its first recipient if the person sent it", async () => {
    const sent = { ...received, from: me, to: [purchasing], internetMessageId: undefined };
    expect(await selection(sent)).toMatchObject({
      mail: { who: "Purchasing", isSent: true, ref: { messageId: null } },
    });
  });

  test("has a REST id on a phone", async () => {
    const found = await selection(received, { platform: "iOS" });
    expect(found).toMatchObject({ mail: { ref: { idType: "rest" } } });
  });

  test.each(["", null, undefined])("has no id in Outlook for Mac: %j", async (itemId) => {
    expect(await selection({ ...received, itemId })).toMatchObject({
      kind: "mail",
      mail: { ref: { itemId: "", messageId: "<1@harbour.example>" } },
    });
  });

  test.each([
    ["nothing, between two mails", null, "none"],
    ["an appointment", { itemType: "appointment" }, "other"],
    ["a mail being written", { itemType: "message", subject: {} }, "draft"],
    ["a draft without a name", { ...received, itemId: null, internetMessageId: "" }, "draft"],
  ])("can be %s", async (_, item, kind) => {
    expect(await selection(item)).toEqual({ kind });
  });
});

describe("a shared mail", () => {
  const shared = async (getShared: ((done: (result: object) => void) => void) | undefined) => {
    outlook({ ...received, getSharedPropertiesAsync: getShared }, { sets: true });
    return (await connect())?.isShared();
  };

  test("is one for which Outlook has shared properties", async () => {
    expect(await shared((done) => done({ status: "succeeded" }))).toBe(true);
  });

  test.each([
    ["an error", (done: (result: object) => void) => done({ status: "failed" })],
    ["nothing, in an older Outlook", undefined],
    [
      "what breaks",
      () => {
        throw new Error("broken");
      },
    ],
  ])("is not one for which Outlook answers with %s", async (_, getShared) => {
    expect(await shared(getShared)).toBe(false);
  });

  test("counts as not shared after two seconds", async () => {
    vi.useFakeTimers();
    const answer = shared(() => undefined);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await answer).toBe(false);
    vi.useRealTimers();
  });
});

test("outside Outlook there is no host", async () => {
  outlook(null, { host: null });
  expect(await connect()).toBeNull();
});

describe("the note on the mail", () => {
  test("is cut to the length that Outlook accepts", async () => {
    const done = outlook(received);
    (await connect())?.showNote("x".repeat(200));
    expect(done.notes.map((note) => note.message)).toEqual([`${"x".repeat(149)}…`]);
  });

  test("is cleared on the mail that is selected then", async () => {
    outlook(null);
    const host = await connect();
    const done = outlook(received);
    host?.clearNote();
    expect(done.removed).toEqual(["webcrm"]);
  });

  test("is skipped while no mail is selected", async () => {
    const done = outlook(null);
    const host = await connect();
    host?.showNote("On its way");
    host?.clearNote();
    expect([done.notes, done.removed]).toEqual([[], []]);
  });
});

describe("a command", () => {
  let completed = 0;
  beforeEach(() => void (completed = 0));
  const event = { completed: () => void (completed += 1) };

  test("reports its end to Outlook", async () => {
    const done = outlook(received);
    registerCommand("syncNow", async () => undefined);
    await done.commands["syncNow"]?.(event);
    expect(completed).toBe(1);
  });

  test("reports its end to Outlook after an error", async () => {
    const done = outlook(received);
    registerCommand("syncNow", () => Promise.reject(new Error("broken")));
    await expect(done.commands["syncNow"]?.(event)).rejects.toThrow("broken");
    expect(completed).toBe(1);
  });
});

describe("the text of the mail", () => {
  const textOf = async (body: object | undefined) => {
    outlook(body ? { ...received, body } : received);
    return (await connect())?.bodyText();
  };

  test("is what Outlook says", async () => {
    const getAsync = (_: string, done: (result: object) => void) =>
      done({ status: "succeeded", value: "Hello" });
    expect(await textOf({ getAsync })).toBe("Hello");
  });

  test.each<[string, object | undefined]>([
    [
      "refuses",
      { getAsync: (_: string, done: (result: object) => void) => done({ status: "failed" }) },
    ],
    [
      "throws",
      {
        getAsync: () => {
          throw new Error("not now");
        },
      },
    ],
    ["has none", undefined],
  ])("is empty if Outlook %s", async (_, body) => {
    expect(await textOf(body)).toBe("");
  });

  test("is empty if Outlook never answers", async () => {
    vi.useFakeTimers();
    const text = textOf({ getAsync: () => undefined });
    await vi.advanceTimersByTimeAsync(5000);
    expect(await text).toBe("");
    vi.useRealTimers();
  });
});
