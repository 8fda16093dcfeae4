/** What the pane is shown in. */

import type { Words } from "./words.ts";

/** What is given from outside for one look at the model. */
export interface Scene {
  words: Words;
  now: Date;
  folderName: string;
  usualSeconds: number;
}

/** True for an address that is safe to follow: what comes from settings may still be wrong. */
export function isWebAddress(link: string | null): boolean {
  return link !== null && /^https?:\/\//i.test(link);
}
