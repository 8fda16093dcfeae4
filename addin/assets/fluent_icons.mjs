// Copies the drawings of Fluent System Icons that the pane uses into src/fluent_icons.ts:
// npm run fluent-icons. With --check, only compares, and fails when that file is out of date.

import { readFile, writeFile } from "node:fs/promises";
import { argv, exit, stderr } from "node:process";

const PACKAGE = new URL("../node_modules/@fluentui/svg-icons/icons/", import.meta.url);
const OUTPUT = new URL("../src/fluent_icons.ts", import.meta.url);
const HEADER = `// Copied from Fluent System Icons (Microsoft, MIT licence): npm run fluent-icons. Do not edit.

/** A drawing on a square of \`size\` by \`size\`, filled. */
export interface Drawing {
  size: number;
  path: string;
}
`;

/** The pane's name of each icon, and Fluent's. */
const ICONS = {
    add: "add_16_regular",
    call: "call_16_regular",
    check: "checkmark_16_filled",
    chevron: "chevron_right_16_regular",
    clip: "attach_16_regular",
    clock: "clock_24_regular",
    cloud: "cloud_off_24_regular",
    company: "building_20_regular",
    cross: "dismiss_16_regular",
    deal: "handshake_16_regular",
    done: "checkmark_circle_24_filled",
    error: "error_circle_20_filled",
    eye: "eye_16_regular",
    help: "question_circle_20_regular",
    lock: "lock_closed_16_regular",
    mail: "mail_24_regular",
    minus: "subtract_circle_24_regular",
    moving: "arrow_right_24_regular",
    pencil: "edit_24_regular",
    person: "person_24_regular",
    ring: "circle_16_regular",
    sent: "send_24_regular",
    swap: "arrow_swap_16_regular",
    undo: "arrow_undo_16_regular",
    warning: "warning_24_filled",
};

async function drawing([name, file]) {
    const svg = await readFile(new URL(`${file}.svg`, PACKAGE), "utf8");
    const [, size] = /viewBox="0 0 (\d+) \1"/.exec(svg);
    const path = [...svg.matchAll(/ d="([^"]+)"/g)].map(([, part]) => part).join("");
    return `  ${name}: {\n    size: ${size},\n    path: "${path}",\n  },\n`;
}

const drawings = await Promise.all(Object.entries(ICONS).map(drawing));
const generated = `${HEADER}
export const DRAWINGS = {
${drawings.join("")}} as const satisfies Record<string, Drawing>;
`;

if (!argv.includes("--check")) {
    await writeFile(OUTPUT, generated);
} else if ((await readFile(OUTPUT, "utf8")) !== generated) {
    stderr.write("src/fluent_icons.ts is out of date: npm run fluent-icons\n");
    exit(1);
}
