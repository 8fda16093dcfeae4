/** Builds the view of a mail's state after some events. */

import type { MailState } from "../src/api_models.ts";
import { textOf } from "../src/i18n.ts";
import { type Event, initialModel, reduce } from "../src/state.ts";
import { createViewModel, type View } from "../src/view_model.ts";
import { mail, NOW, textsIn } from "./fixtures.ts";

export const texts = textsIn("en-GB");
export const context = { texts, now: NOW, folderName: "webCRM sync", usualSeconds: 3 };

/** The view of this state, after these events. */
export function viewOf(state: MailState | null, events: Event[] = [], selection = mail("1")): View {
  const first: Event[] = state
    ? [{ type: "loaded", mailState: state, by: "person", at: NOW.getTime() }]
    : [];
  return createViewModel([...first, ...events].reduce(reduce, initialModel(selection)), context);
}

/** The sentence, the line, the primary button's label and the labels of the others. */
export function rowOf({ status }: View): (string | null)[] {
  const { primary, secondary } = status;
  return [
    status.sentence,
    textOf(status.line),
    primary ? primary.label + (primary.isReady ? "" : " (not ready)") : null,
    secondary.map((button) => button.label).join(" / "),
  ];
}
