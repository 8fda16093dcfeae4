/** Asking again while something may still become of a mail, and no longer. */

/** How long to wait before the next look, given how long the mail has been on its way. */
export function pauseAfter(elapsedMs: number): number {
  if (elapsedMs < 10_000) {
    return 300;
  }
  return elapsedMs < 60_000 ? 1_000 : 5_000;
}

/** The same for what only happens elsewhere, given how long the mail has been open. */
export function pauseAtRest(openMs: number): number {
  return openMs < 300_000 ? 5_000 : 20_000;
}

export interface PollTerms {
  /** One look; the next one waits for its end. It reports its own failures. */
  look: () => Promise<void>;
  /** How long to wait before the next look, in milliseconds; null = nothing will change. */
  pause: () => number | null;
  /** Whether nobody sees the answer. */
  isHidden: () => boolean;
}

export interface Poll {
  /** Begins, goes on after it stopped, or hastens where there is now more to see. */
  wake(): void;
}

/** A poll that is at rest. */
export function createPoll({ look, pause, isHidden }: PollTerms): Poll {
  let isLooking = false;
  let dueAt = Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const next = (): void => {
    const wait = isHidden() ? null : pause();
    const due = wait === null ? Infinity : Date.now() + wait;
    if (wait !== null && due < dueAt) {
      clearTimeout(timer);
      dueAt = due;
      timer = setTimeout(turn, wait);
    }
  };
  const turn = (): void => {
    dueAt = Infinity;
    if (isHidden() || pause() === null) {
      return;
    }
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
      next();
    });
  };

  return {
    wake() {
      if (!isLooking) {
        next();
      }
    },
  };
}
