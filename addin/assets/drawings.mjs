// The icons of manifest.xml: their sources and their sizes.

import { readFileSync } from "node:fs";

import { Resvg } from "@resvg/resvg-js";

/** Up to this size in pixels only the simpler drawing is legible. */
const SMALL = 25;
const RIBBON = [16, 20, 24, 32, 40, 48, 64, 80];
/** Phones use 25, 32 and 48 points, at one, two and three pixels per point. */
const PHONE = [25, 32, 48].flatMap((points) => [1, 2, 3].map((scale) => points * scale));

/** The icon of the add-in and of its two buttons; phones show only the pane's. */
export const SIZES = { icon: [64, 128], sync: RIBBON, pane: [...new Set([...RIBBON, ...PHONE])] };

/** Renders the drawing `name` at `size` by `size` pixels. */
export function draw(name, size) {
    const suffix = size <= SMALL ? "-small" : "";
    const drawing = readFileSync(new URL(`${name}${suffix}.svg`, import.meta.url));
    return new Resvg(drawing, { fitTo: { mode: "width", value: size } }).render();
}
