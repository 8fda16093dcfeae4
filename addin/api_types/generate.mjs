// Generates src/api_types.ts from the server's OpenAPI document: npm run api-types
// With --check, only compares, and fails when the committed file is out of date.

import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { argv, exit, stderr } from "node:process";
import { fileURLToPath } from "node:url";

import openapiTS, { astToString } from "openapi-typescript";

const ROOT = new URL("../../", import.meta.url);
const OUTPUT = new URL("../src/api_types.ts", import.meta.url);
const HEADER =
    "// Generated from the server's OpenAPI document: npm run api-types. Do not edit.\n\n";

/** The OpenAPI document of the server in this repository, without texts. */
function openApiDocument() {
    const python = fileURLToPath(new URL(".venv/bin/python", ROOT));
    const env = { ...process.env, PYTHONPATH: fileURLToPath(new URL("server", ROOT)) };
    const json = execFileSync(python, ["-m", "webcrm_sync.web.api"], { env, encoding: "utf8" });
    return JSON.parse(json, withoutTexts);
}

/** Drops titles and descriptions, so that a reworded docstring changes no type. */
function withoutTexts(key, value) {
    const isText = (key === "title" || key === "description") && typeof value === "string";
    return isText ? undefined : value;
}

const types = await openapiTS(openApiDocument(), {
    // The default marks a field that has a default as required, in requests too.
    defaultNonNullable: false,
});
const generated = HEADER + astToString(types);

if (!argv.includes("--check")) {
    await writeFile(OUTPUT, generated);
} else if ((await readFile(OUTPUT, "utf8")) !== generated) {
    stderr.write("src/api_types.ts is out of date: npm run api-types\n");
    exit(1);
}
