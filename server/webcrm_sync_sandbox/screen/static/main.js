/** Runs the page: handles what a person does, polls the server, and draws the result. */

import { drawBar, drawOrganisation, drawOrganisations } from "./crm.js";
import { drawPart } from "./dom.js";
import { ask, forms } from "./forms.js";
import { INITIAL, recordMoved, observe } from "./guide.js";
import * as host from "./host.js";
import * as outlook from "./outlook.js";
import { contextOf, organisationOf, sceneOf } from "./scene.js";
import { drawGuide, drawSwitches } from "./top.js";
import * as wire from "./wire.js";

const POLL_EVERY_MS = 500;
const STORAGE_KEY = "screen";
const { people } = wire.config;

/** The choices of this person; they survive a reload of the page. */
const ui = {
  who: people[0].address,
  folder: null,
  open: [],
  pane: false,
  theme: "light",
  language: "en",
  signedOut: false,
  organisation: null,
  ...JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "{}"),
};
// "Open in webCRM" opens this page.
ui.organisation =
  Number(new URLSearchParams(location.search).get("organisation")) || ui.organisation;
let guide = JSON.parse(sessionStorage.getItem(`${STORAGE_KEY} guide`) ?? "null") ?? INITIAL;
let text = "";
let now = null;
let scene = null;
let lastActivity = null;
let newActivity = null;
let closePane = null;
/** The notes that add-ins have shown on mails: mail -> key -> text. */
const notes = {};

function save() {
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ ...ui, isRunning: false }));
  sessionStorage.setItem(`${STORAGE_KEY} guide`, JSON.stringify(guide));
}

function change(patch) {
  Object.assign(ui, patch);
  draw();
}

async function refresh() {
  const next = await wire.fetchSnapshot();
  if (next !== text) {
    text = next;
    now = JSON.parse(next);
    guide = observe(guide, now);
    followActivities();
    draw();
  }
}

/** Runs a step that needs the network. Without a network the page says so and recovers later. */
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
      : "No network. The demo continues when the network is back";
  }
}

/** Shows the Organisation of a new Activity in webCRM. */
function followActivities() {
  const newest = Math.max(0, ...now.crm.activities.map(({ id }) => id));
  if (lastActivity !== null && newest > lastActivity) {
    newActivity = newest;
    ui.organisation = now.crm.activities.find(({ id }) => id === newest).organisation;
  }
  lastActivity = newest;
  ui.organisation ??= now.crm.organisations[0]?.id;
}

const actions = {
  openFolder: (folder) => change({ folder, open: [] }),
  openMail(mail, isMore) {
    const rest = isMore ? ui.open.filter(({ id }) => id !== mail.id) : [];
    const wasOpen = isMore && ui.open.length !== rest.length;
    change({ open: wasOpen ? rest : [...rest, { id: mail.id, itemId: mail.itemId }] });
    showPart("head");
    if (!mail.isRead) {
      void attempt(() => wire.read(ui.who, mail.id).then(refresh));
    }
  },
  async move(ids, folder) {
    if (scene.syncFolders[folder]) {
      guide = recordMoved(guide, ids);
    }
    await attempt(async () => {
      await Promise.all(ids.map((id) => wire.move(ui.who, id, folder)));
      announce("Moved");
      await refresh();
    });
  },
  deliver: (what) =>
    attempt(async () => {
      await wire.deliver(ui.who, what);
      announce("A mail has arrived");
      await refresh();
    }),
  async sync() {
    const { id } = scene.mail;
    change({ isRunning: true });
    const isDone = await host.runCommand(document.getElementById("commands"), "syncNow");
    if (!isDone) {
      showNote(id, "outlook", "The add-in webCRM does not answer. Try again later.");
    }
    change({ isRunning: false });
  },
  pane() {
    change({ pane: !ui.pane });
    showPart("pane");
  },
  dismiss: (key) => showNote(scene.mail.id, key, null),
  openOrganisation: (organisation) => change({ organisation }),
  async ask(kind) {
    const sender = scene.mail?.from;
    const fields = await ask(
      forms[kind]({
        crm: now.crm,
        organisation: ui.organisation,
        ...(isNewContact(sender) && sender),
      }),
    );
    if (fields) {
      await attempt(() => creators[kind](fields).then(refresh));
    }
  },
  choose(name, value) {
    const isOtherPerson = name === "who" && value !== ui.who;
    change({ [name]: value, ...(isOtherPerson && { folder: null, open: [] }) });
    if (name !== "theme") {
      reopenPane();
    }
  },
  setNetworkDown: (isDown) => attempt(() => wire.setNetworkDown(isDown).then(refresh)),
  setOutage: (outage, isOn) => attempt(() => wire.setOutage(outage, isOn).then(refresh)),
  signOut(signedOut) {
    change({ signedOut });
    reopenPane();
  },
};

const creators = {
  async organisation(fields) {
    const { id } = await wire.addOrganisation(fields);
    ui.organisation = id;
  },
  async person(fields) {
    await wire.addPerson(fields);
    ui.organisation = Number(fields.organisation);
  },
  mail: (fields) => wire.sendMail({ ...fields, sender: ui.who }),
};

/** In a narrow window the opened part may be far below. */
function showPart(id) {
  if (matchMedia("(max-width: 699px)").matches) {
    document.getElementById(id).scrollIntoView();
  }
}

function isNewContact(person) {
  return person && !now.crm.persons.some(({ address }) => address === person.address);
}

function showNote(mail, key, note) {
  notes[mail] = { ...notes[mail], [key]: note };
  draw();
}

function announce(words) {
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
  host.sendContext(contextOf(scene, people));
  const choices = [ui.who, ui.language, ui.theme, open];
  const lines = Object.entries(notes[mail?.id] ?? {})
    .filter(([, line]) => line)
    .map(([key, line]) => ({ key, text: line }));
  const organisation = organisationOf(now.crm, ui.organisation);
  drawPart("guide", guide.done, () => drawGuide(guide.done));
  drawPart("switches", [choices.slice(0, 3), now.isDown, now.moods, ui.signedOut], () =>
    drawSwitches(scene, actions),
  );
  drawPart(
    "ribbon",
    [choices, mail, box.folders.map(({ id, name }) => [id, name]), ui.pane, ui.isRunning],
    () => outlook.drawRibbon(scene, people, actions),
  );
  drawPart("folders", [box.folders, box.name, folder.id, syncFolders], () =>
    outlook.drawFolders(scene, actions),
  );
  drawPart("list", [mails, open, box.colours, folder], () => outlook.drawList(scene, actions));
  drawPart("notes", [mail?.id, lines], () => outlook.drawNotes(lines, actions));
  drawPart("head", [mail, open.length, box.colours, folder.id, folderNames], () =>
    outlook.drawHead(scene),
  );
  drawPart("letter", [mail?.id, ui.theme], () => outlook.drawLetter(scene));
  drawPart("crm-bar", [], () => drawBar(actions));
  drawPart(
    "organisations",
    [now.crm.organisations, now.crm.activities.length, ui.organisation],
    () => drawOrganisations(now.crm, ui.organisation, actions),
  );
  drawPart("organisation", [organisation, newActivity], () =>
    drawOrganisation(organisation, newActivity, actions),
  );
  drawPane();
  save();
}

function outlookHooks() {
  return {
    note: showNote,
    text: (mail) => wire.fetchText(scene.box.address, mail),
    isSignedOut: () => ui.signedOut,
    async askToSignIn({ name, address }) {
      const words = `webCRM mail sync asks for your name and address: ${name}, ${address}.`;
      const isAgreed =
        !ui.signedOut || (await ask({ title: "Sign in", text: words, button: "Sign in" }));
      if (isAgreed) {
        change({ signedOut: false });
      }
      return isAgreed;
    },
  };
}

host.listen(outlookHooks());
for (;;) {
  await attempt(refresh);
  await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
}
