/** Looking again and again while somebody sees the pane, and how long to wait in between. */

import type { Trouble, TroubleKind } from "./errors.ts";

/** At rest the pane is true within two seconds: this pause and the answer's own time. */
const REST_MS = 1_800;
/** What a person has to mend, such as the sign-in. */
const GENTLE_MS = 20_000;
/** The longest pause that the pane takes by itself, and that a server is granted. */
const [LONGEST_MS, LONGEST_ASKED_MS] = [30_000, 120_000];
/** So many looks for a mail that is too new to be found, then fewer: each asks Outlook. */
const EARLY_LOOKS = 10;

const GENTLE = new Set<TroubleKind>([
  ...(["signed_out", "popup_blocked", "refused", "no_mailbox"] as const),
  ...(["shared", "invalid", "conflict"] as const),
]);

/** How long to wait before the next look, given how long the mail has been on its way. */
export function pauseAfter(elapsedMs: number): number {
  if (elapsedMs < 10_000) {
    return 300;
  }
  return elapsedMs < 60_000 ? 1_000 : REST_MS;
}

/**
 * The same for a mail at rest, after a look that took so long: the server may have kept it waiting
 * for news. Panes that were opened together do not go on together.
 */
export function pauseAtRest(lastedMs = 0, random = Math.random()): number {
  return Math.max(0, REST_MS * (0.9 + 0.1 * random) - lastedMs);
}

/** The pause after this number of failed looks in a row. */
export function pauseAfterFailures(
  { kind, retryAfterMs }: Pick<Trouble, "kind" | "retryAfterMs">,
  failures: number,
  random = Math.random(),
): number {
  if (kind === "not_found") {
    return failures <= EARLY_LOOKS ? pauseAtRest(0, random) : GENTLE_MS;
  }
  const own = GENTLE.has(kind) ? GENTLE_MS : REST_MS * 2 ** Math.min(failures - 1, 5);
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS);
  return Math.max(Math.min(own, LONGEST_MS), asked) * (1 + 0.25 * random);
}

export interface PollTerms {
  /** One look; the next one waits for its end. It reports its own failures. */
  look: () => Promise<void>;
  /**
   * How long to wait before the next look when the last one took so long, both in milliseconds;
   * null = there is nothing to look at.
   */
  pause: (lastedMs: number) => number | null;
  /** Whether nobody sees the answer. */
  isHidden: () => boolean;
}

export interface Poll {
  /** Begins, goes on after it stopped, or hastens where there is now more to see. */
  wake(): void;
  /** Looks at once, or as soon as the look under way has ended. */
  now(): void;
}

/** A poll that is at rest. Never are two looks under way. */
export function createPoll({ look, pause, isHidden }: PollTerms): Poll {
  let isLooking = false;
  let isWanted = false;
  let dueAt = Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const next = (lastedMs: number): void => {
    const wait = isHidden() ? null : pause(lastedMs);
    const due = wait === null ? Infinity : Date.now() + wait;
    if (wait !== null && due < dueAt) {
      clearTimeout(timer);
      dueAt = due;
      timer = setTimeout(turn, wait);
    }
  };
  const turn = (): void => {
    dueAt = Infinity;
    if (isHidden() || pause(0) === null) {
      return;
    }
    isLooking = true;
    isWanted = false;
    const begunAt = Date.now();
    void look().finally(() => {
      isLooking = false;
      if (isWanted) {
        turn();
      } else {
        next(Date.now() - begunAt);
      }
    });
  };

  return {
    wake() {
      if (!isLooking) {
        next(0);
      }
    },
    now() {
      isWanted = true;
      if (!isLooking) {
        clearTimeout(timer);
        turn();
      }
    },
  };
}
