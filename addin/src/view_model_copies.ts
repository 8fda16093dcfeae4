/** What webCRM holds of a mail apart from this copy: withdrawn entries, and colleagues' copies. */

import type { MailState } from "./api_models.ts";
import type { Part, Texts } from "./i18n.ts";
import { isWithdrawalPending } from "./status_row.ts";
import { isWebAddress, organisationName } from "./view_context.ts";

/** The entries that webCRM keeps of a mail that was taken back, with a link to each. */
export function withdrawnParts(mailState: MailState, texts: Texts): Part[] {
  const { withdrawn = [] } = mailState;
  const places = withdrawn.flatMap((entry, index): Part[] => {
    const organisation = organisationName(entry, texts);
    const to = isWebAddress(entry.link) ? entry.link : null;
    const name = texts.get("where.open", { organisation });
    return [
      { text: index ? ", " : "", isStrong: false },
      { text: organisation, isStrong: true },
      { text: to ? ": " : "", isStrong: false },
      ...(to ? [{ text: texts.get("undone.open"), isStrong: false, link: { to, name } }] : []),
    ];
  });
  return isWithdrawalPending(mailState)
    ? texts.parts("undone.pending_line", { places })
    : texts.pluralParts("undone.line", withdrawn.length, { places });
}

/** Who filed the mail from another copy, and under which Organisation. */
export function filedByColleagueParts({ targets, elsewhere }: MailState, texts: Texts): Part[] {
  const [target, ...more] = targets;
  const who = elsewhere?.by ?? texts.get("colleague");
  if (!target) {
    return texts.parts("colleague.line_nowhere", { who });
  }
  const organisation = organisationName(target, texts);
  return more.length
    ? texts.pluralParts("colleague.line_more", more.length, { who, organisation })
    : texts.parts("colleague.line", { who, organisation });
}

/** A colleague's sync of another copy that is not complete; empty if there is none. */
export function colleagueProgress({ elsewhere }: MailState, texts: Texts): string {
  const who = elsewhere?.by ?? texts.get("colleague");
  switch (elsewhere?.state) {
    case "on_its_way":
    case "waiting":
    case "parked":
      return texts.get(`colleague.${elsewhere.state}`, { who });
    default:
      return "";
  }
}
