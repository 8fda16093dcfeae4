/** The pane's page: creates its objects and connects them to Outlook's events. */

import "@fluentui/web-components/button/define.js";
import "@fluentui/web-components/switch/define.js";
import "virtual:fluent-tokens.css";
import "./pane.css";
import "./surfaces.css";
import "./sections.css";
import "./places.css";
import "./along.css";
import "./form.css";
import "./forced_colors.css";

import { createApi } from "../src/api.ts";
import { createAuth, forwardedSignIn } from "../src/auth.ts";
import { readConfig } from "../src/config.ts";
import { Controller } from "../src/controller.ts";
import { connect, type Host } from "../src/host.ts";
import { loadTexts, type Texts } from "../src/i18n.ts";
import { createPageChannel } from "../src/page_channel.ts";
import { createRenderer } from "../src/render.ts";
import { Session } from "../src/session.ts";
import { withSharedMailErrors } from "../src/shared_mail.ts";
import { initialModel } from "../src/state.ts";
import { appearanceFor } from "../src/theme.ts";
import type { UserAction } from "../src/user_action.ts";
import { createViewModel } from "../src/view_model.ts";

const config = readConfig();
const root = elementById("pane");
const live = elementById("live");

function elementById(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) {
    throw new Error(`the page has no #${id}`);
  }
  return element;
}

function isHidden(): boolean {
  return document.hidden;
}

function openSession(host: Host, texts: Texts): void {
  const auth = createAuth(config, host);
  const api = withSharedMailErrors(createApi(config.api, auth.token), host);
  const channel = createPageChannel();
  const render = createRenderer(root, live, (action: UserAction) => controller.handle(action));
  const session = new Session({ host, api, channel, texts, config, isHidden }, render);
  const controller = new Controller(session, api, auth, host);

  applyTheme(host);
  host.onTheme(() => applyTheme(host));
  host.onSelection(() => session.followSelection());
  document.addEventListener("visibilitychange", () => session.refresh());
  window.addEventListener("online", () => session.refresh());
  channel.onChange(() => session.refresh());
  session.open();
}

function applyTheme(host: Host): void {
  const appearance = appearanceFor(host.theme());
  const { dataset, style } = document.documentElement;
  if (appearance) {
    dataset["scheme"] = appearance.scheme;
    style.setProperty("--outlook-background", appearance.background);
  }
}

/** Asks a person in a plain browser to open the add-in in Outlook. */
function renderOutsideOutlook(texts: Texts): void {
  const context = { ...config, texts, now: new Date() };
  const view = createViewModel(initialModel({ kind: "outside" }), context);
  createRenderer(root, live, () => undefined)(view);
}

if (!(await forwardedSignIn())) {
  // Mostly Outlook's language too: its texts load while Office.js starts.
  const likely = loadTexts(navigator.language);
  const host = await connect();
  if (host) {
    openSession(host, await loadTexts(host.language));
  } else {
    renderOutsideOutlook(await likely);
  }
}
