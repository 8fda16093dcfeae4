/** Turns what a person does in the pane into requests and events. */

import type { Api, SimpleAction } from "./api.ts";
import type { Organisation } from "./api_models.ts";
import type { Auth } from "./auth.ts";
import { toAddinError } from "./errors.ts";
import { OrganisationSearch } from "./organisation_search.ts";
import type { Session } from "./session.ts";
import { type Field, type Panel, replacedTarget } from "./state.ts";
import type { UserAction } from "./user_action.ts";
import type { ButtonName } from "./view_model_buttons.ts";
import { isComplete } from "./view_model_form.ts";

type ControlledSession = Pick<
  Session,
  | "act"
  | "awaitRequest"
  | "dispatch"
  | "dispatchUnlessAborted"
  | "load"
  | "loadConnection"
  | "loadStory"
  | "model"
  | "whileSelected"
>;
type Handlers = {
  [T in UserAction["type"]]: (action: Extract<UserAction, { type: T }>) => void;
};

/** Handles the person's actions in one pane. */
export class Controller {
  private readonly session: ControlledSession;
  private readonly api: Api;
  private readonly auth: Pick<Auth, "signIn">;
  private readonly search: OrganisationSearch;

  constructor(session: ControlledSession, api: Api, auth: Pick<Auth, "signIn">) {
    this.session = session;
    this.api = api;
    this.auth = auth;
    this.search = new OrganisationSearch(
      (text, signal) => api.organisations(text, signal),
      (text, organisations) => session.dispatch({ type: "found", text, organisations }),
      (error) => session.dispatch({ type: "failed", error: toAddinError(error), by: "poll" }),
    );
  }

  /** Handles one action. Never throws: an error becomes an event. */
  handle(action: UserAction): void {
    (this.handlers[action.type] as (action: UserAction) => void)(action);
  }

  private readonly handlers: Handlers = {
    click: ({ button }) => this.buttons[button](),
    close_notice: () => this.session.dispatch({ type: "notice_closed" }),
    mark_candidate: ({ organisation }) => this.session.dispatch({ type: "chosen", organisation }),
    mark_replaced: ({ organisationId }) =>
      this.session.dispatch({ type: "replaced_marked", organisationId }),
    choose: ({ organisation }) => this.choose(organisation),
    choose_active: () => this.chooseActive(),
    type: ({ field, text }) => this.type(field, text),
    move_option: ({ by }) => this.session.dispatch({ type: "option_moved", by }),
    submit: () => this.submit(),
    cancel: () => this.session.dispatch({ type: "panel_closed" }),
    switch: ({ isOn }) => void this.switchAlwaysSync(isOn),
    toggle_story: ({ isOpen }) => {
      this.session.dispatch({ type: "story_toggled", isOpen });
      void this.session.loadStory();
    },
  };

  private readonly buttons: Record<ButtonName, () => void> = {
    reload: () => this.session.load(),
    sign_in: () => this.signIn(),
    sync: () => {
      const { chosen } = this.session.model;
      this.session.act("sync", (mail) => this.api.sync(mail, chosen ? [chosen.id] : []));
    },
    retry: () => this.act("retry"),
    anyway: () => this.act("anyway"),
    undo: () => this.act("undo"),
    file: () => {
      const { chosen } = this.session.model;
      return chosen && this.fileUnder(chosen);
    },
    choose: () => this.openPanel("choose"),
    change: () => this.openPanel("change"),
    create_contact: () => this.openPanel("contact"),
    // A link, which the browser follows.
    open: () => undefined,
  };

  private act(action: SimpleAction): void {
    this.session.act(action, (mail) => this.api.act(action, mail));
  }

  private openPanel(panel: Panel["kind"]): void {
    this.session.dispatch({ type: "panel_opened", panel });
    this.search.search("", this.candidates());
  }

  private type(field: Field, text: string): void {
    this.session.dispatch({ type: "typed", field, text });
    if (field === "search") {
      this.search.search(text.trim(), this.candidates());
    }
  }

  /** The Organisations to choose from while the search is empty. */
  private candidates(): Organisation[] {
    const { candidates = [] } = this.session.model.mailState ?? {};
    return candidates.map(({ organisationId: id, organisation: name }) => ({ id, name }));
  }

  /** Before the sync, remembers the choice for it; afterwards files the mail at once. */
  private choose(organisation: Organisation): void {
    const { panel, mailState } = this.session.model;
    if (panel?.kind === "change" || (panel?.kind === "choose" && mailState?.state !== "new")) {
      this.fileUnder(organisation);
    } else {
      this.session.dispatch({ type: "chosen", organisation });
    }
  }

  private chooseActive(): void {
    const { found, active } = this.session.model.panel?.search ?? { found: null, active: -1 };
    const organisation = found?.[active];
    if (organisation) {
      this.choose(organisation);
    }
  }

  private fileUnder({ id }: Organisation): void {
    const { model } = this.session;
    const replaced = replacedTarget(model);
    if (model.panel?.kind !== "change" || replaced) {
      const replaces = replaced?.organisationId ?? null;
      this.session.act("choose", (mail) => this.api.choose(mail, id, replaces));
    }
  }

  private submit(): void {
    const { panel, pending } = this.session.model;
    if (panel?.kind !== "contact" || pending !== null) {
      return;
    }
    const { organisation } = panel;
    if (!isComplete(panel) || !organisation) {
      this.session.dispatch({ type: "incomplete" });
      return;
    }
    const [name, address] = [panel.name.trim(), panel.address.trim()];
    void this.session.awaitRequest("contact", async () => {
      await this.api.createContact({ name, address, organisationId: organisation.id });
      return { type: "contact_created", at: Date.now() };
    });
  }

  private signIn(): void {
    const claims = this.session.model.error?.claims ?? null;
    const signal = this.session.whileSelected;
    this.session.act("sign_in", async (mail) => {
      await this.auth.signIn(claims);
      void this.session.loadConnection();
      return this.api.state(mail, signal);
    });
  }

  /** Moves the switch at once; the event of a failure moves it back. */
  private async switchAlwaysSync(isOn: boolean): Promise<void> {
    const address = this.session.model.mailState?.sender?.address;
    const signal = this.session.whileSelected;
    if (!address) {
      return;
    }
    this.session.dispatch({ type: "switched", isOn });
    try {
      await this.api.alwaysSync(address, isOn);
    } catch (cause) {
      const error = toAddinError(cause);
      this.session.dispatchUnlessAborted(signal, { type: "switch_failed", error });
    }
  }
}
