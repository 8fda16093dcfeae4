/** What there is to say of a mail beyond this copy: what webCRM keeps, what a colleague did. */

import type { MailState } from "./api_types.ts";
import { isWebAddress, nameOf } from "./view_context.ts";
import { isPending } from "./status_row.ts";
import type { Part, Words } from "./i18n.ts";

/** What webCRM keeps of a mail that was taken back, with the way there. */
export function leftBehind(answer: MailState, words: Words): Part[] {
  const { withdrawn = [] } = answer;
  const places = withdrawn.flatMap((one, index): Part[] => {
    const organisation = nameOf(one, words);
    const to = isWebAddress(one.link) ? one.link : null;
    const name = words.say("where.open", { organisation });
    return [
      { text: index ? ", " : "", strong: false },
      { text: organisation, strong: true },
      { text: to ? ": " : "", strong: false },
      ...(to ? [{ text: words.say("undone.open"), strong: false, link: { to, name } }] : []),
    ];
  });
  if (isPending(answer)) {
    return words.parts("undone.pending_line", { places });
  }
  return words.parts(withdrawn.length > 1 ? "undone.line_more" : "undone.line", { places });
}

/** Whose doing it is that the mail is in webCRM, and where. */
export function filedElsewhere({ targets, elsewhere }: MailState, words: Words): Part[] {
  const [target, ...more] = targets;
  const who = elsewhere?.by ?? words.say("colleague");
  if (!target) {
    return words.parts("colleague.line_nowhere", { who });
  }
  const organisation = nameOf(target, words);
  return more.length
    ? words.parts("colleague.line_more", { who, organisation, count: words.count(more.length) })
    : words.parts("colleague.line", { who, organisation });
}

/** What a colleague has begun with this mail and webCRM does not have yet. */
export function doneElsewhere({ elsewhere }: MailState, words: Words): string {
  const who = elsewhere?.by ?? words.say("colleague");
  switch (elsewhere?.state) {
    case "on_its_way":
    case "waiting":
    case "parked":
      return words.say(`colleague.${elsewhere.state}`, { who });
    default:
      return "";
  }
}
