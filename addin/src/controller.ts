/** Turns what a person does in the pane into requests and events. */

import { type Api, NO_CHOICE, type SimpleAction } from "./api.ts";
import type { Along } from "./api_models.ts";
import type { Auth } from "./auth.ts";
import { ContactController } from "./contact_controller.ts";
import { toAddinError } from "./errors.ts";
import { type Field, placeForm, replacedPlace } from "./forms.ts";
import type { Host } from "./host.ts";
import { OrganisationSearch } from "./organisation_search.ts";
import { type SearchOption, suggestedOptions } from "./search.ts";
import type { ControlledSession } from "./session.ts";
import { isBeforeSync } from "./status_row.ts";
import type { UserAction } from "./user_action.ts";
import type { ButtonName } from "./view_model_buttons.ts";
import { editTo, type PlaceEdit, type WantedPlace } from "./wanted_places.ts";

type Handlers = {
  [T in UserAction["type"]]: (action: Extract<UserAction, { type: T }>) => void;
};

/** Handles the person's actions in one pane. */
export class Controller {
  private readonly session: ControlledSession;
  private readonly api: Api;
  private readonly auth: Pick<Auth, "signIn">;
  private readonly contacts: ContactController;
  private readonly search: OrganisationSearch;
  /** What to offer in the open form before anything is typed. */
  private suggested: SearchOption[] = [];

  constructor(
    session: ControlledSession,
    api: Api,
    auth: Pick<Auth, "signIn">,
    host: Pick<Host, "bodyText">,
  ) {
    this.session = session;
    this.api = api;
    this.auth = auth;
    this.contacts = new ContactController(session, api, host);
    this.search = new OrganisationSearch(
      (text, signal) => api.organisations(text, signal),
      (text, options) => this.showFound(text, options),
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
    edit_place: ({ edit }) => this.editPlace(edit),
    open_places: ({ from }) => void this.openPlaces(from),
    choose_option: ({ option }) => this.chooseOption(option),
    choose_active: () => this.chooseActive(),
    choose_along: ({ along }) => this.chooseAlong(along),
    type: ({ field, text }) => this.type(field, text),
    move_option: ({ by }) => this.session.dispatch({ type: "option_moved", by }),
    submit: () => this.submit(),
    create_anyway: () => this.contacts.submit({ evenIfSimilar: true }),
    cancel: () => this.session.dispatch({ type: "panel_closed" }),
    switch: ({ isOn }) => void this.switchAlwaysSync(isOn),
    toggle_line: ({ line, isOpen }) => {
      this.session.dispatch({ type: "line_toggled", line, isOpen });
      void this.session.loadStory();
    },
  };

  private readonly buttons: Record<ButtonName, () => void> = {
    reload: () => this.session.load(),
    sign_in: () => this.signIn(),
    sync: () => this.sync({ evenIfPrivate: false }),
    mark_too: () => this.sync({ evenIfPrivate: false }),
    retry: () => this.act("retry"),
    anyway: () => this.act("anyway"),
    undo: () => this.act("undo"),
    file: () => {
      const [place] = this.session.model.draft.places ?? [];
      return place && this.fileUnder({ kind: "only", place });
    },
    choose: () => void this.openPlaces(null),
    create_contact: () => this.openContact(),
    add_customer: () => this.openContact(),
    // A link, which the browser follows.
    open: () => undefined,
  };

  private act(action: SimpleAction): void {
    this.session.act("act", (mail) => this.api.act(action, mail));
  }

  /** Asks first about a mail that Outlook marks as private. */
  private sync({ evenIfPrivate }: { evenIfPrivate: boolean }): void {
    const { draft, mailState } = this.session.model;
    if (mailState?.sensitivity && !evenIfPrivate) {
      this.session.dispatch({ type: "panel_opened", panel: { kind: "private" } });
    } else {
      this.session.act("act", (mail) => this.api.sync(mail, { ...draft, evenIfPrivate }));
    }
  }

  /** Edits a place as soon as no other request is pending: people click faster than webCRM. */
  private editPlace(edit: PlaceEdit): void {
    this.session.whenFree(() => this.editPlaceNow(edit));
  }

  /** Before the sync, remembers the edit for it; afterwards shows it, and sends it at once. */
  private editPlaceNow(edit: PlaceEdit): void {
    const { mailState } = this.session.model;
    if (!mailState) {
      return;
    }
    this.session.dispatch({ type: "places_edited", edit });
    if (edit.kind !== "only" && !isBeforeSync(mailState)) {
      this.session.act("act", (mail) => this.api.editPlace(mail, edit));
    }
  }

  /** Remembers the choice for the button that sends it; sends it at once if there is none. */
  private chooseAlong(along: Along): void {
    const { mailState } = this.session.model;
    this.session.dispatch({ type: "along_chosen", along });
    const isHeld = mailState?.state === "waiting" || mailState?.state === "parked";
    if (isHeld && !mailState.can.includes("sync")) {
      this.session.whenFree(() =>
        this.session.act("act", (mail) => this.api.sync(mail, { ...NO_CHOICE, along })),
      );
    }
  }

  /** Files a mail that waits or needs a decision, or one that the product would skip. */
  private fileUnder(edit: PlaceEdit & { kind: "only" }): void {
    const isSkipped = this.session.model.mailState?.state === "skipped";
    const { organisationId } = edit.place;
    this.session.whenFree(() =>
      this.session.act("act", (mail) =>
        isSkipped ? this.api.choose(mail, organisationId) : this.api.editPlace(mail, edit),
      ),
    );
  }

  /** Opens the form for one more place, or for another one in place of `from`. */
  private async openPlaces(from: number | null): Promise<void> {
    this.session.dispatch({ type: "panel_opened", panel: placeForm(from) });
    this.suggest(suggestedOptions(this.session.model.mailState?.candidates ?? []));
    const signal = this.session.whileSelected;
    const { mail } = this.session;
    try {
      const found = mail && (await this.api.suggestions(mail, signal));
      if (found && !signal.aborted) {
        this.suggest(suggestedOptions(found.candidates, found.recent));
      }
    } catch {
      // The search finds every Organisation without suggestions too.
    }
  }

  /** A mail that the product would skip makes no customer. */
  private showFound(text: string, found: SearchOption[]): void {
    const isSkipped = this.session.model.mailState?.state === "skipped";
    const options = isSkipped ? found.filter(({ id }) => id !== null) : found;
    this.session.dispatch({ type: "found", text, options });
  }

  private suggest(options: SearchOption[]): void {
    this.suggested = options;
    this.session.dispatch({ type: "found", text: "", options });
  }

  private openContact(name = ""): void {
    this.contacts.open(name, replacedPlace(this.session.model.panel));
    this.suggest([]);
  }

  private type(field: Field, text: string): void {
    this.session.dispatch({ type: "typed", field, text });
    if (field === "search") {
      this.search.search(text.trim(), this.suggested);
    }
  }

  private chooseActive(): void {
    const { panel } = this.session.model;
    const search = panel && "search" in panel ? panel.search : null;
    const option = search?.options?.[search.active];
    if (option) {
      this.chooseOption(option);
    }
  }

  private chooseOption({ id, name }: SearchOption): void {
    const { panel } = this.session.model;
    // An Organisation that exists needs no form without a contact.
    const staysInForm = panel?.kind === "contact" && (panel.hasContact || id === null);
    if (staysInForm) {
      const organisation = id === null ? null : { id, name };
      this.session.dispatch({ type: "organisation_chosen", organisation, name });
    } else if (id === null) {
      this.openContact(name);
    } else {
      this.placeAt({ organisationId: id, organisation: name, opportunityId: null });
    }
  }

  /** Moves the mail to this place, or files it there too. */
  private placeAt(place: WantedPlace): void {
    const { panel, mailState } = this.session.model;
    const from = replacedPlace(panel);
    const isFirst = mailState?.state === "skipped" || mailState?.state === "waiting";
    const isAnswer = mailState && isBeforeSync(mailState) && mailState.candidates.length > 0;
    if (from === null && isFirst) {
      this.fileUnder({ kind: "only", place });
    } else if (from === null && isAnswer) {
      this.editPlace({ kind: "only", place });
    } else {
      this.editPlace(editTo(place, from));
    }
  }

  private submit(): void {
    const { panel } = this.session.model;
    if (panel?.kind === "private") {
      this.sync({ evenIfPrivate: true });
    } else if (panel?.kind === "contact") {
      this.contacts.submit({ evenIfSimilar: false });
    }
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
