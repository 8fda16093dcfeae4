/** The page at work: what a person does, what comes from the server, and what is drawn of it. */

import { drawBar, drawOrganisation, drawOrganisations } from "./crm.js";
import { paint } from "./dom.js";
import { ask, forms } from "./forms.js";
import { BEGIN, noteMoved, observe } from "./guide.js";
import * as host from "./host.js";
import * as outlook from "./outlook.js";
import { contextOf, organisationOf, sceneOf } from "./scene.js";
import { drawGuide, drawSwitches } from "./top.js";
import * as wire from "./wire.js";

const LOOK_EVERY_MS = 500;
const KEPT = "screen";
const { people } = wire.told;

/** What this person chose; survives a reload of the page. */
const ui = {
  who: people[0].address,
  folder: null,
  open: [],
  pane: false,
  theme: "light",
  language: "en",
  signedOut: false,
  organisation: null,
  ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"),
};
// "Open in webCRM" leads here.
ui.organisation =
  Number(new URLSearchParams(location.search).get("organisation")) || ui.organisation;
let guide = JSON.parse(sessionStorage.getItem(`${KEPT} guide`) ?? "null") ?? BEGIN;
let text = "";
let now = null;
let scene = null;
let lastActivity = null;
let fresh = null;
let closePane = null;
/** The lines that add-ins have put on mails: mail -> key -> text. */
const notes = {};

function keep() {
  sessionStorage.setItem(KEPT, JSON.stringify({ ...ui, isRunning: false }));
  sessionStorage.setItem(`${KEPT} guide`, JSON.stringify(guide));
}

function change(patch) {
  Object.assign(ui, patch);
  draw();
}

async function look() {
  const next = await wire.lookNow();
  if (next !== text) {
    text = next;
    now = JSON.parse(next);
    guide = observe(guide, now);
    followActivities();
    draw();
  }
}

/** Runs what needs the network. Without one the page says so, quietly, and goes on when it is back. */
async function attempt(run) {
  try {
    await run();
    document.body.removeAttribute("data-gone");
  } catch (error) {
    if (!(error instanceof wire.NoAnswer)) {
      throw error;
    }
    document.body.dataset.gone = navigator.onLine
      ? "The demo does not answer: it has been stopped"
      : "No network. The demo goes on when it is back";
  }
}

/** webCRM shows the Organisation under which something new stands. */
function followActivities() {
  const newest = Math.max(0, ...now.crm.activities.map(({ id }) => id));
  if (lastActivity !== null && newest > lastActivity) {
    fresh = newest;
    ui.organisation = now.crm.activities.find(({ id }) => id === newest).organisation;
  }
  lastActivity = newest;
  ui.organisation ??= now.crm.organisations[0]?.id;
}

const acts = {
  openFolder: (folder) => change({ folder, open: [] }),
  openMail(mail, isMore) {
    const others = isMore ? ui.open.filter(({ id }) => id !== mail.id) : [];
    const wasOpen = isMore && ui.open.length !== others.length;
    change({ open: wasOpen ? others : [...others, { id: mail.id, itemId: mail.itemId }] });
    bringIntoView("head");
    if (!mail.isRead) {
      void attempt(() => wire.read(ui.who, mail.id).then(look));
    }
  },
  async move(ids, folder) {
    if (scene.syncFolders[folder]) {
      guide = noteMoved(guide, ids);
    }
    await attempt(async () => {
      await Promise.all(ids.map((id) => wire.move(ui.who, id, folder)));
      say("Moved");
      await look();
    });
  },
  deliver: (what) =>
    attempt(async () => {
      await wire.deliver(ui.who, what);
      say("A mail has arrived");
      await look();
    }),
  async sync() {
    const { id } = scene.mail;
    change({ isRunning: true });
    const isDone = await host.runCommand(document.getElementById("commands"), "syncNow");
    if (!isDone) {
      putNote(id, "outlook", "The add-in webCRM does not answer. Try again later.");
    }
    change({ isRunning: false });
  },
  pane() {
    change({ pane: !ui.pane });
    bringIntoView("pane");
  },
  dismiss: (key) => putNote(scene.mail.id, key, null),
  openOrganisation: (organisation) => change({ organisation }),
  async ask(kind) {
    const stranger = scene.mail?.from;
    const given = await ask(
      forms[kind]({
        crm: now.crm,
        organisation: ui.organisation,
        ...(isNew(stranger) && stranger),
      }),
    );
    if (given) {
      await attempt(() => makers[kind](given).then(look));
    }
  },
  choose(name, value) {
    const isElse = name === "who" && value !== ui.who;
    change({ [name]: value, ...(isElse && { folder: null, open: [] }) });
    if (name !== "theme") {
      reopenPane();
    }
  },
  pullLine: (isDown) => attempt(() => wire.pullLine(isDown).then(look)),
  turnMood: (mood, isOn) => attempt(() => wire.turnMood(mood, isOn).then(look)),
  signOut(signedOut) {
    change({ signedOut });
    reopenPane();
  },
};

const makers = {
  async organisation(given) {
    const { id } = await wire.addOrganisation(given);
    ui.organisation = id;
  },
  async person(given) {
    await wire.addPerson(given);
    ui.organisation = Number(given.organisation);
  },
  mail: (given) => wire.sendMail({ ...given, sender: ui.who }),
};

/** Where everything is below each other, what was opened may be far below. */
function bringIntoView(id) {
  if (matchMedia("(max-width: 699px)").matches) {
    document.getElementById(id).scrollIntoView();
  }
}

function isNew(person) {
  return person && !now.crm.persons.some(({ address }) => address === person.address);
}

function putNote(mail, key, line) {
  notes[mail] = { ...notes[mail], [key]: line };
  draw();
}

function say(words) {
  document.getElementById("live").textContent = words;
}

function reopenPane() {
  closePane?.();
  closePane = null;
  draw();
}

function drawPane() {
  const place = document.getElementById("pane");
  place.hidden = !ui.pane;
  if (ui.pane && !closePane) {
    closePane = host.openPane(place, "webCRM");
  } else if (!ui.pane && closePane) {
    closePane();
    closePane = null;
  }
}

function draw() {
  scene = sceneOf(ui, now, people);
  const { box, folder, mail, open, mails, syncFolders, folderNames } = scene;
  document.documentElement.dataset.theme = ui.theme;
  host.tell(contextOf(scene, people));
  const chosen = [ui.who, ui.language, ui.theme, open];
  const lines = Object.entries(notes[mail?.id] ?? {})
    .filter(([, line]) => line)
    .map(([key, line]) => ({ key, text: line }));
  const organisation = organisationOf(now.crm, ui.organisation);
  paint("guide", guide.done, () => drawGuide(guide.done));
  paint("switches", [chosen.slice(0, 3), now.isDown, now.moods, ui.signedOut], () =>
    drawSwitches(scene, acts),
  );
  paint(
    "ribbon",
    [chosen, mail, box.folders.map(({ id, name }) => [id, name]), ui.pane, ui.isRunning],
    () => outlook.drawRibbon(scene, people, acts),
  );
  paint("folders", [box.folders, box.name, folder.id, syncFolders], () =>
    outlook.drawFolders(scene, acts),
  );
  paint("list", [mails, open, box.colours, folder], () => outlook.drawList(scene, acts));
  paint("notes", [mail?.id, lines], () => outlook.drawNotes(lines, acts));
  paint("head", [mail, open.length, box.colours, folder.id, folderNames], () =>
    outlook.drawHead(scene),
  );
  paint("letter", [mail?.id, ui.theme], () => outlook.drawLetter(scene));
  paint("crm-bar", [], () => drawBar(acts));
  paint("organisations", [now.crm.organisations, now.crm.activities.length, ui.organisation], () =>
    drawOrganisations(now.crm, ui.organisation, acts),
  );
  paint("organisation", [organisation, fresh], () => drawOrganisation(organisation, fresh, acts));
  drawPane();
  keep();
}

function hooks() {
  return {
    note: putNote,
    isSignedOut: () => ui.signedOut,
    async askToSignIn({ name, address }) {
      const words = `webCRM mail sync asks to know who you are: ${name}, ${address}.`;
      const isAgreed =
        !ui.signedOut || (await ask({ title: "Sign in", text: words, does: "Sign in" }));
      if (isAgreed) {
        change({ signedOut: false });
      }
      return isAgreed;
    },
  };
}

host.listen(hooks());
for (;;) {
  await attempt(look);
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
