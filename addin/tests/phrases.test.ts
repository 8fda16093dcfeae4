import { describe, expect, test } from "vitest";

import type { Phrase } from "../src/api_models.ts";
import { AddinError } from "../src/errors.ts";
import { saidText } from "../src/phrases.ts";
import { errorTexts } from "../src/view_model_status.ts";
import { textsIn } from "./fixtures.ts";

const said = (key: string, values: Phrase["values"] = {}) => ({
  detail: "In English",
  phrase: { key, values },
});

describe("a sentence of the server's own", () => {
  test.each([
    ["da", said("too_large", { size: "25.1", limit: "25" }), "25,1 MB, mere end 25 MB"],
    ["de", said("too_large", { size: "25.1", limit: "25" }), "25,1 MB, mehr als 25 MB"],
    [
      "fi",
      said("too_large", { size: "25.1", limit: "25", file: "kuva.zip" }),
      "kuva.zip (25,1 Mt, enemmän kuin 25 Mt)",
    ],
    ["da", said("colleague"), "Det er en kollegas adresse"],
    [
      "da",
      said("answered_text", { status: "400", text: "PersonTitle is too long" }),
      "webCRM svarede 400: »PersonTitle is too long«",
    ],
    ["da", said("answered_text", { status: "400", text: "1234" }), "webCRM svarede 400: »1234«"],
    ["da", said("opportunity_kept", { setting: "X", reason: "no" }), /indstillingen X\. \(no\)$/],
  ])("is said in %s", (language, one, text) => {
    expect(saidText(one, textsIn(language))).toMatch(text);
  });

  test.each([
    { detail: "400: ActivityDescription is too long", phrase: null },
    { detail: "400: ActivityDescription is too long" },
    { ...said("of_a_newer_server"), detail: "400: ActivityDescription is too long" },
  ])("differs from the words of webCRM, which stay as they are", (one) => {
    expect(saidText(one, textsIn("da"))).toBe("400: ActivityDescription is too long");
  });

  test("is nothing without words", () => {
    expect(saidText({ detail: null }, textsIn("da"))).toBe("");
  });

  test.each(["conflict", "invalid"] as const)("explains an error: %s", (kind) => {
    const { detail, phrase } = said("paused");
    const error = new AddinError(kind, detail, null, null, null, phrase);
    const { line } = errorTexts(error, { texts: textsIn("da"), folderName: "webCRM sync" });
    expect(line).toMatch(/^Synkroniseringen af postkassen er sat på pause\./);
  });
});
