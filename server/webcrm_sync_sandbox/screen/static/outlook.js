/** Draws the small Outlook. */

import { h, menu } from "./dom.js";
import { icon } from "./icons.js";
import { colourOf, whenOf, whoOf } from "./scene.js";
import { fileUrl, letterUrl, config } from "./wire.js";

const WORDS = {
  en: { sync: "Sync to webCRM", pane: "webCRM" },
  da: { sync: "Synkroniser til webCRM", pane: "webCRM" },
  de: { sync: "Mit webCRM synchronisieren", pane: "webCRM" },
  nl: { sync: "Synchroniseren met webCRM", pane: "webCRM" },
  no: { sync: "Synkroniser til webCRM", pane: "webCRM" },
  fi: { sync: "Synkronoi webCRM:ään", pane: "webCRM" },
  sv: { sync: "Synka till webCRM", pane: "webCRM" },
};
const DRAG_TYPE = "application/x-mails";

/** An icon of the manifest, as Outlook shows it. */
const iconOf = (name) =>
  h("img", { class: "mark", alt: "", src: `${config.paneUrl}/addin/icons/${name}.png` });

export function drawRibbon({ ui, open, mail, box }, people, actions) {
  const words = WORDS[ui.language];
  const repeatable = mail && !mail.isDraft && mail.from?.address !== box.address ? mail : null;
  const arrivals = config.ready.map(({ key, title }) => ({
    word: title,
    key: `deliver ${key}`,
    action: () => actions.deliver({ key }),
  }));
  const another = repeatable && {
    word: `Another from ${repeatable.from.name || repeatable.from.address}`,
    key: "deliver again",
    action: () => actions.deliver({ like: repeatable.id }),
  };
  const places = box.folders.map(({ id, name, depth }) => ({
    word: name,
    key: `move ${id}`,
    depth,
    action: () =>
      actions.move(
        open.map((one) => one.id),
        id,
      ),
  }));
  return [
    h("div", { class: "app" }, "Outlook"),
    h(
      "select",
      {
        "aria-label": "Whose Outlook",
        "data-key": "who",
        on: { change: ({ target }) => actions.choose("who", target.value) },
      },
      people.map(({ address, name, note }) =>
        h("option", { value: address, selected: ui.who === address }, `${name} (${note})`),
      ),
    ),
    menu({
      id: "deliver",
      word: "Deliver a mail",
      picture: "mail",
      lines: [{ title: "Deliver a mail from …" }, another, ...arrivals].filter(Boolean),
    }),
    menu({
      id: "move",
      word: "Move to",
      picture: "folder",
      isOff: !open.length,
      lines: [{ title: "Move to …" }, ...places],
    }),
    h("span", { class: "gap" }),
    h(
      "button",
      {
        class: "ours",
        "data-key": "sync",
        disabled: !mail || mail.isDraft || ui.isRunning,
        on: { click: actions.sync },
      },
      iconOf("sync-20"),
      words.sync,
    ),
    h(
      "button",
      {
        class: "ours",
        "data-key": "pane",
        "aria-pressed": String(ui.pane),
        on: { click: actions.pane },
      },
      iconOf("pane-20"),
      words.pane,
    ),
  ].flat();
}

export function drawFolders({ box, folder, syncFolders }, actions) {
  const line = ({ id, name, depth, unread, place }) => {
    const button = h(
      "button",
      {
        class: syncFolders[id] ? "sync-folder" : null,
        style: `padding-left:${10 + depth * 14}px`,
        "aria-current": folder.id === id ? "true" : null,
        "data-key": `folder ${id}`,
        "data-folder": id,
        on: {
          click: () => actions.openFolder(id),
          dragover: (event) => {
            if (event.dataTransfer.types.includes(DRAG_TYPE)) {
              event.preventDefault();
              button.classList.add("over");
            }
          },
          dragleave: () => button.classList.remove("over"),
          drop: (event) => {
            event.preventDefault();
            button.classList.remove("over");
            actions.move(JSON.parse(event.dataTransfer.getData(DRAG_TYPE)), id);
          },
        },
      },
      icon(syncFolders[id] ? "sync" : place),
      h("span", { class: "name" }, name),
      unread ? h("span", { class: "count", "aria-label": `${unread} unread` }, unread) : null,
    );
    return h("li", {}, button);
  };
  return [
    h("p", { class: "owner", title: box.address }, box.name),
    h("ul", {}, box.folders.map(line)),
  ];
}

export function drawChips(box, categories) {
  const chip = (name) =>
    h("span", { class: "chip", style: `--colour:${colourOf(box, name)}` }, name);
  return categories.length ? h("span", { class: "chips" }, categories.map(chip)) : null;
}

export function drawList({ box, folder, mails, open }, actions) {
  const isOpen = (mail) => open.some(({ id }) => id === mail.id);
  const row = (mail) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          class: mail.isRead ? "row" : "row unread",
          draggable: "true",
          "aria-current": isOpen(mail) ? "true" : null,
          "data-key": `mail ${mail.id}`,
          "data-mail": mail.id,
          on: {
            click: (event) => actions.openMail(mail, event.ctrlKey || event.metaKey),
            dragstart: (event) => {
              const ids = isOpen(mail) ? open.map(({ id }) => id) : [mail.id];
              event.dataTransfer.setData(DRAG_TYPE, JSON.stringify(ids));
              event.dataTransfer.effectAllowed = "move";
            },
            keydown: (event) => selectNeighbour(event),
          },
        },
        h("span", { class: "who" }, whoOf(mail, folder)),
        h(
          "span",
          { class: "when" },
          mail.files.length ? h("span", { title: "Has attachments" }, icon("clip")) : null,
          whenOf(mail.at),
        ),
        h("span", { class: "subject" }, mail.isDraft ? `[Draft] ${mail.subject}` : mail.subject),
        h("span", { class: "preview" }, mail.preview),
        drawChips(box, mail.categories),
      ),
    );
  return [
    h("h2", {}, folder.name),
    mails.length ? h("ul", {}, mails.map(row)) : h("p", { class: "empty" }, "No mails"),
  ];
}

function selectNeighbour(event) {
  const direction = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[
    event.key
  ];
  const next = direction && event.currentTarget.closest("li")[direction];
  if (next) {
    event.preventDefault();
    next.querySelector("button").focus();
    next.querySelector("button").click();
  }
}

export function drawNotes(notes, actions) {
  return notes.map(({ key, text }) =>
    h(
      "p",
      { class: "note" },
      iconOf("sync-16"),
      h("span", {}, text),
      h("button", { "aria-label": "Dismiss", on: { click: () => actions.dismiss(key) } }, "✕"),
    ),
  );
}

export function drawHead({ box, mail, open, folder, folderNames }) {
  if (!mail) {
    const words = open.length ? `${open.length} mails selected` : "Select a mail to read";
    return h("p", { class: "nothing" }, words);
  }
  const names = (people) => people.map((one) => one?.name || one?.address).join(", ");
  const file = ({ number, name, size }) =>
    h(
      "a",
      { class: "file", href: fileUrl(box.address, mail.id, number), download: name },
      icon("clip"),
      name,
      h("small", {}, `${Math.max(1, Math.round(size / 1000))} kB`),
    );
  return [
    h("h2", {}, mail.subject),
    drawChips(box, mail.categories),
    h(
      "p",
      { class: "people" },
      h("b", {}, names([mail.from])),
      ` to ${names(mail.to)}`,
      mail.cc.length ? `, cc ${names(mail.cc)}` : "",
    ),
    h(
      "p",
      { class: "people" },
      new Date(mail.at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }),
      mail.folder === folder.id ? "" : `, now in “${folderNames[mail.folder]}”`,
    ),
    mail.files.length ? h("p", { class: "files" }, mail.files.map(file)) : null,
  ].filter(Boolean);
}

export function drawLetter({ ui, box, mail }) {
  return (
    mail &&
    h("iframe", {
      title: "The mail",
      sandbox: "",
      src: letterUrl(box.address, mail.id, ui.theme === "light" ? "light" : "dark"),
    })
  );
}
