/** Computes what the screen shows from the snapshot and the person's choices. Pure. */

import { syncFolders } from "./guide.js";

/** Outlook's preset colours. Source: Microsoft Graph, outlookCategory. */
const PRESETS = [
  "#d13438",
  "#ca5010",
  "#986f0b",
  "#c19c00",
  "#107c10",
  "#038387",
  "#6b7a1c",
  "#0f6cbd",
  "#5c2e91",
];

/** The values that the drawing functions need. */
export function sceneOf(ui, now, people) {
  const box = now.mailboxes.find(({ address }) => address === ui.who);
  const folder = box.folders.find(({ id }) => id === ui.folder) ?? box.folders[0];
  const byId = Object.fromEntries(box.mails.map((mail) => [mail.id, mail]));
  const open = ui.open.filter(({ id }) => byId[id]);
  const mails = box.mails
    .filter((mail) => mail.folder === folder.id)
    .sort((a, b) => b.at.localeCompare(a.at));
  return {
    ui,
    now,
    box,
    folder,
    mails,
    open,
    mail: open.length === 1 ? byId[open[0].id] : null,
    me: people.find(({ address }) => address === ui.who),
    syncFolders: syncFolders(box),
    folderNames: Object.fromEntries(box.folders.map(({ id, name }) => [id, name])),
  };
}

/** The context that Outlook gives an add-in. The id is from the moment the mail was opened. */
export function contextOf({ ui, mail, open, me }, people) {
  const person = people.find(({ address }) => address === me.signsInAs);
  const { theme, language } = ui;
  return {
    person: { name: person.name, address: person.address },
    theme,
    language,
    mail: mail && { ...mail, itemId: open[0].itemId, isShared: me.address !== me.signsInAs },
  };
}

/** The colour of a category in a mailbox; grey if the owner's list lacks it. */
export function colourOf({ colours }, category) {
  const found = Object.keys(colours).find((name) => name.toLowerCase() === category.toLowerCase());
  return (found && PRESETS[Number(colours[found].replace("preset", ""))]) || "#616161";
}

/** The people that a row of the list names: the sender, or the recipients of an own mail. */
export function whoOf(mail, { place }) {
  const isOwn = place === "sentitems" || place === "drafts" || mail.isDraft;
  const people = isOwn ? mail.to : [mail.from];
  return people.map((person) => person?.name || person?.address || "").join(", ");
}

/** A time as the list shows it: the hour of today, or the day. */
export function whenOf(iso) {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday
    ? at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
    : at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** An Organisation as webCRM shows it. */
export function organisationOf(crm, id) {
  const activities = crm.activities
    .filter(({ organisation }) => organisation === id)
    .sort((a, b) => b.id - a.id);
  return {
    ...crm.organisations.find((one) => one.id === id),
    persons: crm.persons.filter(({ organisation }) => organisation === id),
    opportunities: crm.opportunities.filter(({ organisation }) => organisation === id),
    activities: activities.map((one) => ({
      ...one,
      who: crm.persons.find(({ id: person }) => person === one.person)?.name ?? "",
      documents: crm.documents.filter(({ activity }) => activity === one.id),
    })),
  };
}
