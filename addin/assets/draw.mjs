// Draws the icons of manifest.xml from the two SVG files here: npm run icons

import { mkdir, readFile, writeFile } from "node:fs/promises";

import { Resvg } from "@resvg/resvg-js";

/** Up to this size the simpler drawing is the one that is legible. */
const SMALL = 25;
const DESKTOP = [16, 20, 24, 32, 40, 48, 64, 80, 128];
/** Phones take 25, 32 and 48 points, each at one, two and three pixels a point. */
const MOBILE = [25, 32, 48].flatMap((points) => [1, 2, 3].map((scale) => points * scale));

const folder = new URL("public/icons/", import.meta.url);
const [large, small] = await Promise.all(
    ["icon.svg", "icon-small.svg"].map((name) => readFile(new URL(name, import.meta.url))),
);

await mkdir(folder, { recursive: true });
for (const size of new Set([...DESKTOP, ...MOBILE])) {
    const drawing = new Resvg(size <= SMALL ? small : large, {
        fitTo: { mode: "width", value: size },
    });
    await writeFile(new URL(`icon-${size}.png`, folder), drawing.render().asPng());
}
