/** The pane's page: the parts meet, and Outlook's events reach them. */

import "@fluentui/web-components/button/define.js";
import "@fluentui/web-components/switch/define.js";
import "virtual:fluent-tokens.css";
import "./pane.css";
import "./sections.css";
import "./form.css";
import "./forced_colors.css";

import { createApi } from "../src/api.ts";
import { createAuth, passedOnSignIn } from "../src/auth.ts";
import { readConfig } from "../src/config.ts";
import { Deeds } from "../src/controller.ts";
import { connect, type Host } from "../src/host.ts";
import { Pane } from "../src/session.ts";
import { toldApart } from "../src/shared_mail.ts";
import { show } from "../src/view_model.ts";
import { start } from "../src/state.ts";
import { lookFor } from "../src/theme.ts";
import { createView, type Deed } from "../src/render.ts";
import { createWindows } from "../src/page_channel.ts";
import { wordsFor } from "../src/i18n.ts";

const config = readConfig();
const root = element("pane");
const live = element("live");

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) {
    throw new Error(`the page has no #${id}`);
  }
  return found;
}

function isHidden(): boolean {
  return document.hidden;
}

function open(host: Host): void {
  const auth = createAuth(config, host);
  const api = toldApart(createApi(config.api, auth.token), host);
  const words = wordsFor(host.language);
  const draw = createView(root, live, (deed: Deed) => deeds.take(deed));
  const windows = createWindows();
  const pane = new Pane({ host, api, windows, words, config, isHidden }, draw);
  const deeds = new Deeds(pane, api, auth);

  wear(host);
  host.onTheme(() => wear(host));
  host.onSelection(() => pane.follow());
  document.addEventListener("visibilitychange", () => pane.refresh());
  window.addEventListener("online", () => pane.refresh());
  windows.onTold(() => pane.refresh());
  pane.open();
}

/** Takes on Outlook's colours. */
function wear(host: Host): void {
  const look = lookFor(host.theme());
  const { dataset, style } = document.documentElement;
  if (look) {
    dataset["scheme"] = look.scheme;
    style.setProperty("--outlook-background", look.background);
  }
}

/** In a plain browser there is no mail to speak of, only a word on where to look. */
function explainOutside(): void {
  const scene = { ...config, words: wordsFor(navigator.language), now: new Date() };
  createView(root, live, () => undefined)(show(start({ kind: "outside" }), scene));
}

if (!(await passedOnSignIn())) {
  const host = await connect();
  if (host) {
    open(host);
  } else {
    explainOutside();
  }
}
