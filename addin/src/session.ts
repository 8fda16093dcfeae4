/** The pane at work: what Outlook shows and the server says, turned into events. */

import type { Api } from "./api.ts";
import type { Config } from "./config.ts";
import type { MailRef, MailState } from "./api_types.ts";
import { asTrouble, noAnswer, type Trouble } from "./errors.ts";
import type { Host } from "./host.ts";
import { createPoll, pauseAfter, pauseAfterFailures, pauseAtRest, type Poll } from "./poll.ts";
import { isSame } from "./selection.ts";
import { show, type View } from "./view_model.ts";
import { type Ask, type Event, type Model, reduce, start } from "./state.ts";
import type { Windows } from "./page_channel.ts";
import type { Words } from "./i18n.ts";

export interface Parts {
  host: Pick<Host, "selection" | "clearNote">;
  api: Api;
  windows: Pick<Windows, "tell">;
  words: Words;
  config: Pick<Config, "folderName" | "usualSeconds">;
  /** Whether nobody sees the pane. */
  isHidden: () => boolean;
}

/** A wait shorter than this shows no spinner. */
const SPINNER_MS = 300;
/** A new contact files its mail within this, or the mail is shown as waiting again. */
const EXPECT_MS = 20_000;
/** A server that takes longer over a look is away; it keeps one waiting for ten seconds. */
const LOOK_MS = 15_000;

/** One pane. Every answer for a mail that is no longer selected is dropped. */
export class Pane {
  private readonly parts: Parts;
  private readonly draw: (view: View) => void;
  private readonly poll: Poll;
  private current: Model = start({ kind: "none" });
  /** The mail that was answered for last, and its state then. */
  private seen: { mail: string; state: MailState["state"] } | null = null;
  /** How many looks in a row failed, and the last one for what. */
  private failures = 0;
  private failure: Trouble | null = null;
  /** Ends with the selection. */
  private ending = new AbortController();
  /** Ends when something newer is asked, so that no older answer comes after it. */
  private looking = new AbortController();

  constructor(parts: Parts, draw: (view: View) => void) {
    this.parts = parts;
    this.draw = draw;
    this.poll = createPoll({
      look: () => this.lookQuietly(),
      pause: (lastedMs) => this.pause(lastedMs),
      isHidden: parts.isHidden,
    });
  }

  /** What is known now. */
  get model(): Model {
    return this.current;
  }

  /** Looks at what is selected for the first time. */
  open(): void {
    this.turnTo();
    void this.connect();
  }

  /** Follows the selection; true when it had changed. */
  follow(): boolean {
    const hasChanged = !isSame(this.parts.host.selection(), this.current.selection);
    if (hasChanged) {
      this.turnTo();
    }
    return hasChanged;
  }

  /** Looks again at once: the pane was away or offline, or something happened elsewhere. */
  refresh(): void {
    this.looking.abort();
    if (this.parts.isHidden()) {
      return;
    }
    if (!this.follow()) {
      this.poll.now();
    }
    void this.connect();
  }

  /** Looks how the selected mail stands, with a spinner when that takes long. */
  look(): void {
    const mail = this.mail();
    const { signal } = this.ending;
    if (mail) {
      this.answer("look", () => this.parts.api.state(mail, signal));
    }
  }

  /** Asks for a change of the mail that is shown, unless Outlook shows another one by now. */
  act(ask: Ask, run: (mail: MailRef) => Promise<MailState>): void {
    const mail = this.mail();
    const isFree = this.current.ask === null || (ask === "sign_in" && this.current.ask === ask);
    if (!this.follow() && mail && isFree) {
      this.answer(ask, () => run(mail));
    }
  }

  /** Waits for an event. The call itself is never called off: a click holds, whatever follows. */
  async wait(ask: Ask, run: () => Promise<Event>): Promise<void> {
    const { signal } = this.ending;
    this.looking.abort();
    this.dispatch({ type: "asked", ask });
    const spinner = setTimeout(() => this.dispatchFor(signal, { type: "slow" }), SPINNER_MS);
    try {
      const event = await run();
      this.failures = 0;
      this.dispatchFor(signal, event);
    } catch (error) {
      const trouble = ask === "look" ? this.failed(error) : asTrouble(error);
      this.dispatchFor(signal, { type: "failed", trouble, by: "act" });
    } finally {
      clearTimeout(spinner);
      this.poll.wake();
      void this.tell();
      void this.connect();
    }
  }

  /** Fetches the story where it is open. */
  async tell(): Promise<void> {
    const mail = this.mail();
    const { signal } = this.ending;
    if (!mail || !this.current.isStoryOpen) {
      return;
    }
    try {
      this.dispatchFor(signal, { type: "told", story: await this.parts.api.story(mail, signal) });
    } catch (error) {
      this.dispatchFor(signal, { type: "failed", trouble: asTrouble(error), by: "look" });
    }
  }

  /** Fetches what the foot says. */
  async connect(): Promise<void> {
    try {
      this.dispatch({ type: "connected", connection: await this.parts.api.connection() });
    } catch {
      // The foot goes by what is wrong with the mail above it.
    }
  }

  /** Takes in an event and draws what follows. */
  dispatch(event: Event): void {
    const { words, config } = this.parts;
    this.current = reduce(this.current, event);
    this.clearOldNote();
    this.draw(show(this.current, { words, now: new Date(), ...config }));
  }

  /**
   * Takes the ribbon's line away from a mail whose state has moved on. While that button is at work
   * it renews the line itself. A mail that moved counts as the same one, whatever its new id.
   */
  private clearOldNote(): void {
    const { answer } = this.current;
    const ref = this.mail();
    if (!answer || !ref) {
      return;
    }
    const mail = ref.messageId ?? ref.itemId;
    const before = this.seen?.mail === mail ? this.seen.state : "new";
    const isButtonAtWork = before === "new" || before === "on_its_way";
    if (before !== answer.state && !isButtonAtWork) {
      this.parts.host.clearNote();
    }
    this.seen = { mail, state: answer.state };
  }

  /** The same, unless it speaks of a mail that is no longer selected. */
  dispatchFor(signal: AbortSignal, event: Event): void {
    if (!signal.aborted) {
      this.dispatch(event);
    }
  }

  /** Ends with the mail that is selected now. */
  get whileSelected(): AbortSignal {
    return this.ending.signal;
  }

  private turnTo(): void {
    this.ending.abort();
    this.looking.abort();
    this.ending = new AbortController();
    this.dispatch({ type: "selected", selection: this.parts.host.selection() });
    this.look();
  }

  private answer(ask: Ask, run: () => Promise<MailState>): void {
    void this.wait(ask, async () => {
      const answer = await run();
      if (ask !== "look") {
        this.parts.windows.tell();
      }
      return { type: "answered", answer, by: "act", at: Date.now() };
    });
  }

  /** Without a spinner; what fails here is said only until a later look succeeds. */
  private async lookQuietly(): Promise<void> {
    const mail = this.mail();
    const before = this.current;
    if (this.follow() || !mail || this.current.ask !== null) {
      return;
    }
    this.looking.abort();
    this.looking = new AbortController();
    const { signal } = this.looking;
    try {
      const how = { waits: this.isAtRest() };
      const answer = await inTime(this.looking, (within) =>
        this.parts.api.state(mail, within, how),
      );
      this.failures = 0;
      this.dispatchFor(signal, { type: "answered", answer, by: "look", at: Date.now() });
    } catch (error) {
      if (!signal.aborted) {
        this.dispatch({ type: "failed", trouble: this.failed(error), by: "look" });
      }
    }
    this.afterLook(signal, before);
  }

  private failed(error: unknown): Trouble {
    this.failures += 1;
    this.failure = asTrouble(error);
    return this.failure;
  }

  private afterLook(signal: AbortSignal, before: Model): void {
    const { answer, isExpecting, movingSince } = this.current;
    if (isExpecting && Date.now() - (movingSince ?? 0) > EXPECT_MS) {
      this.dispatchFor(signal, { type: "gave_up_expecting" });
    }
    const isBack = before.lost !== null && this.current.lost === null;
    if (isBack || answer !== before.answer) {
      void this.tell();
      void this.connect();
    }
  }

  /** Nothing is under way and nothing wrong: the server may answer as late as it has news. */
  private isAtRest(): boolean {
    const { movingSince, trouble, lost } = this.current;
    return this.failures === 0 && movingSince === null && trouble === null && lost === null;
  }

  private pause(lastedMs: number): number | null {
    const { movingSince } = this.current;
    if (this.mail() === null) {
      return null;
    }
    if (this.failures > 0 && this.failure) {
      return pauseAfterFailures(this.failure, this.failures);
    }
    return movingSince === null ? pauseAtRest(lastedMs) : pauseAfter(Date.now() - movingSince);
  }

  private mail(): MailRef | null {
    const { selection } = this.current;
    return selection.kind === "mail" ? selection.mail.ref : null;
  }
}

/** The answer, unless it is called off or takes too long: then Trouble "away". */
async function inTime<T>(
  { signal: until }: AbortController,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  const end = () => call.abort();
  until.addEventListener("abort", end);
  const patience = setTimeout(end, LOOK_MS);
  const over = new Promise<never>((_, reject) => {
    call.signal.addEventListener("abort", () => reject(noAnswer()));
  });
  try {
    return await Promise.race([run(call.signal), over]);
  } finally {
    clearTimeout(patience);
    until.removeEventListener("abort", end);
  }
}
