/** Asking again while a mail is on its way, and no longer. */

/** How long to wait before the next look, given how long the mail has been on its way. */
export function pauseAfter(elapsedMs: number): number {
  if (elapsedMs < 10_000) {
    return 300;
  }
  return elapsedMs < 60_000 ? 1_000 : 5_000;
}

export interface PollTerms {
  /** One look; the next one waits for its end. It reports its own failures. */
  look: () => Promise<void>;
  /** Since when there is something to wait for, in milliseconds; null = all is at rest. */
  since: () => number | null;
  /** Whether nobody sees the answer. */
  isHidden: () => boolean;
}

export interface Poll {
  /** Begins, or goes on after it stopped at rest or hidden. Harmless while it runs. */
  wake(): void;
}

/** A poll that is at rest. */
export function createPoll({ look, since, isHidden }: PollTerms): Poll {
  let isRunning = false;

  const next = (): void => {
    const begun = since();
    isRunning = begun !== null && !isHidden();
    if (begun !== null && isRunning) {
      setTimeout(turn, pauseAfter(Date.now() - begun));
    }
  };
  const turn = (): void => void look().finally(next);

  return {
    wake() {
      if (!isRunning) {
        next();
      }
    },
  };
}
