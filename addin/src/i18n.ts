/** The texts that people see, in their language. Only that one is loaded, and English. */

import en from "../locales/en.json";

/** The key of a text in the locales, such as "synced.sentence". */
export type TextKey = keyof typeof en;
/** The key of a text with a form for each plural category, such as "foot.waiting". */
export type PluralKey = KeyOfForms<TextKey>;
type KeyOfForms<K> = K extends `${infer Key}.other` ? Key : never;
type Locale = Record<TextKey, string>;
type Values = Record<string, string | Part[]>;

/** A piece of a sentence. `isStrong`: what the reader looks for. */
export interface Part {
  text: string;
  isStrong: boolean;
  /** Where the text links to. `name`: its name for a screen reader that reads only links. */
  link?: { to: string; name: string };
}

export interface Texts {
  /** BCP 47; the language of the page, its numbers and its dates. */
  language: string;
  get(key: TextKey, values?: Record<string, string>): string;
  /** The sentence in parts, its subject strong. A value may consist of parts itself. */
  parts(key: TextKey, values: Values): Part[];
  /** The form of the text for this number, which is the value `count`. */
  plural(key: PluralKey, count: number, values?: Record<string, string>): string;
  /** The same in parts. */
  pluralParts(key: PluralKey, count: number, values: Values): Part[];
  /** The text of a key that the server names; null if there is none. */
  find(key: string): string | null;
  number(value: number): string;
  /** An amount in its currency; only the number if webCRM names no known currency. */
  money(value: number, currency: string | null): string;
  /** Bytes as kB or MB. */
  fileSize(bytes: number): string;
  duration(seconds: number): string;
  /** Only the time if `at` is today, else date and time. */
  dateTime(at: Date, now: Date): string;
}

const NORWEGIAN = () => import("../locales/no.json");
const LOADERS: Record<string, () => Promise<{ default: Locale }>> = {
  da: () => import("../locales/da.json"),
  de: () => import("../locales/de.json"),
  en: async () => ({ default: en }),
  fi: () => import("../locales/fi.json"),
  nl: () => import("../locales/nl.json"),
  no: NORWEGIAN,
  nb: NORWEGIAN,
  nn: NORWEGIAN,
  sv: () => import("../locales/sv.json"),
};
const FALLBACK = "en";
/** The values that are the subject of their sentence. */
const STRONG = new Set(["organisation", "addresses"]);

/**
 * The texts for Outlook's display language. In English if there is no locale for it, or if the
 * server does not answer: a pane in English is of more use than none. Never rejects.
 */
export async function loadTexts(language: string): Promise<Texts> {
  const [primary = ""] = language.toLowerCase().split("-");
  try {
    const loaded = await LOADERS[primary]?.();
    return loaded ? createTexts(loaded.default, language) : createTexts(en, FALLBACK);
  } catch {
    return createTexts(en, FALLBACK);
  }
}

/** The texts of one locale; `tag`: BCP 47, how numbers and dates are written. */
function createTexts(locale: Locale, tag: string): Texts {
  const time = new Intl.DateTimeFormat(tag, { timeStyle: "short" });
  const date = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" });
  const number = new Intl.NumberFormat(tag);
  const rules = new Intl.PluralRules(tag);
  const parts: Texts["parts"] = (key, values) => fill(locale[key], values);
  const pluralParts: Texts["pluralParts"] = (key, count, values) => {
    const form = rules.select(count) === "one" ? "one" : "other";
    return parts(`${key}.${form}`, { ...values, count: number.format(count) });
  };
  return {
    language: tag,
    parts,
    pluralParts,
    get: (key, values = {}) => textOf(parts(key, values)),
    plural: (key, count, values = {}) => textOf(pluralParts(key, count, values)),
    find: (key) => (Object.hasOwn(locale, key) ? locale[key as TextKey] : null),
    number: (value) => number.format(value),
    money: (value, currency) => money(tag, value, currency),
    fileSize: (bytes) => fileSize(tag, bytes),
    duration: (seconds) => duration(tag, seconds),
    dateTime: (at, now) => (isSameDay(at, now) ? time : date).format(at),
  };
}

/** The parts as one text. */
export function textOf(parts: Part[]): string {
  return parts.map((part) => part.text).join("");
}

function fill(sentence: string, values: Values): Part[] {
  return sentence
    .split(/\{(\w+)\}/)
    .flatMap((text, index) => {
      const isPlaceholder = index % 2 === 1;
      const value = isPlaceholder ? (values[text] ?? "") : text;
      const isStrong = isPlaceholder && STRONG.has(text);
      return typeof value === "string" ? [{ text: value, isStrong }] : value;
    })
    .filter((part) => part.text);
}

function money(tag: string, value: number, currency: string | null): string {
  const isWhole = Number.isInteger(value) ? { maximumFractionDigits: 0 } : {};
  // Intl knows every code of three letters, and throws on anything else.
  const style = /^[a-z]{3}$/i.test(currency ?? "")
    ? ({ style: "currency", currency: currency ?? "", currencyDisplay: "code" } as const)
    : {};
  return new Intl.NumberFormat(tag, { ...style, ...isWhole }).format(value);
}

function fileSize(tag: string, bytes: number): string {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  const maximumFractionDigits = value < 9.5 && unit === "megabyte" ? 1 : 0;
  const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits } as const;
  return new Intl.NumberFormat(tag, style).format(Math.max(value, 1));
}

/** Seconds or minutes with their symbol, which is the same in all languages. */
function duration(tag: string, seconds: number): string {
  const [value, symbol] = seconds < 90 ? [seconds, "s"] : [seconds / 60, "min"];
  const maximumFractionDigits = value < 9.5 ? 1 : 0;
  return `${new Intl.NumberFormat(tag, { maximumFractionDigits }).format(value)}\u00a0${symbol}`;
}

function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}
