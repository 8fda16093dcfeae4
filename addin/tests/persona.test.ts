import { expect, test } from "vitest";

import { hueOf, initialsOf } from "../src/persona.ts";

test.each([
  ["Kim Nordwind", "KN"],
  ["Anna Maria de la Cruz", "AC"],
  ["Øystein Åberg (Oslo)", "ØÅ"],
  ["lagercrantz", "L"],
  ["purchasing@harbour.example", "P"],
  ["jens.p.hansen@harbour.example", "J"],
  ["王小明", "王"],
  ["𝒦im", "𝒦"],
  ["4 Seasons", "S"],
  ["112", "1"],
  ["  ", ""],
  ["", ""],
])("the initials of %j are %j", (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});

test("a name has one colour, and names have several", () => {
  const names = Array.from("abcdefghijklmnopqrstuvwxyz", (letter) => `${letter}nna Berg`);
  expect(names.map(hueOf)).toEqual(names.map(hueOf));
  expect(new Set(names.map(hueOf))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  expect(hueOf("x".repeat(10_000))).toBeGreaterThanOrEqual(0);
});
