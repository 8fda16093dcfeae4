/** The pane at work: what a person does and what Outlook says, turned into calls and events. */

import type { Api } from "./api.ts";
import type { Auth } from "./auth.ts";
import type { Config } from "./config.ts";
import type { MailRef, MailState, Organisation } from "./contract.ts";
import { asTrouble } from "./errors.ts";
import type { Host } from "./host.ts";
import { Lookup } from "./lookup.ts";
import { createPoll, type Poll } from "./poll.ts";
import { isSame } from "./selection.ts";
import { show, type View } from "./show.ts";
import { isComplete } from "./show_form.ts";
import type { Intent } from "./show_status.ts";
import { type Ask, type Event, type Field, type Model, reduce, start } from "./state.ts";
import type { Deed } from "./view.ts";
import type { Words } from "./words.ts";

export interface Parts {
  host: Pick<Host, "selection">;
  api: Api;
  auth: Pick<Auth, "signIn">;
  words: Words;
  config: Pick<Config, "folderName" | "usualSeconds">;
}

/** A wait shorter than this shows no spinner. */
const SPINNER_MS = 300;
/** A new contact files its mail within this, or the mail is shown as waiting again. */
const EXPECT_MS = 20_000;

/** One pane. Every answer for a mail that is no longer selected is dropped. */
export class Pane {
  private readonly parts: Parts;
  private readonly draw: (view: View) => void;
  private readonly poll: Poll;
  private readonly lookup: Lookup;
  private model: Model = start({ kind: "none" });
  private ending = new AbortController();

  constructor(parts: Parts, draw: (view: View) => void) {
    this.parts = parts;
    this.draw = draw;
    this.poll = createPoll({
      look: () => this.lookQuietly(),
      since: () => this.model.movingSince,
      isHidden: () => document.hidden,
    });
    this.lookup = new Lookup(
      (text, signal) => parts.api.organisations(text, signal),
      (text, organisations) => this.dispatch({ type: "found", text, organisations }),
      (error) => this.dispatch({ type: "failed", trouble: asTrouble(error), by: "look" }),
    );
  }

  /** Looks at what is selected for the first time. */
  open(): void {
    this.dispatch({ type: "selected", selection: this.parts.host.selection() });
    this.lookAnew();
    void this.connect();
  }

  /** Follows the selection, if it has changed. */
  follow(): void {
    const selection = this.parts.host.selection();
    if (isSame(selection, this.model.selection)) {
      return;
    }
    this.ending.abort();
    this.ending = new AbortController();
    this.lookup.drop();
    this.dispatch({ type: "selected", selection });
    this.lookAnew();
  }

  /** Looks again after the pane was away: hidden, in the background or offline. */
  refresh(): void {
    if (document.hidden) {
      return;
    }
    this.follow();
    if (this.model.ask === null) {
      void this.lookQuietly().then(() => this.poll.wake());
    }
    void this.connect();
  }

  /** Does what a person asked for. */
  take(deed: Deed): void {
    switch (deed.type) {
      case "press":
        return this.press(deed.intent);
      case "mark":
        return this.dispatch({ type: "picked", organisation: deed.organisation });
      case "pick":
        return this.pick(deed.organisation);
      case "pick_active":
        return this.pickActive();
      case "type":
        return this.type(deed.field, deed.text);
      case "step":
        return this.dispatch({ type: "moved", step: deed.by });
      case "submit":
        return this.submit();
      case "cancel":
        return this.dispatch({ type: "closed" });
      case "switch":
        return void this.switch(deed.isOn);
      case "story":
        this.dispatch({ type: "story_opened", isOpen: deed.isOpen });
        return void this.tell();
    }
  }

  private press(intent: Intent): void {
    const { picked } = this.model;
    const { api } = this.parts;
    switch (intent) {
      case "look":
        return this.lookAnew();
      case "sign_in":
        return this.signIn();
      case "sync":
        return this.act("sync", (mail, on) => api.sync(mail, picked ? [picked.id] : [], on));
      case "retry":
      case "anyway":
      case "undo":
        return this.act(intent, (mail, on) => api.act(intent, mail, on));
      case "choose":
        return picked && !this.model.panel
          ? this.act("choose", (mail, on) => api.choose(mail, picked.id, on))
          : this.openPanel("choose");
      case "change":
        return this.openPanel("choose");
      case "create_contact":
        return this.openPanel("contact");
      case "open":
    }
  }

  private openPanel(panel: "choose" | "contact"): void {
    this.dispatch({ type: "opened", panel });
    this.lookup.search("", this.likely());
  }

  private type(field: Field, text: string): void {
    this.dispatch({ type: "typed", field, text });
    if (field === "search") {
      this.lookup.search(text.trim(), this.likely());
    }
  }

  /** What to choose from before anything is typed. */
  private likely(): Organisation[] {
    const { candidates = [] } = this.model.answer ?? {};
    return candidates.map(({ organisationId: id, organisation: name }) => ({ id, name }));
  }

  /** Before the sync a choice only marks; afterwards it is what the person wants now. */
  private pick(organisation: Organisation): void {
    const { panel, answer } = this.model;
    if (panel?.kind === "choose" && answer?.state !== "new") {
      return this.act("choose", (mail, on) => this.parts.api.choose(mail, organisation.id, on));
    }
    this.dispatch({ type: "picked", organisation });
  }

  private pickActive(): void {
    const { found, active } = this.model.panel?.search ?? { found: null, active: -1 };
    const organisation = found?.[active];
    if (organisation) {
      this.pick(organisation);
    }
  }

  private submit(): void {
    const { panel } = this.model;
    if (panel?.kind !== "contact" || this.model.ask !== null) {
      return;
    }
    if (!isComplete(this.model) || !panel.organisation) {
      return this.dispatch({ type: "incomplete" });
    }
    const [name, address] = [panel.name.trim(), panel.address.trim()];
    const contact = { name, address, organisationId: panel.organisation.id };
    void this.wait("contact", async (signal) => {
      await this.parts.api.createContact(contact, signal);
      return { type: "contact_made", at: Date.now() };
    });
  }

  private signIn(): void {
    const { api, auth } = this.parts;
    const claims = this.model.trouble?.claims ?? null;
    this.act("sign_in", async (mail, signal) => {
      await auth.signIn(claims);
      void this.connect();
      return api.state(mail, signal);
    });
  }

  private lookAnew(): void {
    const mail = this.mail();
    if (mail) {
      this.answer("look", (signal) => this.parts.api.state(mail, signal));
    }
  }

  /** Without a spinner; what fails here is said only until a later look succeeds. */
  private async lookQuietly(): Promise<void> {
    const mail = this.mail();
    const { signal } = this.ending;
    const before = this.model.answer?.state;
    if (!mail) {
      return;
    }
    try {
      const answer = await this.parts.api.state(mail, signal);
      this.dispatchFor(signal, { type: "answered", answer, by: "look", at: Date.now() });
    } catch (error) {
      this.dispatchFor(signal, { type: "failed", trouble: asTrouble(error), by: "look" });
    }
    this.afterLook(signal, before);
  }

  private afterLook(signal: AbortSignal, before: MailState["state"] | undefined): void {
    const { answer, isExpecting, movingSince } = this.model;
    if (isExpecting && Date.now() - (movingSince ?? 0) > EXPECT_MS) {
      this.dispatchFor(signal, { type: "gave_up_expecting" });
    }
    if (answer?.state !== before) {
      void this.tell();
    }
  }

  /** Asks for a change of the mail that is shown, unless Outlook shows another one by now. */
  private act(ask: Ask, run: (mail: MailRef, signal: AbortSignal) => Promise<MailState>): void {
    this.follow();
    const mail = this.mail();
    if (mail && this.model.ask === null) {
      this.answer(ask, (signal) => run(mail, signal));
    }
  }

  private answer(ask: Ask, run: (signal: AbortSignal) => Promise<MailState>): void {
    void this.wait(ask, async (signal) => {
      const answer = await run(signal);
      return { type: "answered", answer, by: "act", at: Date.now() };
    });
  }

  private async wait(ask: Ask, run: (on: AbortSignal) => Promise<Event>): Promise<void> {
    const { signal } = this.ending;
    this.dispatch({ type: "asked", ask });
    const spinner = setTimeout(() => this.dispatchFor(signal, { type: "slow" }), SPINNER_MS);
    try {
      this.dispatchFor(signal, await run(signal));
    } catch (error) {
      this.dispatchFor(signal, { type: "failed", trouble: asTrouble(error), by: "act" });
    } finally {
      clearTimeout(spinner);
      this.poll.wake();
      void this.tell();
    }
  }

  private async switch(on: boolean): Promise<void> {
    const address = this.model.answer?.sender?.address;
    const { signal } = this.ending;
    if (!address) {
      return;
    }
    this.dispatch({ type: "switched", on });
    try {
      await this.parts.api.alwaysSync(address, on);
    } catch (error) {
      this.dispatchFor(signal, { type: "switch_failed", trouble: asTrouble(error) });
    }
  }

  private async tell(): Promise<void> {
    const mail = this.mail();
    const { signal } = this.ending;
    if (!mail || !this.model.isStoryOpen || signal.aborted) {
      return;
    }
    try {
      this.dispatchFor(signal, { type: "told", story: await this.parts.api.story(mail, signal) });
    } catch (error) {
      this.dispatchFor(signal, { type: "failed", trouble: asTrouble(error), by: "look" });
    }
  }

  private async connect(): Promise<void> {
    try {
      this.dispatch({ type: "connected", connection: await this.parts.api.connection() });
    } catch {
      // The foot says what was last known; the state above says what is wrong.
    }
  }

  private mail(): MailRef | null {
    const { selection } = this.model;
    return selection.kind === "mail" ? selection.mail.ref : null;
  }

  private dispatchFor(signal: AbortSignal, event: Event): void {
    if (!signal.aborted) {
      this.dispatch(event);
    }
  }

  private dispatch(event: Event): void {
    this.model = reduce(this.model, event);
    const { words, config } = this.parts;
    this.draw(show(this.model, { words, now: new Date(), ...config }));
  }
}
