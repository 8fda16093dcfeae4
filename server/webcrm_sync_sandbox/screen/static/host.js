/** Outlook for the frames of the add-in: answers the stub of office.js. */

import { NoAnswer, token, config } from "./wire.js";

/** The colours of Outlook's themes. In Outlook, Office gives colours but no name of a theme. */
const THEMES = {
  light: ["#ffffff", "#242424"],
  dark: ["#1f1f1f", "#ffffff"],
  contrast: ["#000000", "#ffffff"],
};
const LANGUAGES = {
  en: "en-GB",
  da: "da-DK",
  de: "de-DE",
  nl: "nl-NL",
  no: "nb-NO",
  fi: "fi-FI",
  sv: "sv-SE",
};
/** A command fails if its page does not load within this time. */
const PATIENCE_MS = 5000;

const paneOrigin = new URL(config.paneUrl).origin;
const frames = new Set();
let context = null;
let hooks = null;

/**
 * Starts listening. The hooks: `note(mail, key, text)`, `isSignedOut()`, `askToSignIn(person)` and
 * `text(mail)`, which resolves with the mail's text.
 */
export function listen(outlookHooks) {
  hooks = outlookHooks;
  addEventListener("message", ({ source, origin, data: message }) => {
    const frame = [...frames].find(({ contentWindow }) => contentWindow === source);
    if (frame && origin === paneOrigin) {
      receive(frame, message);
    }
  });
}

/** Sends the selection, the person, the theme and the language to every frame. */
export function sendContext({ person, theme, language, mail }) {
  const [bodyBackgroundColor, bodyForegroundColor] = THEMES[theme];
  const colours = {
    bodyBackgroundColor,
    bodyForegroundColor,
    controlBackgroundColor: bodyBackgroundColor,
    controlForegroundColor: bodyForegroundColor,
  };
  context = { person, theme: colours, language: LANGUAGES[language], mail };
  frames.forEach((frame) => send(frame, { office: "context", context }));
}

/** Opens the task pane in a frame; returns a function that closes it. */
export function openPane(place, title) {
  const frame = addFrame(place, "taskpane.html");
  frame.title = title;
  return () => removeFrame(frame);
}

/** Runs a function command in a hidden page; resolves when the command reports its end. */
export function runCommand(place, name) {
  return new Promise((resolve) => {
    const frame = addFrame(place, "commands.html");
    const end = (isDone) => {
      clearTimeout(patience);
      removeFrame(frame);
      resolve(isDone);
    };
    const patience = setTimeout(() => end(false), PATIENCE_MS);
    frame.onHello = () => {
      clearTimeout(patience);
      send(frame, { office: "run", name });
    };
    frame.onCompleted = () => end(true);
  });
}

function addFrame(place, page) {
  const frame = document.createElement("iframe");
  frame.src = `${config.paneUrl}/addin/${page}`;
  frames.add(frame);
  place.append(frame);
  return frame;
}

function removeFrame(frame) {
  frames.delete(frame);
  frame.remove();
}

function send(frame, message) {
  frame.contentWindow?.postMessage(message, paneOrigin);
}

function receive(frame, message) {
  switch (message.office) {
    case "hello":
      send(frame, { office: "context", context });
      frame.onHello?.();
      break;
    case "note":
      hooks.note(message.mail, message.key, message.text);
      break;
    case "text":
      void hooks
        .text(message.mail)
        .then((text) => send(frame, { office: "text", call: message.call, text }));
      break;
    case "completed":
      frame.onCompleted?.();
      break;
    case "broker":
      void answer(frame, JSON.parse(message.text));
  }
}

/** Nested app authentication. Source: @azure/msal-browser, src/naa. */
async function answer(frame, { method, requestId, tokenParams }) {
  const reply = { messageType: "NestedAppAuthResponse", requestId };
  const result = await brokerResult(method, tokenParams).catch(noNetworkError);
  const text = JSON.stringify({ ...reply, success: !result.error, ...result });
  send(frame, { office: "broker", text });
}

/** The broker's error while there is no network. */
function noNetworkError(error) {
  if (!(error instanceof NoAnswer)) {
    throw error;
  }
  return { error: { status: "NO_NETWORK", code: "no_network", description: "" } };
}

async function brokerResult(method, tokenParams) {
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
  return signIn(person, tokenParams);
}

async function signIn(person, { clientId, scope }) {
  const issued = await token({ address: person.address, clientId });
  return {
    token: {
      access_token: issued.token,
      expires_in: issued.expiresIn,
      id_token: issued.token,
      scope,
      properties: null,
    },
    account: {
      homeAccountId: `${person.address}.${issued.tenantId}`,
      localAccountId: person.address,
      environment: "localhost",
      tenantId: issued.tenantId,
      username: person.address,
      name: person.name,
      idToken: issued.token,
    },
  };
}
