import { gzipSync } from "node:zlib";

import { defineConfig, type Plugin } from "vite";

import { fluentTokens } from "./tokens.ts";

/** What a pane may weigh, all scripts and styles together, gzipped. */
const MOST_BYTES = 130_000;

/** Says what the pane weighs, and fails the build when it is too much. */
function weigh(): Plugin {
  return {
    name: "weigh",
    writeBundle(_, bundle) {
      const sizes = Object.values(bundle)
        .filter(({ fileName }) => /\.(js|css)$/.test(fileName))
        .map((file) => gzipSync(file.type === "chunk" ? file.code : file.source).length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      this.info(`scripts and styles, gzipped: ${(total / 1000).toFixed(1)} kB`);
      if (total > MOST_BYTES) {
        this.error(`more than ${MOST_BYTES / 1000} kB`);
      }
    },
  };
}

export default defineConfig({
  base: "/addin/assets/",
  // The icons; they keep their names, since the manifest names them.
  publicDir: "assets/public",
  plugins: [fluentTokens(), weigh()],
  build: {
    outDir: "../server/webcrm_sync/web/static/addin",
    emptyOutDir: true,
    assetsDir: "",
    manifest: "manifest.json",
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: { taskpane: "taskpane/main.ts", commands: "commands/main.ts" } },
  },
});
