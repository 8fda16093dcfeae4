/** Polls while the pane is visible, and decides how long to wait between two polls. */

import type { AddinError, ErrorKind } from "./errors.ts";

/** Keeps the pane at most two seconds behind: this pause and the response time. */
const IDLE_MS = 1_800;
/** For an error that a person must fix, such as a missing sign-in. */
const NEEDS_PERSON_MS = 20_000;
/** The longest pause after failures, and the longest Retry-After that the pane follows. */
const [MAX_BACKOFF_MS, MAX_RETRY_AFTER_MS] = [30_000, 120_000];
/** The frequent polls for a mail too new for Graph; later ones are rare, as each asks Outlook. */
const NEW_MAIL_POLLS = 10;

const NEEDS_PERSON = new Set<ErrorKind>([
  ...(["signed_out", "popup_blocked", "refused", "no_mailbox"] as const),
  ...(["shared", "invalid", "conflict"] as const),
]);

/**
 * The pause in milliseconds while a mail is on its way, by the time since it began. Most mails
 * arrive within a second, so that a longer first pause is most of what a person waits.
 */
export function pauseOnItsWay(elapsedMs: number): number {
  if (elapsedMs < 2_000) {
    return 100;
  }
  if (elapsedMs < 10_000) {
    return 300;
  }
  return elapsedMs < 60_000 ? 1_000 : IDLE_MS;
}

/**
 * The pause in milliseconds while nothing is under way. `lastPollMs`: how long the last poll took;
 * the server may have held it back. Random, so that panes opened together do not poll together.
 */
export function pauseIdle(lastPollMs = 0, random = Math.random()): number {
  return Math.max(0, IDLE_MS * (0.9 + 0.1 * random) - lastPollMs);
}

/** The pause in milliseconds after `failures` failed polls in a row. */
export function pauseAfterFailures(
  { kind, retryAfterMs }: Pick<AddinError, "kind" | "retryAfterMs">,
  failures: number,
  random = Math.random(),
): number {
  if (kind === "not_found") {
    return failures <= NEW_MAIL_POLLS ? pauseIdle(0, random) : NEEDS_PERSON_MS;
  }
  const backoff = NEEDS_PERSON.has(kind)
    ? NEEDS_PERSON_MS
    : IDLE_MS * 2 ** Math.min(failures - 1, 5);
  const retryAfter = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  return Math.max(Math.min(backoff, MAX_BACKOFF_MS), retryAfter) * (1 + 0.25 * random);
}

export interface PollOptions {
  /** Polls once. Handles its own errors: never rejects. */
  poll: () => Promise<void>;
  /**
   * The pause before the next poll, by how long the last one took, both in milliseconds; null =
   * there is nothing to poll for.
   */
  pause: (lastPollMs: number) => number | null;
  /** True while nobody sees the pane. */
  isHidden: () => boolean;
}

export interface Poller {
  /** Starts polling, resumes it, or brings the next poll forward if the pause is shorter now. */
  wake(): void;
  /** Polls at once, or as soon as the running poll ends. */
  now(): void;
}

/** A poller that waits for `wake` or `now`. At most one poll runs at a time. */
export function createPoller({ poll, pause, isHidden }: PollOptions): Poller {
  let isRunning = false;
  let isRequested = false;
  let dueAt = Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const schedule = (lastPollMs: number): void => {
    const wait = isHidden() ? null : pause(lastPollMs);
    const due = wait === null ? Infinity : Date.now() + wait;
    if (wait !== null && due < dueAt) {
      clearTimeout(timer);
      dueAt = due;
      timer = setTimeout(run, wait);
    }
  };
  const run = (): void => {
    dueAt = Infinity;
    if (isHidden() || pause(0) === null) {
      return;
    }
    isRunning = true;
    isRequested = false;
    const startedAt = Date.now();
    void poll().finally(() => {
      isRunning = false;
      if (isRequested) {
        run();
      } else {
        schedule(Date.now() - startedAt);
      }
    });
  };

  return {
    wake() {
      if (!isRunning) {
        schedule(0);
      }
    },
    now() {
      isRequested = true;
      if (!isRunning) {
        clearTimeout(timer);
        run();
      }
    },
  };
}
