/** A Vite plugin that defines Fluent's design tokens, so that no component misses one. */

import { type Theme, webDarkTheme, webLightTheme } from "@fluentui/tokens";
import type { Plugin, Rolldown } from "vite";

const SHEET = "virtual:fluent-tokens.css";
const COLOUR = /#[0-9a-f]{3,8}\b|rgba?\([^)]*\)|transparent/g;
const DECLARATION = /(--[\w-]+):([^;{}]*)(;|(?=\}))/g;
const USE = /var\(\s*(--[\w-]+)/g;

/** Provides all tokens as `virtual:fluent-tokens.css`, and ships only those that are used. */
export function fluentTokens(): Plugin {
  return {
    name: "fluent-tokens",
    resolveId: (id) => (id === SHEET ? `\0${SHEET}` : null),
    load: (id) => (id === `\0${SHEET}` ? tokenSheet() : null),
    generateBundle: {
      order: "post",
      handler: (_, bundle) => Object.values(bundle).forEach((file) => prune(file, bundle)),
    },
  };
}

/** A style sheet of all tokens, each with its value in the light and in the dark scheme. */
export function tokenSheet(light: Theme = webLightTheme, dark: Theme = webDarkTheme): string {
  const names = Object.keys(light) as (keyof Theme)[];
  const lines = names.map(
    (name) => `--${name}: ${bothSchemes(String(light[name]), String(dark[name]))};`,
  );
  return `:root {\n${lines.join("\n")}\n}\n`;
}

/** One value for both schemes; throws if they differ in more than colours. */
function bothSchemes(light: string, dark: string): string {
  if (light.replace(COLOUR, "") !== dark.replace(COLOUR, "")) {
    throw new Error(`the schemes differ in more than colours: ${light} and ${dark}`);
  }
  const others = dark.match(COLOUR) ?? [];
  return light.replace(COLOUR, (colour) => {
    const other = others.shift() ?? colour;
    return colour === other ? colour : `light-dark(${colour}, ${other})`;
  });
}

/** The names of the custom properties that these scripts and styles read. */
export function usedIn(texts: string[]): Set<string> {
  return new Set(texts.flatMap((text) => [...text.matchAll(USE)].map(([, name = ""]) => name)));
}

/** Removes unused tokens, again and again: a removed one may be the only use of another. */
function prune(file: Rolldown.OutputAsset | Rolldown.OutputChunk, bundle: Rolldown.OutputBundle) {
  if (file.type !== "asset" || !file.fileName.endsWith(".css")) {
    return;
  }
  const others = Object.values(bundle).filter((one) => one !== file);
  let [before, after] = ["", String(file.source)];
  while (before !== after) {
    before = after;
    const used = usedIn([before, ...others.map(textOf)]);
    after = before.replace(DECLARATION, (line, name: string) => (used.has(name) ? line : ""));
  }
  file.source = after;
}

function textOf(file: Rolldown.OutputAsset | Rolldown.OutputChunk): string {
  return file.type === "chunk" ? file.code : String(file.source);
}
