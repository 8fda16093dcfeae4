/** What a person does in the pane, turned into calls and events. */

import type { Api } from "./api.ts";
import type { Auth } from "./auth.ts";
import type { Organisation } from "./api_types.ts";
import { asTrouble } from "./errors.ts";
import { Lookup } from "./organisation_search.ts";
import type { Pane } from "./session.ts";
import { isComplete } from "./view_model_form.ts";
import type { Intent } from "./view_model_buttons.ts";
import { type Field, type Panel, replacedIn } from "./state.ts";
import type { Deed } from "./render.ts";

type Desk = Pick<
  Pane,
  | "model"
  | "dispatch"
  | "dispatchFor"
  | "whileSelected"
  | "act"
  | "wait"
  | "look"
  | "tell"
  | "connect"
>;
type Takers = { [T in Deed["type"]]: (deed: Extract<Deed, { type: T }>) => void };

/** Does what a person asks for. */
export class Deeds {
  private readonly desk: Desk;
  private readonly api: Api;
  private readonly auth: Pick<Auth, "signIn">;
  private readonly lookup: Lookup;

  constructor(desk: Desk, api: Api, auth: Pick<Auth, "signIn">) {
    this.desk = desk;
    this.api = api;
    this.auth = auth;
    this.lookup = new Lookup(
      (text, signal) => api.organisations(text, signal),
      (text, organisations) => desk.dispatch({ type: "found", text, organisations }),
      (error) => desk.dispatch({ type: "failed", trouble: asTrouble(error), by: "look" }),
    );
  }

  /** Does one deed. What goes wrong becomes an event. */
  take(deed: Deed): void {
    (this.takers[deed.type] as (deed: Deed) => void)(deed);
  }

  private readonly takers: Takers = {
    press: ({ intent }) => this.intents[intent](),
    replace: ({ organisationId }) => this.desk.dispatch({ type: "replacing", organisationId }),
    mark: ({ organisation }) => this.desk.dispatch({ type: "picked", organisation }),
    pick: ({ organisation }) => this.pick(organisation),
    pick_active: () => this.pickActive(),
    type: ({ field, text }) => this.type(field, text),
    step: ({ by }) => this.desk.dispatch({ type: "moved", step: by }),
    submit: () => this.submit(),
    cancel: () => this.desk.dispatch({ type: "closed" }),
    switch: ({ isOn }) => void this.switch(isOn),
    story: ({ isOpen }) => {
      this.desk.dispatch({ type: "story_opened", isOpen });
      void this.desk.tell();
    },
  };

  private readonly intents: Record<Intent, () => void> = {
    look: () => this.desk.look(),
    sign_in: () => this.signIn(),
    sync: () => {
      const { picked } = this.desk.model;
      this.desk.act("sync", (mail) => this.api.sync(mail, picked ? [picked.id] : []));
    },
    retry: () => this.desk.act("retry", (mail) => this.api.act("retry", mail)),
    anyway: () => this.desk.act("anyway", (mail) => this.api.act("anyway", mail)),
    undo: () => this.desk.act("undo", (mail) => this.api.act("undo", mail)),
    file: () => {
      const { picked } = this.desk.model;
      return picked && this.choose(picked);
    },
    choose: () => this.open("choose"),
    change: () => this.open("change"),
    create_contact: () => this.open("contact"),
    // A link: the browser follows it.
    open: () => undefined,
  };

  private open(panel: Panel["kind"]): void {
    this.desk.dispatch({ type: "opened", panel });
    this.lookup.search("", this.likely());
  }

  private type(field: Field, text: string): void {
    this.desk.dispatch({ type: "typed", field, text });
    if (field === "search") {
      this.lookup.search(text.trim(), this.likely());
    }
  }

  /** What to choose from before anything is typed. */
  private likely(): Organisation[] {
    const { candidates = [] } = this.desk.model.answer ?? {};
    return candidates.map(({ organisationId: id, organisation: name }) => ({ id, name }));
  }

  /** Before the sync a choice only marks; afterwards it is what the person wants now. */
  private pick(organisation: Organisation): void {
    const { panel, answer } = this.desk.model;
    if (panel?.kind === "change" || (panel?.kind === "choose" && answer?.state !== "new")) {
      this.choose(organisation);
    } else {
      this.desk.dispatch({ type: "picked", organisation });
    }
  }

  private pickActive(): void {
    const { found, active } = this.desk.model.panel?.search ?? { found: null, active: -1 };
    const organisation = found?.[active];
    if (organisation) {
      this.pick(organisation);
    }
  }

  private choose({ id }: Organisation): void {
    const { model } = this.desk;
    const replaced = replacedIn(model);
    if (model.panel?.kind !== "change" || replaced) {
      const replaces = replaced?.organisationId ?? null;
      this.desk.act("choose", (mail) => this.api.choose(mail, id, replaces));
    }
  }

  private submit(): void {
    const { panel, ask } = this.desk.model;
    if (panel?.kind !== "contact" || ask !== null) {
      return;
    }
    const { organisation } = panel;
    if (!isComplete(panel) || !organisation) {
      this.desk.dispatch({ type: "incomplete" });
      return;
    }
    const [name, address] = [panel.name.trim(), panel.address.trim()];
    void this.desk.wait("contact", async () => {
      await this.api.createContact({ name, address, organisationId: organisation.id });
      return { type: "contact_made", at: Date.now() };
    });
  }

  private signIn(): void {
    const claims = this.desk.model.trouble?.claims ?? null;
    const signal = this.desk.whileSelected;
    this.desk.act("sign_in", async (mail) => {
      await this.auth.signIn(claims);
      void this.desk.connect();
      return this.api.state(mail, signal);
    });
  }

  private async switch(on: boolean): Promise<void> {
    const address = this.desk.model.answer?.sender?.address;
    const signal = this.desk.whileSelected;
    if (!address) {
      return;
    }
    this.desk.dispatch({ type: "switched", on });
    try {
      await this.api.alwaysSync(address, on);
    } catch (error) {
      this.desk.dispatchFor(signal, { type: "switch_failed", trouble: asTrouble(error) });
    }
  }
}
