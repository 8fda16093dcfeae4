/** What the add-in and the server say to each other under /api/v1. */

export interface MailRef {
  itemId: string;
  idType: "ews" | "rest";
  messageId: string | null;
}

export type Action = "sync" | "anyway" | "retry" | "choose" | "change" | "undo" | "create_contact";

export type MailStateName =
  "new" | "on_its_way" | "synced" | "waiting" | "parked" | "skipped" | "mirrored" | "draft";

export interface Target {
  organisationId: number;
  organisation: string;
  link: string | null;
  person: string | null;
  address: string | null;
  activityId: number | null;
}

export interface Candidate {
  organisationId: number;
  organisation: string;
  why: "contact" | "domain";
  /** The contact's name or address, or the domain. */
  who: string;
}

/** What webCRM keeps of a mail that was taken back: an entry, empty once `isTold`. */
export interface Withdrawn {
  organisationId: number;
  organisation: string;
  link: string | null;
  isTold: boolean;
}

/** How the mail stands by other copies of it. `by`: a name, null = not known. */
export interface Elsewhere {
  state: MailStateName;
  by: string | null;
}

export interface Steps {
  moved: boolean;
  read: boolean;
  filed: boolean;
  marked: boolean;
}

export interface MailState {
  state: MailStateName;
  /** A value of the server's Reason, such as "no contact". */
  reason: string | null;
  detail: string | null;
  /** Only for the state "new". */
  forecast: "known" | "nobody" | "several" | null;
  targets: Target[];
  candidates: Candidate[];
  addresses: string[];
  steps: Steps;
  at: string | null;
  tookSeconds: number | null;
  way: "button" | "hand" | "rule" | "webcrm" | null;
  by: string | null;
  can: Action[];
  sender: { address: string; name: string } | null;
  alwaysSync: boolean;
  /** An older server leaves these out. */
  withdrawn?: Withdrawn[];
  elsewhere?: Elsewhere | null;
}

export interface Organisation {
  id: number;
  name: string;
}

export interface Contact {
  name: string;
  address: string;
  organisationId: number;
}

export interface StoryLine {
  at: string;
  /** Names the event, such as "filed". */
  kind: string;
  /** The same in English, for events that the pane has no words for. */
  sentence: string;
  facts: Facts;
}

/** What an event speaks of. */
export interface Facts {
  place: "inbox" | "sent" | "root" | null;
  /** Names; an empty one = no Organisation. */
  organisations: string[];
  /** A value of the server's Reason. */
  reason: string | null;
  detail: string | null;
  by: string | null;
  isByRule: boolean;
  /** A colleague's copy keeps it in webCRM. */
  isShared: boolean;
}

export interface Story {
  /** Newest last. */
  lines: StoryLine[];
  tookSeconds: number | null;
}

export interface Connection {
  state: "connected" | "catching_up" | "needs_you";
  mailbox: string;
  push: boolean;
  onTheWay: number;
  waiting: number;
  parked: number;
  troubles: ConnectionTrouble[];
}

/** What holds the mailbox up. `detail`: Outlook's own words. */
export interface ConnectionTrouble {
  kind: "outlook" | "webcrm" | "push";
  detail: string | null;
}
