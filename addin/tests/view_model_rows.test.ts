import { describe, expect, test } from "vitest";

import { mailState } from "./fixtures.ts";
import type { MailState } from "../src/api_models.ts";
import { rowOf, viewOf } from "./view_harness.ts";

describe("each row of the status table", () => {
  const rows: [string, (string | null)[]][] = [
    [
      "known",
      [
        "Not in webCRM yet",
        "Will be filed under Harbour Logistics (Purchasing)",
        "Sync to webCRM",
        "",
      ],
    ],
    [
      "known_two",
      [
        "Not in webCRM yet",
        "Will be filed under Harbour Logistics and 1 more",
        "Sync to webCRM",
        "",
      ],
    ],
    [
      "nobody",
      [
        "Not in webCRM yet",
        "None of its addresses is a contact in webCRM",
        "Create contact and sync",
        "Sync to webCRM / Choose Organisation",
      ],
    ],
    [
      "several",
      [
        "Not in webCRM yet",
        "Which customer is this about?",
        "Sync to webCRM (not ready)",
        "Choose Organisation",
      ],
    ],
    ["on_its_way", ["On its way to webCRM", "Usually 3\u00a0s", null, ""]],
    ["synced", ["In webCRM", "Under Harbour Logistics", "Open in webCRM", "Undo"]],
    ["synced_two", ["In webCRM", "Under Harbour Logistics and 1 more", "Open in webCRM", "Undo"]],
    [
      "waiting",
      [
        "Waiting for a contact",
        "Will be filed automatically once one of these is a contact in webCRM: " +
          "purchasing@harbour.example, office@harbour.example",
        "Create contact",
        "Choose Organisation",
      ],
    ],
    [
      "parked",
      [
        "Needs your decision",
        "webCRM did not accept this mail. See the details and try again.",
        "Try again",
        "",
      ],
    ],
    [
      "ambiguous",
      [
        "Needs your decision",
        "Its address belongs to several Organisations in webCRM. Choose the right one.",
        "Sync to webCRM (not ready)",
        "Choose Organisation",
      ],
    ],
    [
      "skipped",
      [
        "Not synced",
        "Was marked Synced before webCRM mail sync was set up. Left as it is.",
        null,
        "File it anyway",
      ],
    ],
    ["colleagues", ["Not synced", "Only colleagues are on this mail.", null, "File it anyway …"]],
    [
      "undone",
      [
        "Not in webCRM any more",
        "webCRM keeps an empty entry, marked as withdrawn, under Harbour Logistics: Open",
        "Sync to webCRM",
        "Choose Organisation",
      ],
    ],
    [
      "undone_two",
      [
        "Not in webCRM any more",
        "webCRM keeps empty entries, marked as withdrawn, under Harbour Logistics: Open, " +
          "Mill & Sons Paper Company of the North: Open",
        "Sync to webCRM",
        "Choose Organisation",
      ],
    ],
    [
      "undone_pending",
      [
        "Being removed from webCRM",
        "Its entry in webCRM will be emptied in a moment: Harbour Logistics: Open",
        "Sync to webCRM",
        "Choose Organisation",
      ],
    ],
    [
      "undone_unlinked",
      [
        "Not in webCRM any more",
        "webCRM keeps an empty entry, marked as withdrawn, under Harbour Logistics",
        "Sync to webCRM",
        "Choose Organisation",
      ],
    ],
    [
      "colleague",
      [
        "In webCRM",
        "Filed by Eva Lund under Harbour Logistics; this copy is not marked",
        "Open in webCRM",
        "Mark this copy too",
      ],
    ],
    [
      "colleague_unnamed",
      [
        "In webCRM",
        "Filed by a colleague under Harbour Logistics and 1 more; this copy is not marked",
        "Open in webCRM",
        "",
      ],
    ],
    [
      "colleague_waits",
      [
        "Not in webCRM yet",
        "None of its addresses is a contact in webCRM",
        "Create contact and sync",
        "Sync to webCRM / Choose Organisation",
      ],
    ],
    ["mirrored", ["Sent from webCRM", "Under Harbour Logistics", "Open in webCRM", ""]],
    ["draft", ["Not sent yet", "Can be synced once it is sent", null, ""]],
  ];
  test.each(rows)("%s", (name, expected) => {
    expect(rowOf(viewOf(mailState(name)))).toEqual(expected);
  });
});

test("the progress of a colleague's copy is a footnote", () => {
  expect(viewOf(mailState("colleague_waits")).status.footnote).toBe(
    "Synced by Eva Lund, waiting for a contact",
  );
});

test("a withdrawn entry has a link with the Organisation's name", () => {
  const links = viewOf(mailState("undone_two")).status.line.flatMap(({ link }) => link ?? []);
  expect(links).toEqual([
    { to: "https://webcrm.example/organisation/7", name: "Open Harbour Logistics in webCRM" },
    {
      to: "https://webcrm.example/organisation/7",
      name: "Open Mill & Sons Paper Company of the North in webCRM",
    },
  ]);
});

test("a link that is no web address is not offered", () => {
  const [entry] = mailState("undone").withdrawn ?? [];
  const withdrawn = entry ? [{ ...entry, link: "javascript:alert(1)" }] : [];
  const { line } = viewOf(mailState("undone", { withdrawn })).status;
  expect(line.filter(({ link }) => link)).toEqual([]);
});

test("the answer of an older server is shown without the new rows", () => {
  const { withdrawn: _, elsewhere: __, ...older } = mailState("known");
  expect(rowOf(viewOf(older as MailState))[0]).toBe("Not in webCRM yet");
});
