import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { contrast, FAINTEST, appearanceFor } from "../src/theme.ts";
import { tokenSheet } from "../tokens.ts";

const CSS = tokenSheet() + readFileSync(new URL("../taskpane/pane.css", import.meta.url), "utf8");
/** The last value of each custom property, by name. */
const VALUES = new Map(
  [...CSS.matchAll(/--([\w-]+): (.*);/g)].map(([, name = "", value = ""]) => [name, value]),
);

function colours(name: string): { light: string; dark: string } {
  const value = VALUES.get(name) ?? "";
  const [, other] = /^var\(--([\w-]+)\)$/.exec(value) ?? [];
  if (other) {
    return colours(other);
  }
  const [light, dark = light] = value.match(/#\w{6}/g) ?? [];
  if (!light || !dark) {
    throw new Error(`there is no colour ${name}`);
  }
  return { light, dark };
}

function theme(background: string) {
  return { background, foreground: "#000000" };
}

test("contrast is the ratio of the standard", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

describe.each(["light", "dark"] as const)("in the %s scheme", (scheme) => {
  test.each(["text", "faint", "accent", "good", "busy", "bad"])("%s can be read", (name) => {
    const ground = colours("background")[scheme];
    expect(contrast(colours(name)[scheme], ground)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["accent-fill", "colorBrandBackgroundHover", "colorBrandBackgroundPressed"])(
    "a white word on %s can be read",
    (name) => {
      expect(contrast("#ffffff", colours(name)[scheme])).toBeGreaterThanOrEqual(4.5);
    },
  );

  test("no text has less contrast than the one that decides about Outlook's background", () => {
    const ground = colours("background")[scheme];
    const texts = ["text", "faint", "accent", "good", "busy", "bad"].map((name) =>
      contrast(colours(name)[scheme], ground),
    );
    expect(Math.min(...texts)).toBeCloseTo(contrast(FAINTEST[scheme], ground));
  });

  test("text on a notice and on a raised surface can be read", () => {
    for (const name of ["bad-fill", "raised", "pressed"]) {
      expect(contrast(colours("text")[scheme], colours(name)[scheme])).toBeGreaterThan(4.5);
    }
  });
});

describe("Outlook's colours", () => {
  test.each([
    ["#ffffff", "light", "#ffffff"],
    ["#1f1f1f", "dark", "#1f1f1f"],
    ["#faf9f8", "light", "#faf9f8"],
    ["#000000", "dark", "#000000"],
    // The dark grey theme of classic Outlook: no text of the pane is readable on it.
    ["#6a6a6a", "dark", null],
  ])("%s is %s, and is used if all text on it is readable", (background, scheme, kept) => {
    expect(appearanceFor(theme(background))).toEqual({ scheme, background: kept });
  });

  test.each([null, theme(""), theme("white"), theme("#fff")])("%j is ignored", (given) => {
    expect(appearanceFor(given)).toBeNull();
  });
});
