/** The words people see, in their language. */

import da from "../locales/da.json";
import de from "../locales/de.json";
import en from "../locales/en.json";
import nl from "../locales/nl.json";
import no from "../locales/no.json";
import sv from "../locales/sv.json";

export type Word = keyof typeof en;
type Locale = Record<Word, string>;

/** A piece of a sentence; `strong` where it is what the reader looks for. */
export interface Part {
  text: string;
  strong: boolean;
  /** Where it leads, and what that is called to somebody who hears nothing but the link. */
  link?: { to: string; name: string };
}

export interface Words {
  /** BCP 47, for the page and for numbers and dates. */
  language: string;
  say(word: Word, values?: Record<string, string>): string;
  /** The sentence in pieces, what it is about strong. A value may be in pieces itself. */
  parts(word: Word, values: Record<string, string | Part[]>): Part[];
  /** The word of this name if there is one, such as "reason.no contact". */
  find(name: string): string | null;
  count(value: number): string;
  duration(seconds: number): string;
  /** The time of today, else the date with the time. */
  moment(at: Date, now: Date): string;
}

const LOCALES: Record<string, Locale> = { en, da, de, nl, no, nb: no, nn: no, sv };
const FALLBACK = "en";
const STRONG = new Set(["organisation", "addresses"]);

/** The words for Outlook's display language; English where there are none. */
export function wordsFor(language: string): Words {
  const [short = ""] = language.toLowerCase().split("-");
  const locale = LOCALES[short] ?? en;
  const tag = LOCALES[short] ? language : FALLBACK;
  const time = new Intl.DateTimeFormat(tag, { timeStyle: "short" });
  const date = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" });
  const parts: Words["parts"] = (word, values) => fill(locale[word], values);
  return {
    language: tag,
    parts,
    say: (word, values = {}) => plain(parts(word, values)),
    find: (name) => (Object.hasOwn(locale, name) ? locale[name as Word] : null),
    count: (value) => new Intl.NumberFormat(tag).format(value),
    duration: (seconds) => duration(tag, seconds),
    moment: (at, now) => (isSameDay(at, now) ? time : date).format(at),
  };
}

/** Pieces as one text. */
export function plain(parts: Part[]): string {
  return parts.map((part) => part.text).join("");
}

function fill(sentence: string, values: Record<string, string | Part[]>): Part[] {
  return sentence
    .split(/\{(\w+)\}/)
    .flatMap((text, index) => {
      const value = index % 2 ? (values[text] ?? "") : text;
      const strong = index % 2 === 1 && STRONG.has(text);
      return typeof value === "string" ? [{ text: value, strong }] : value;
    })
    .filter((part) => part.text);
}

/** Seconds and minutes by their symbols, which are the same in all languages. */
function duration(tag: string, seconds: number): string {
  const [value, symbol] = seconds < 90 ? [seconds, "s"] : [seconds / 60, "min"];
  const maximumFractionDigits = value < 9.5 ? 1 : 0;
  return `${new Intl.NumberFormat(tag, { maximumFractionDigits }).format(value)}\u00a0${symbol}`;
}

function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}
