/** Searches Organisations while a person types. */

import type { Organisation } from "./api_models.ts";
import { foundOptions, type SearchOption } from "./search.ts";

/** How long typing must pause before the search starts. */
const TYPING_PAUSE_MS = 150;

/** Only the latest text is searched: each new text cancels the search before it. */
export class OrganisationSearch {
  private readonly fetch: (text: string, signal: AbortSignal) => Promise<Organisation[]>;
  private readonly onFound: (text: string, options: SearchOption[]) => void;
  private readonly onError: (error: unknown) => void;
  private current = new AbortController();

  constructor(
    fetch: OrganisationSearch["fetch"],
    onFound: OrganisationSearch["onFound"],
    onError: OrganisationSearch["onError"],
  ) {
    this.fetch = fetch;
    this.onFound = onFound;
    this.onError = onError;
  }

  /** Searches this text after a pause in typing. An empty text finds `suggested` at once. */
  search(text: string, suggested: SearchOption[]): void {
    this.current.abort();
    this.current = new AbortController();
    const { signal } = this.current;
    if (text) {
      setTimeout(() => signal.aborted || void this.find(text, signal), TYPING_PAUSE_MS);
    } else {
      this.onFound(text, suggested);
    }
  }

  private async find(text: string, signal: AbortSignal): Promise<void> {
    try {
      const found = await this.fetch(text, signal);
      if (!signal.aborted) {
        this.onFound(text, foundOptions(found, text));
      }
    } catch (error) {
      if (!signal.aborted) {
        this.onError(error);
      }
    }
  }
}
