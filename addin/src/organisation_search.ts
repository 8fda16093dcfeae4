/** Searching Organisations while somebody types. */

import type { Organisation } from "./api_types.ts";

/** Typing is over after this long a rest. */
const TYPED_MS = 150;

/** Asks for the text typed last, once typing rests; former questions are dropped. */
export class Lookup {
  private readonly ask: (text: string, signal: AbortSignal) => Promise<Organisation[]>;
  private readonly tell: (text: string, found: Organisation[]) => void;
  private readonly fail: (error: unknown) => void;
  private current = new AbortController();

  constructor(ask: Lookup["ask"], tell: Lookup["tell"], fail: Lookup["fail"]) {
    this.ask = ask;
    this.tell = tell;
    this.fail = fail;
  }

  /** Looks up this text. `likely` is told at once where there is no text yet. */
  search(text: string, likely: Organisation[]): void {
    this.drop();
    const { signal } = this.current;
    if (text) {
      setTimeout(() => signal.aborted || void this.find(text, signal), TYPED_MS);
    } else {
      this.tell(text, likely);
    }
  }

  /** Nobody waits for an answer any more. */
  drop(): void {
    this.current.abort();
    this.current = new AbortController();
  }

  private async find(text: string, signal: AbortSignal): Promise<void> {
    try {
      const found = await this.ask(text, signal);
      if (!signal.aborted) {
        this.tell(text, found);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.fail(error);
      }
    }
  }
}
