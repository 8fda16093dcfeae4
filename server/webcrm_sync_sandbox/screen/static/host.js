/** Outlook as the add-in's frames meet it: answers what the stub of office.js asks. */

import { NoAnswer, token, told } from "./wire.js";

/** Outlook's colours. Office names no scheme in Outlook, only these. */
const THEMES = {
  light: ["#ffffff", "#242424"],
  dark: ["#1f1f1f", "#ffffff"],
  contrast: ["#000000", "#ffffff"],
};
const LANGUAGES = { en: "en-GB", da: "da-DK", de: "de-DE" };
/** A command whose page does not come is given up. */
const PATIENCE_MS = 5000;

const paneOrigin = new URL(told.paneUrl).origin;
const frames = new Set();
let context = null;
let hooks = null;

/** Begins to listen. `note(mail, key, text)`, `isSignedOut()` and `askToSignIn(person)` are Outlook's. */
export function listen(given) {
  hooks = given;
  addEventListener("message", ({ source, origin, data: message }) => {
    const frame = [...frames].find((one) => one.contentWindow === source);
    if (frame && origin === paneOrigin) {
      hear(frame, message);
    }
  });
}

/** Tells every frame what is selected, who looks, and how Outlook is dressed. */
export function tell({ person, theme, language, mail }) {
  const [bodyBackgroundColor, bodyForegroundColor] = THEMES[theme];
  const colours = {
    bodyBackgroundColor,
    bodyForegroundColor,
    controlBackgroundColor: bodyBackgroundColor,
    controlForegroundColor: bodyForegroundColor,
  };
  context = { person, theme: colours, language: LANGUAGES[language], mail };
  frames.forEach((frame) => say(frame, { office: "context", context }));
}

/** A frame with the task pane. */
export function openPane(place, title) {
  const frame = add(place, "taskpane.html");
  frame.title = title;
  return () => drop(frame);
}

/** Runs a function command in a page that nobody sees; ends when the command says so. */
export function runCommand(place, name) {
  return new Promise((resolve) => {
    const frame = add(place, "commands.html");
    const end = (isDone) => {
      clearTimeout(patience);
      drop(frame);
      resolve(isDone);
    };
    const patience = setTimeout(() => end(false), PATIENCE_MS);
    frame.greeted = () => {
      clearTimeout(patience);
      say(frame, { office: "run", name });
    };
    frame.completed = () => end(true);
  });
}

function add(place, page) {
  const frame = document.createElement("iframe");
  frame.src = `${told.paneUrl}/addin/${page}`;
  frames.add(frame);
  place.append(frame);
  return frame;
}

function drop(frame) {
  frames.delete(frame);
  frame.remove();
}

function say(frame, message) {
  frame.contentWindow?.postMessage(message, paneOrigin);
}

function hear(frame, message) {
  switch (message.office) {
    case "hello":
      say(frame, { office: "context", context });
      frame.greeted?.();
      break;
    case "note":
      hooks.note(message.mail, message.key, message.text);
      break;
    case "completed":
      frame.completed?.();
      break;
    case "broker":
      void answer(frame, JSON.parse(message.text));
  }
}

/** Nested app authentication. Source: @azure/msal-browser, src/naa. */
async function answer(frame, { method, requestId, tokenParams }) {
  const reply = { messageType: "NestedAppAuthResponse", requestId };
  const said = await answers(method, tokenParams).catch(withoutNetwork);
  const text = JSON.stringify({ ...reply, success: !said.error, ...said });
  say(frame, { office: "broker", text });
}

/** Outlook's broker has no network either. */
function withoutNetwork(error) {
  if (!(error instanceof NoAnswer)) {
    throw error;
  }
  return { error: { status: "NO_NETWORK", code: "no_network", description: "" } };
}

async function answers(method, wanted) {
  const { person } = context;
  if (method === "GetInitContext") {
    const capabilities = { queryAccount: true };
    return { initContext: { sdkName: "screen", sdkVersion: "1", capabilities } };
  }
  if (method === "GetTokenPopup" && !(await hooks.askToSignIn(person))) {
    return { error: { status: "USER_CANCEL", code: "user_cancelled", description: "" } };
  }
  if (method === "GetToken" && hooks.isSignedOut()) {
    const code = "interaction_required";
    return { error: { status: "USER_INTERACTION_REQUIRED", code, description: "" } };
  }
  return signIn(person, wanted);
}

async function signIn(person, { clientId, scope }) {
  const given = await token({ address: person.address, clientId });
  return {
    token: {
      access_token: given.token,
      expires_in: given.expiresIn,
      id_token: given.token,
      scope,
      properties: null,
    },
    account: {
      homeAccountId: `${person.address}.${given.tenantId}`,
      localAccountId: person.address,
      environment: "localhost",
      tenantId: given.tenantId,
      username: person.address,
      name: person.name,
      idToken: given.token,
    },
  };
}
