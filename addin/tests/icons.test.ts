import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { draw, SIZES } from "../assets/drawings.mjs";
import { contrast } from "../src/theme.ts";

const FOLDER = new URL("../assets/public/icons/", import.meta.url);
/** The colours of Outlook's ribbon behind an icon: light, grey, dark, black. */
const RIBBONS = ["#ffffff", "#f3f2f1", "#292929", "#000000"];
/** The contrast that a drawing needs. Source: WCAG 2.2, 1.4.11. */
const SEEN = 3;

const named = Object.entries(SIZES).flatMap(([name, sizes]) =>
  sizes.map((size) => ({ name, size })),
);

/** The most frequent colour of the opaque pixels. */
function mainColour(pixels: Buffer): string {
  const counts = new Map<string, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = `#${pixels.toString("hex", at, at + 3)}`;
    counts.set(colour, (counts.get(colour) ?? 0) + (pixels[at + 3] === 255 ? 1 : 0));
  }
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
}

/** The share of pixels that differ clearly between two drawings. */
function difference(one: Buffer, other: Buffer): number {
  let differing = 0;
  for (let at = 0; at < one.length; at += 4) {
    const channels = [0, 1, 2, 3].map((n) => Math.abs((one[at + n] ?? 0) - (other[at + n] ?? 0)));
    differing += Math.max(...channels) > 64 ? 1 : 0;
  }
  return differing / (one.length / 4);
}

test("there is exactly one file for each icon and size", () => {
  const wanted = named.map(({ name, size }) => `${name}-${size}.png`);
  expect(readdirSync(FOLDER).toSorted()).toEqual(wanted.toSorted());
});

test.each(named)("$name-$size.png matches its drawing", ({ name, size }) => {
  expect(readFileSync(new URL(`${name}-${size}.png`, FOLDER))).toEqual(draw(name, size).asPng());
});

test.each(SIZES.sync)("at %i pixels the two buttons look different", (size) => {
  expect(difference(draw("sync", size).pixels, draw("pane", size).pixels)).toBeGreaterThan(0.25);
});

describe.each(RIBBONS)("on %s", (ribbon) => {
  test.each(named)("$name-$size.png is visible", ({ name, size }) => {
    expect(contrast(mainColour(draw(name, size).pixels), ribbon)).toBeGreaterThan(SEEN);
  });
});
