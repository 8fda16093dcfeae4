/** The server's own sentences, in the person's language. Pure. */

import type { Phrase } from "./api_models.ts";
import type { Texts } from "./i18n.ts";

/** What the server says in English. `phrase`: null = the words of webCRM or Outlook. */
export interface Said {
  detail: string | null;
  /** An older server sends none. */
  phrase?: Phrase | null;
}

/** The sentence in the person's language; the words of webCRM and Outlook stay as they are. */
export function saidText({ detail, phrase }: Said, texts: Texts): string {
  const key = phrase && textKey(phrase, texts);
  if (!key) {
    return detail ?? "";
  }
  const { file, reason } = phrase.values;
  const sentence = texts.get(key, readableValues(phrase.values, texts));
  const withReason = reason ? `${sentence} (${reason})` : sentence;
  return file ? `${file} (${withReason})` : withReason;
}

function textKey({ key }: Phrase, texts: Texts) {
  const name = `phrase.${key}` as const;
  return texts.find(name) === null ? null : (name as Parameters<Texts["get"]>[0]);
}

/** The values that are written as the language writes numbers. */
const NUMBERS = new Set(["limit", "most", "size"]);

function readableValues(values: Phrase["values"], texts: Texts): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    NUMBERS.has(name) ? texts.number(Number(value)) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}
