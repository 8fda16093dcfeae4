// Takes a screenshot of every state: node tests/preview/screenshots.mjs FOLDER [chromium]

import { mkdir } from "node:fs/promises";
import { argv, stdout } from "node:process";

import { chromium } from "playwright-core";

import { serve } from "./serve.mjs";
import { connection, states } from "./states.mjs";

const [, , folder = "shots", executablePath = "/usr/bin/chromium"] = argv;
const MAIL = {
    itemId: "AAMk1",
    internetMessageId: "<1@harbour.example>",
    subject: "Offer for the second quarter: prices, delivery and the open question of packaging",
    from: { emailAddress: "purchasing@harbour.example", displayName: "Purchasing" },
    to: [{ emailAddress: "me@company.example", displayName: "Me" }],
    at: "2026-11-23T09:12:00Z",
};
const DARK = { bodyBackgroundColor: "#1f1f1f", bodyForegroundColor: "#ffffff" };
const LOOKS = {
    light: {},
    dark: { stage: { theme: DARK } },
    danish: { stage: { language: "da-DK" } },
    german: { stage: { language: "de-DE" } },
    finnish: { stage: { language: "fi-FI" } },
    dutch: { stage: { language: "nl-NL" } },
    norwegian: { stage: { language: "nb-NO" } },
    swedish: { stage: { language: "sv-SE" } },
    contrast: { context: { forcedColors: "active", colorScheme: "dark" } },
};
const PROBLEMS = {
    signed_out: { status: 401, code: "signed_out" },
    no_mailbox: { status: 403, code: "no_mailbox", detail: "me@company.example" },
    not_found: { status: 404, code: "not_found" },
    try_later: { status: 503, code: "try_later" },
};

const stage = await serve();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
await mkdir(folder, { recursive: true });

async function shoot(name, { look = "light", item = MAIL, act = async () => {}, wait = 400 } = {}) {
    const { stage: given = {}, context = {} } = LOOKS[look];
    const page = await browser.newPage({ viewport: { width: 320, height: 570 }, ...context });
    page.on("pageerror", (error) => stdout.write(`${name}: ${error.message}\n`));
    page.on(
        "console",
        (line) => line.type() === "error" && stdout.write(`${name}: ${line.text()}\n`),
    );
    const values = JSON.stringify({ item, ...given });
    await page.addInitScript((text) => sessionStorage.setItem("stage", text), values);
    await page.goto(`${stage.url}/addin/taskpane.html`);
    await page.waitForTimeout(wait);
    await act(page);
    const { scrollWidth } = await page.evaluate(() => document.documentElement);
    if (scrollWidth > 320) {
        stdout.write(`${name} ${look}: ${scrollWidth} px wide\n`);
    }
    await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true });
    await page.close();
}

const press = (text) => async (page) => {
    await page.getByText(text, { exact: true }).first().click();
    await page.waitForTimeout(250);
};

for (const look of Object.keys(LOOKS)) {
    for (const state of Object.keys(states)) {
        stage.script.state = state;
        await shoot(state, { look });
    }
}
stage.script.state = "nobody";
for (const look of ["light", "dark"]) {
    await shoot("panel-choose", {
        look,
        act: async (page) => {
            await press("Choose Organisation")(page);
            await page.keyboard.type("harb");
            await page.waitForTimeout(400);
            await page.keyboard.press("ArrowDown");
        },
    });
    await shoot("panel-contact", {
        look,
        act: async (page) => {
            await press("Create contact and sync")(page);
            await page.keyboard.press("Enter");
            await page.waitForTimeout(100);
        },
    });
}
stage.script.state = "synced_two";
for (const look of ["light", "dark", "contrast"]) {
    await shoot("panel-move", {
        look,
        act: async (page) => {
            await page.getByRole("button", { name: /^Move from Harbour Logistics/ }).click();
            await page.keyboard.type("harb");
            await page.waitForTimeout(400);
        },
    });
}
stage.script.state = "synced";
await shoot("story", { act: press("History") });
for (const look of Object.keys(LOOKS)) {
    await shoot("along", {
        look,
        act: async (page) => {
            await page.locator(".along summary").click();
            await page.waitForTimeout(250);
        },
    });
}
stage.script.connection = {
    ...connection,
    state: "needs_you",
    troubles: [{ kind: "webcrm", detail: null }],
};
await shoot("foot", { act: press("Needs attention") });
stage.script.connection = connection;
for (const [name, problem] of Object.entries(PROBLEMS)) {
    stage.script.problem = problem;
    await shoot(name);
}
stage.script.problem = null;
await shoot("none", { item: null });
await shoot("appointment", { item: { itemType: "appointment" } });
await shoot("compose", { item: { subject: {} } });
stage.script.delayMs = 2000;
await shoot("slow", { wait: 900 });
stage.script.delayMs = 0;
stage.script.state = "known";
await shoot("notice", {
    act: async (page) => {
        stage.script.problem = PROBLEMS.try_later;
        await press("Sync to webCRM")(page);
    },
});
await browser.close();
stage.close();
