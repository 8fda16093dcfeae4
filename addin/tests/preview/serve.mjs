// Serves the built pages and a scripted API, to view the pane without the product's server.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

import { connection, customer, organisations, states, story, suggestions } from "./states.mjs";

const BUILT = new URL("../../../server/webcrm_sync/web/static/addin/", import.meta.url);
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".png": "image/png" };
const CONFIG = {
    clientId: "00000000-0000-0000-0000-000000000001",
    authority: "https://login.example/tenant",
    scope: "api://00000000-0000-0000-0000-000000000001/access_as_user",
    api: "/api/v1",
    folderName: "webCRM sync",
    usualSeconds: 3,
};
const POLICY =
    "default-src 'none'; script-src 'self' 'nonce-stage'; style-src 'self' 'unsafe-inline'; " +
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'";

/** Serves on a free local port. `script.state` names the state of every mail. */
export async function serve() {
    const script = { state: "known", delayMs: 0, problem: null, connection, calls: [] };
    const manifest = JSON.parse(await readFile(new URL("manifest.json", BUILT), "utf8"));
    const server = createServer(async (request, response) => {
        const path = new URL(request.url, "http://stage").pathname;
        const [, page] = /^\/addin\/(taskpane|commands)\.html$/.exec(path) ?? [];
        try {
            if (page) {
                send(response, 200, "text/html", html(manifest[`${page}/main.ts`]));
            } else if (path.startsWith("/api/")) {
                await answer(script, request, response, path);
            } else {
                const file =
                    path === "/office.js"
                        ? new URL("office_stub.js", import.meta.url)
                        : asset(path);
                send(response, 200, TYPES[extname(path)], await readFile(file));
            }
        } catch {
            send(response, 404, "text/plain", "");
        }
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    return {
        script,
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => server.close(),
    };
}

function asset(path) {
    return new URL(path.replace("/addin/assets/", ""), BUILT);
}

function html({ file, css = [] }) {
    const styles = css.map((name) => `<link rel="stylesheet" href="/addin/assets/${name}">`);
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>webCRM</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<script nonce="stage" src="/office.js"></script>
<script nonce="stage" type="application/json" id="config">${JSON.stringify(CONFIG)}</script>
${styles.join("")}<script nonce="stage" type="module" src="/addin/assets/${file}"></script></head>
<body><main id="pane"></main><div id="live" role="status" aria-live="polite"></div></body></html>`;
}

async function answer(script, request, response, path) {
    const chunks = [];
    for await (const chunk of request) {
        chunks.push(chunk);
    }
    script.calls.push({ method: request.method, path, body: Buffer.concat(chunks).toString() });
    await new Promise((wait) => setTimeout(wait, script.delayMs));
    if (script.problem) {
        const { status, ...problem } = script.problem;
        return send(response, status, "application/problem+json", JSON.stringify(problem));
    }
    const body = responseBody(script, path.replace("/api/v1", ""));
    return send(response, body ? 200 : 204, "application/json", body ? JSON.stringify(body) : "");
}

function responseBody(script, path) {
    const state = states[script.state];
    const answers = {
        "/mails/state": { mails: [state] },
        "/mails/story": story,
        "/mails/suggestions": suggestions,
        "/mails/customer": customer,
        "/organisations": { organisations },
        "/contacts": { personId: 1 },
        "/connection": script.connection,
    };
    return answers[path] ?? (path.startsWith("/rules/") ? null : state);
}

function send(response, status, type, body) {
    response.writeHead(status, { "Content-Type": type, "Content-Security-Policy": POLICY });
    response.end(body);
}
