/** The five steps of the guide, and the rules that say when each is done. Pure. */

export const STEPS = [
  { key: "hand", title: "Drag a mail", hint: "onto a folder “webCRM sync”" },
  { key: "button", title: "Press the button", hint: "“Sync to webCRM” on another mail" },
  { key: "rule", title: "Always sync", hint: "open the pane, switch it on, deliver a mail" },
  { key: "webcrm", title: "Write from webCRM", hint: "“Send a mail”: it appears in Sent Items" },
  { key: "contact", title: "Meet someone new", hint: "sync an unknown sender, add the contact" },
];

/** The guide at its start. Each value is a set of ids, written as an object. */
export const INITIAL = {
  done: {},
  moved: {},
  elsewhere: {},
  known: {},
  unsynced: {},
  ruled: {},
  persons: null,
};

const FOLDER = "webCRM sync";

/** The sync folders: folder id -> the well-known folder above it. */
export function syncFolders({ folders }) {
  const found = {};
  let top = "";
  for (const { id, name, depth, place } of folders) {
    top = depth === 0 ? (place ?? "root") : top;
    if (name === FOLDER) {
      found[id] = depth === 0 ? "root" : top;
    }
  }
  return found;
}

/** The guide after a person moved mails to a folder. */
export function recordMoved(guide, ids) {
  return { ...guide, moved: { ...guide.moved, ...Object.fromEntries(ids.map((id) => [id, 1])) } };
}

/** The guide after another snapshot. */
export function observe(guide, now) {
  const next = structuredClone(guide);
  const isFirst = next.persons === null;
  next.persons ??= Object.fromEntries(now.crm.persons.map((person) => [person.id, 1]));
  for (const box of now.mailboxes) {
    if (isFirst) {
      Object.assign(next.ruled, sendersByRule(box));
    }
    const places = syncFolders(box);
    for (const mail of box.mails) {
      const place = places[mail.folder];
      if (!place) {
        next.elsewhere[mail.id] = 1;
      } else if (isFirst) {
        next.known[mail.id] = 1;
      }
      markDone(next, now, { box, mail, place });
    }
  }
  return next;
}

function markDone(guide, now, { box, mail, place }) {
  const { id, categories } = mail;
  if (categories.includes("Not synced")) {
    guide.unsynced[id] = 1;
  }
  if (!place || !categories.includes("Synced") || guide.known[id]) {
    return;
  }
  const isNew = !guide.elsewhere[id];
  const isFixed = guide.unsynced[id] && hasNewContact(guide, now, mail);
  const step = isFixed ? "contact" : wayOf(guide, { box, mail, place, isNew });
  if (step) {
    guide.done[step] = true;
  }
}

/** True if somebody on the mail has become a contact since the guide began. */
function hasNewContact({ persons }, { crm }, { from, to, cc }) {
  const addresses = [from, ...to, ...cc].map((person) => person?.address);
  return crm.persons.some(({ id, address }) => !persons[id] && addresses.includes(address));
}

/** The senders whose mail a rule moves: "rule sender" -> 1. */
function sendersByRule({ rules }) {
  const pairs = rules.flatMap(({ id, senders }) => senders.map((one) => [`${id} ${one}`, 1]));
  return Object.fromEntries(pairs);
}

/** How a mail came into its folder. A rule counts if it was switched on since the guide began. */
function wayOf(guide, { box, mail, place, isNew }) {
  if (guide.moved[mail.id]) {
    return "hand";
  }
  if (!isNew) {
    return "button";
  }
  if (place === "sentitems") {
    return "webcrm";
  }
  const newRules = Object.keys(sendersByRule(box)).filter((pair) => !guide.ruled[pair]);
  return newRules.some((pair) => pair.endsWith(` ${mail.from?.address.toLowerCase()}`)) && "rule";
}
