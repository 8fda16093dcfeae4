import { fileURLToPath } from "node:url";

import { webDarkTheme, webLightTheme } from "@fluentui/tokens";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, test } from "vitest";

import { tokenSheet, usedIn } from "../tokens.ts";

const ADDIN = fileURLToPath(new URL("..", import.meta.url));
/** Set only by the pane's script, and used with a fallback. */
const SET_BY_SCRIPT = ["--outlook-background:"];
const LIGHT_AND_DARK = /light-dark\(([^,()]+(?:\([^)]*\))?), ([^,()]+(?:\([^)]*\))?)\)/g;

let files: Rolldown.RolldownOutput["output"];

function styles(): string {
  return files
    .filter((file) => file.type === "asset" && file.fileName.endsWith(".css"))
    .map((file) => String(file.type === "asset" && file.source))
    .join("\n");
}

/** The texts of the built pane: its styles, and its scripts, which hold the components' styles. */
function texts(): string[] {
  return [...files.map((file) => (file.type === "chunk" ? file.code : "")), styles()];
}

function definedIn(text: string): Set<string> {
  return new Set([...text.matchAll(/(--[\w-]+):/g)].map(([, name = ""]) => name));
}

beforeAll(async () => {
  const options = { root: ADDIN, logLevel: "silent", build: { write: false } } as const;
  ({ output: files } = (await build(options)) as Rolldown.RolldownOutput);
});

test("every token that the bundled components and the pane's styles use is defined", () => {
  const used = usedIn(texts());
  expect(used.size).toBeGreaterThan(60);
  const defined = definedIn([...texts(), ...SET_BY_SCRIPT].join("\n"));
  expect([...used].filter((name) => !defined.has(name))).toEqual([]);
});

test("no unused token is shipped", () => {
  const used = usedIn(texts());
  expect([...definedIn(styles())].filter((name) => !used.has(name))).toEqual([]);
});

describe.each([
  ["light", webLightTheme, "$1"],
  ["dark", webDarkTheme, "$2"],
])("in the %s scheme", (_, theme, which) => {
  test("the sheet gives every token the value that Fluent gives it", () => {
    const sheet = tokenSheet().replace(LIGHT_AND_DARK, which);
    const given = [...sheet.matchAll(/--(\w+): (.*);/g)].map(([, name, value]) => [name, value]);
    const wanted = Object.entries(theme).map(([name, value]) => [name, String(value)]);
    expect(Object.fromEntries(given)).toEqual(Object.fromEntries(wanted));
  });
});

test("a token whose schemes differ in more than colours is refused", () => {
  const [light, dark] = [
    { ...webLightTheme, shadow2: "0 1px 2px #000000" },
    { ...webDarkTheme, shadow2: "0 2px 4px #000000" },
  ];
  expect(() => tokenSheet(light, dark)).toThrow("differ in more than colours");
});
