import { describe, expect, test } from "vitest";

import type { MailState } from "../src/api_models.ts";
import type { Attachment } from "../src/selection.ts";
import { mail, mailState } from "./fixtures.ts";
import { viewOf } from "./view_harness.ts";

type Stored = NonNullable<MailState["along"]>;

const BEFORE = mailState("known").along as Stored;
const SMALL: Attachment = { name: "offer.pdf", size: 48_000 };

function alongOf(along: Partial<Stored>, attachments: Attachment[]) {
  const state = mailState("known", { along: { ...BEFORE, ...along } });
  return viewOf(state, [], mail("1", { attachments })).along;
}

function filesOf(along: Partial<Stored>, attachments: Attachment[]) {
  return alongOf(along, attachments)?.files.map(({ name, note, isTaken, isReady }) => [
    name,
    note,
    isTaken,
    isReady,
  ]);
}

describe("the files before the sync", () => {
  test("are Outlook's own, each with a tick as the settings say", () => {
    expect(filesOf({}, [SMALL])).toEqual([["offer.pdf", "48 kB", true, true]]);
    expect(filesOf({ wantedFiles: [] }, [SMALL])).toEqual([["offer.pdf", "48 kB", false, true]]);
    expect(alongOf({ wantedFiles: [] }, [SMALL])?.facts).toBe("Whole text, 0 of 1 attachment");
  });

  test("keep the ticks that somebody has left before", () => {
    const files = [SMALL, { name: "Pläne.pdf".normalize("NFD"), size: 1000 }];
    const chosen = { text: "none", wantedFiles: ["Pläne.pdf".normalize("NFC")] } as const;
    const along = { ...chosen, wantedFiles: [...chosen.wantedFiles] };
    expect(filesOf(along, files)?.map(([, , isTaken]) => isTaken)).toEqual([false, true]);
    expect(alongOf(along, files)?.facts).toBe("No text, 1 of 2 attachments");
    expect(alongOf(along, files)?.texts[0]?.along.files).toEqual([files[1]?.name]);
  });

  test("of the same name share one tick", () => {
    expect(filesOf({}, [SMALL, { ...SMALL, size: 52_000 }])).toEqual([
      ["offer.pdf", "2 files with this name · 100 kB", true, true],
    ]);
  });

  test("are not there on a mail without any", () => {
    expect(alongOf({}, [])).toMatchObject({ facts: "Whole text", files: [] });
  });
});

describe("the files of a filed mail", () => {
  const files: Stored["files"] = [
    { name: "offer.pdf", size: 48_000, isTaken: true, leftOut: null, phrase: null },
    {
      name: "drawings.zip",
      size: 52e6,
      isTaken: false,
      leftOut: "52 MB, more than 25 MB",
      phrase: { key: "too_large", values: { size: "52", limit: "25" } },
    },
    { name: "", size: 900, isTaken: false, leftOut: "not_chosen", phrase: null },
  ];
  const outlooks = [SMALL, { name: "drawings.zip", size: 52e6 }, { name: "notes.docx", size: 900 }];

  test("stay if they are in webCRM, and can follow if somebody left them out", () => {
    expect(filesOf({ files }, outlooks)).toEqual([
      ["offer.pdf", "48 kB", true, false],
      ["drawings.zip", "52 MB, more than 25 MB", false, false],
      ["notes.docx", "1 kB", false, true],
    ]);
  });

  test("are those that the server knows where Outlook names none", () => {
    expect(filesOf({ files }, [])?.map(([name]) => name)).toEqual(["offer.pdf", "drawings.zip"]);
  });

  test("do not follow with the text where Outlook names none", () => {
    const whole = alongOf({ text: "new", files }, [])?.texts.find(
      ({ along }) => along.text === "whole",
    );
    expect(whole?.along).toEqual({ text: "whole", files: ["offer.pdf"] });
    expect(alongOf({ wantedFiles: [] }, [])?.texts[1]?.along.files).toEqual([]);
    expect(alongOf({}, [])?.texts[1]?.along.files).toBeNull();
    expect(alongOf({ wantedFiles: ["a.pdf"] }, [])?.texts[1]?.along.files).toEqual(["a.pdf"]);
  });

  test("are found by name although a Mac writes accents in two pieces", () => {
    const stored = [
      {
        name: "Måltegning.pdf".normalize("NFC"),
        size: 1,
        isTaken: true,
        leftOut: null,
        phrase: null,
      },
    ];
    const decomposed = { name: "Måltegning.pdf".normalize("NFD"), size: 1 };
    expect(filesOf({ files: stored }, [decomposed])?.[0]?.[2]).toBe(true);
  });

  test("cannot follow if nothing can be changed", () => {
    const view = alongOf({ files, canChange: false }, outlooks);
    expect(view?.files.some(({ isReady }) => isReady)).toBe(false);
    expect(view?.texts.some(({ isReady }) => isReady)).toBe(false);
  });
});

test("a server that says nothing of it shows no choice", () => {
  expect(viewOf(mailState("known", { along: null })).along).toBeNull();
});
