// Renders the icons of manifest.xml from the SVG files in this folder: npm run icons

import { mkdir, rm, writeFile } from "node:fs/promises";

import { draw, SIZES } from "./drawings.mjs";

const folder = new URL("public/icons/", import.meta.url);

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, sizes] of Object.entries(SIZES)) {
    for (const size of sizes) {
        await writeFile(new URL(`${name}-${size}.png`, folder), draw(name, size).asPng());
    }
}
