/** The five steps: what each asks for, and when it is done. Pure. */

export const STEPS = [
  { key: "hand", title: "Drag a mail", hint: "onto a folder “webCRM sync”" },
  { key: "button", title: "Press the button", hint: "“Sync to webCRM” on another mail" },
  { key: "rule", title: "Always sync", hint: "open the pane, switch it on, deliver a mail" },
  { key: "webcrm", title: "Write from webCRM", hint: "“Send a mail”: it lands in Sent Items" },
  { key: "contact", title: "Meet someone new", hint: "sync an unknown sender, add the contact" },
];

/** Before anything was seen. Every value is a set of ids, written as an object. */
export const BEGIN = {
  done: {},
  moved: {},
  elsewhere: {},
  known: {},
  unsynced: {},
  ruled: {},
  persons: null,
};

const FOLDER = "webCRM sync";

/** Where mails wait to be synced: folder id -> the well-known folder it lies under. */
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

/** Mails were moved to a folder by hand. */
export function noteMoved(guide, ids) {
  return { ...guide, moved: { ...guide.moved, ...Object.fromEntries(ids.map((id) => [id, 1])) } };
}

/** What the guide knows after one more look. */
export function observe(guide, now) {
  const next = structuredClone(guide);
  const isFirst = next.persons === null;
  next.persons ??= Object.fromEntries(now.crm.persons.map((person) => [person.id, 1]));
  for (const box of now.mailboxes) {
    if (isFirst) {
      Object.assign(next.ruled, ruledBy(box));
    }
    const places = syncFolders(box);
    for (const mail of box.mails) {
      const place = places[mail.folder];
      if (!place) {
        next.elsewhere[mail.id] = 1;
      } else if (isFirst) {
        next.known[mail.id] = 1;
      }
      tick(next, now, { box, mail, place });
    }
  }
  return next;
}

function tick(guide, now, { box, mail, place }) {
  const { id, categories } = mail;
  if (categories.includes("Not synced")) {
    guide.unsynced[id] = 1;
  }
  if (!place || !categories.includes("Synced") || guide.known[id]) {
    return;
  }
  const isNew = !guide.elsewhere[id];
  const isCured = guide.unsynced[id] && isMet(guide, now, mail);
  const step = isCured ? "contact" : wayOf(guide, { box, mail, place, isNew });
  if (step) {
    guide.done[step] = true;
  }
}

/** Somebody on the mail has become a contact before one's eyes. */
function isMet({ persons }, { crm }, { from, to, cc }) {
  const on = [from, ...to, ...cc].map((person) => person?.address);
  return crm.persons.some(({ id, address }) => !persons[id] && on.includes(address));
}

/** Which rule moves whose mail: "rule sender" -> 1. */
function ruledBy({ rules }) {
  const pairs = rules.flatMap(({ id, senders }) => senders.map((one) => [`${id} ${one}`, 1]));
  return Object.fromEntries(pairs);
}

/** How a mail came into its folder. A rule counts when it was switched on before one's eyes. */
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
  const fresh = Object.keys(ruledBy(box)).filter((pair) => !guide.ruled[pair]);
  return fresh.some((pair) => pair.endsWith(` ${mail.from?.address.toLowerCase()}`)) && "rule";
}
