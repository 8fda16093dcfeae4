// The icons of manifest.xml: what each is drawn from, and in which sizes.

import { readFileSync } from "node:fs";

import { Resvg } from "@resvg/resvg-js";

/** Up to this size the simpler drawing is the one that is legible. */
const SMALL = 25;
const RIBBON = [16, 20, 24, 32, 40, 48, 64, 80];
/** Phones take 25, 32 and 48 points, each at one, two and three pixels a point. */
const PHONE = [25, 32, 48].flatMap((points) => [1, 2, 3].map((scale) => points * scale));

/** The add-in itself, and its two buttons; phones have the pane's alone. */
export const SIZES = { icon: [64, 128], sync: RIBBON, pane: [...new Set([...RIBBON, ...PHONE])] };

/** The drawing `name` in this many pixels each way. */
export function draw(name, size) {
    const suffix = size <= SMALL ? "-small" : "";
    const drawing = readFileSync(new URL(`${name}${suffix}.svg`, import.meta.url));
    return new Resvg(drawing, { fitTo: { mode: "width", value: size } }).render();
}
