/** One open pane: turns Outlook's selection and the server's responses into events. */

import type { Api } from "./api.ts";
import type { MailState } from "./api_models.ts";
import type { Config } from "./config.ts";
import { type AddinError, noAnswer, toAddinError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Texts } from "./i18n.ts";
import type { PageChannel } from "./page_channel.ts";
import { createPoller, pauseAfterFailures, pauseIdle, pauseOnItsWay, type Poller } from "./poll.ts";
import { isSame, type MailRef } from "./selection.ts";
import { type Event, initialModel, type Model, type PendingRequest, reduce } from "./state.ts";
import { createViewModel, type View } from "./view_model.ts";

/** What a session works with. */
export interface SessionContext {
  host: Pick<Host, "selection" | "clearNote">;
  api: Api;
  channel: Pick<PageChannel, "announceChange">;
  texts: Texts;
  config: Pick<Config, "folderName" | "usualSeconds">;
  /** True while nobody sees the pane. */
  isHidden: () => boolean;
}

/** What the controllers use of a session. */
export type ControlledSession = Pick<
  Session,
  | "act"
  | "awaitRequest"
  | "dispatch"
  | "dispatchUnlessAborted"
  | "load"
  | "loadConnection"
  | "loadStory"
  | "mail"
  | "model"
  | "whenFree"
  | "whileSelected"
>;

/** A response that comes sooner shows no spinner. */
const SPINNER_DELAY_MS = 300;
/** The server files a waiting mail within this time of a new contact; else it still waits. */
const FILING_TIMEOUT_MS = 20_000;
/** A poll that takes longer counts as "away"; the server holds an answer back ten seconds at most. */
const POLL_TIMEOUT_MS = 15_000;

/** The session of one pane. Drops each response about a mail that is no longer selected. */
export class Session {
  private readonly context: SessionContext;
  private readonly render: (view: View) => void;
  private readonly poller: Poller;
  private current: Model = initialModel({ kind: "none" });
  /** What the person did to the selected mail while a request was pending, in order. */
  private waiting: (() => void)[] = [];
  /** The mail whose state was loaded last, and that state. */
  private lastSeen: { mail: string; state: MailState["state"] } | null = null;
  /** How many loads and polls in a row failed, and the latest error. */
  private failures = 0;
  private lastFailure: AddinError | null = null;
  /** Aborts when the selection changes. */
  private selectionEnd = new AbortController();
  /** Aborts when a newer request starts, so that no older response overwrites a newer one. */
  private pollEnd = new AbortController();

  constructor(context: SessionContext, render: (view: View) => void) {
    this.context = context;
    this.render = render;
    this.poller = createPoller({
      poll: () => this.poll(),
      pause: (lastPollMs) => this.pause(lastPollMs),
      isHidden: context.isHidden,
    });
  }

  get model(): Model {
    return this.current;
  }

  /** The mail that the pane shows; null = none is selected. */
  get mail(): MailRef | null {
    return this.mailRef();
  }

  /** Aborts when the selection changes. */
  get whileSelected(): AbortSignal {
    return this.selectionEnd.signal;
  }

  /** Loads the selected mail for the first time. */
  open(): void {
    this.switchSelection();
    void this.loadConnection();
  }

  /** Loads the newly selected mail; true if the selection had changed. */
  followSelection(): boolean {
    const hasChanged = !isSame(this.context.host.selection(), this.current.selection);
    if (hasChanged) {
      this.switchSelection();
    }
    return hasChanged;
  }

  /** Polls at once: the pane was hidden or offline, or another page announced a change. */
  refresh(): void {
    this.pollEnd.abort();
    if (this.context.isHidden()) {
      return;
    }
    if (!this.followSelection()) {
      this.poller.now();
    }
    void this.loadConnection();
  }

  /** Loads the state of the selected mail; shows a spinner if that takes long. */
  load(): void {
    const mail = this.mailRef();
    const { signal } = this.selectionEnd;
    if (mail) {
      this.requestState("load", () => this.context.api.state(mail, signal));
    }
  }

  /**
   * Sends a person's request for the mail that the pane shows. Does nothing while another request
   * is pending, or if Outlook has selected another mail: then it loads that one.
   */
  act(request: PendingRequest, send: (mail: MailRef) => Promise<MailState>): void {
    const mail = this.mailRef();
    const { pending } = this.current;
    const isFree = pending === null || (request === "sign_in" && pending === request);
    if (!this.followSelection() && mail && isFree) {
      this.requestState(request, () => send(mail));
    }
  }

  /** Does it now, or once no request is pending; never after an error or for another mail. */
  whenFree(doIt: () => void): void {
    this.waiting.push(doIt);
    this.doWaiting();
  }

  private doWaiting(): void {
    while (this.current.pending === null && this.waiting.length) {
      this.waiting.shift()?.();
    }
  }

  /** Awaits a request and dispatches its event or its error. Never cancels the request itself. */
  async awaitRequest(request: PendingRequest, send: () => Promise<Event>): Promise<void> {
    const { signal } = this.selectionEnd;
    this.pollEnd.abort();
    this.dispatch({ type: "requested", request });
    const spinner = setTimeout(
      () => this.dispatchUnlessAborted(signal, { type: "slow" }),
      SPINNER_DELAY_MS,
    );
    try {
      const event = await send();
      this.failures = 0;
      if (request !== "load") {
        this.context.channel.announceChange();
      }
      this.dispatchUnlessAborted(signal, event);
    } catch (cause) {
      const error = request === "load" ? this.countFailure(cause) : toAddinError(cause);
      this.waiting = signal.aborted ? this.waiting : [];
      this.dispatchUnlessAborted(signal, { type: "failed", error, by: "person" });
    } finally {
      clearTimeout(spinner);
      this.doWaiting();
      this.poller.wake();
      void this.loadStory();
      void this.loadConnection();
    }
  }

  /** Loads the story if it is open. */
  async loadStory(): Promise<void> {
    const mail = this.mailRef();
    const { signal } = this.selectionEnd;
    if (!mail || !this.current.openLines.includes("story")) {
      return;
    }
    try {
      const story = await this.context.api.story(mail, signal);
      this.dispatchUnlessAborted(signal, { type: "story_loaded", story });
    } catch (cause) {
      const error = toAddinError(cause);
      this.dispatchUnlessAborted(signal, { type: "failed", error, by: "poll" });
    }
  }

  /** Loads what the footer shows. */
  async loadConnection(): Promise<void> {
    try {
      const connection = await this.context.api.connection();
      this.dispatch({ type: "connection_loaded", connection });
    } catch {
      // The footer follows the error of the mail's own request.
    }
  }

  /** Applies an event to the model and renders the result. */
  dispatch(event: Event): void {
    const { texts, config } = this.context;
    this.current = reduce(this.current, event);
    this.clearOutdatedNote();
    this.render(createViewModel(this.current, { texts, now: new Date(), ...config }));
  }

  /** Dispatches an event unless the selection that it belongs to has changed. */
  dispatchUnlessAborted(signal: AbortSignal, event: Event): void {
    if (!signal.aborted) {
      this.dispatch(event);
    }
  }

  /**
   * Clears the note of the ribbon's button once the mail's state has changed. While the mail is new
   * or on its way, the function command still updates the note itself. The Message-ID identifies
   * the mail, since a move gives it a new item id.
   */
  private clearOutdatedNote(): void {
    const { mailState } = this.current;
    const ref = this.mailRef();
    if (!mailState || !ref) {
      return;
    }
    const mail = ref.messageId ?? ref.itemId;
    const before = this.lastSeen?.mail === mail ? this.lastSeen.state : "new";
    const isCommandRunning = before === "new" || before === "on_its_way";
    if (before !== mailState.state && !isCommandRunning) {
      this.context.host.clearNote();
    }
    this.lastSeen = { mail, state: mailState.state };
  }

  private switchSelection(): void {
    this.selectionEnd.abort();
    this.pollEnd.abort();
    this.waiting = [];
    this.selectionEnd = new AbortController();
    this.dispatch({ type: "selected", selection: this.context.host.selection() });
    this.load();
  }

  private requestState(request: PendingRequest, send: () => Promise<MailState>): void {
    void this.awaitRequest(request, async () => {
      const mailState = await send();
      return { type: "loaded", mailState, by: "person", at: Date.now() };
    });
  }

  /** Loads the state in the background: no spinner, and a later success removes the error. */
  private async poll(): Promise<void> {
    const mail = this.mailRef();
    const before = this.current;
    if (this.followSelection() || !mail || this.current.pending !== null) {
      return;
    }
    this.pollEnd.abort();
    this.pollEnd = new AbortController();
    const { signal } = this.pollEnd;
    try {
      const options = { waits: this.isIdle() };
      const mailState = await withTimeout(this.pollEnd, (timedSignal) =>
        this.context.api.state(mail, timedSignal, options),
      );
      this.failures = 0;
      this.dispatchUnlessAborted(signal, { type: "loaded", mailState, by: "poll", at: Date.now() });
    } catch (cause) {
      if (!signal.aborted) {
        this.dispatch({ type: "failed", error: this.countFailure(cause), by: "poll" });
      }
    }
    this.afterPoll(signal, before);
  }

  private countFailure(cause: unknown): AddinError {
    this.failures += 1;
    this.lastFailure = toAddinError(cause);
    return this.lastFailure;
  }

  private afterPoll(signal: AbortSignal, before: Model): void {
    const { mailState, isFilingExpected, inProgressSince } = this.current;
    if (isFilingExpected && Date.now() - (inProgressSince ?? 0) > FILING_TIMEOUT_MS) {
      this.dispatchUnlessAborted(signal, { type: "filing_overdue" });
    }
    const isReconnected = before.connectionError !== null && this.current.connectionError === null;
    if (isReconnected || mailState !== before.mailState) {
      void this.loadStory();
      void this.loadConnection();
    }
  }

  /** True if nothing is under way and nothing failed, so the server may hold the answer back. */
  private isIdle(): boolean {
    const { inProgressSince, error, connectionError } = this.current;
    return (
      this.failures === 0 && inProgressSince === null && error === null && connectionError === null
    );
  }

  private pause(lastPollMs: number): number | null {
    const { inProgressSince } = this.current;
    if (this.mailRef() === null) {
      return null;
    }
    if (this.failures > 0 && this.lastFailure) {
      return pauseAfterFailures(this.lastFailure, this.failures);
    }
    return inProgressSince === null
      ? pauseIdle(lastPollMs)
      : pauseOnItsWay(Date.now() - inProgressSince);
  }

  private mailRef(): MailRef | null {
    const { selection } = this.current;
    return selection.kind === "mail" ? selection.mail.ref : null;
  }
}

/** The result of `run`; rejects with `noAnswer` on abort and after POLL_TIMEOUT_MS. */
async function withTimeout<T>(
  { signal }: AbortController,
  run: (timedSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  const abort = () => call.abort();
  signal.addEventListener("abort", abort);
  const timer = setTimeout(abort, POLL_TIMEOUT_MS);
  const aborted = new Promise<never>((_, reject) => {
    call.signal.addEventListener("abort", () => reject(noAnswer()));
  });
  try {
    return await Promise.race([run(call.signal), aborted]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
