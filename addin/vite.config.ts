import { gzipSync } from "node:zlib";

import { defineConfig, type Plugin } from "vite";

import { fluentTokens } from "./tokens.ts";

/** The largest size of a pane: all scripts and styles together, gzipped. */
const MAX_BYTES = 140_000;

/** Prints the size of the pane, and fails the build if it is too large. */
function checkSize(): Plugin {
  return {
    name: "check-size",
    writeBundle(_, bundle) {
      const sizes = Object.values(bundle)
        .filter(({ fileName }) => /\.(js|css)$/.test(fileName))
        .map((file) => gzipSync(file.type === "chunk" ? file.code : file.source).length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      this.info(`scripts and styles, gzipped: ${(total / 1000).toFixed(1)} kB`);
      if (total > MAX_BYTES) {
        this.error(`more than ${MAX_BYTES / 1000} kB`);
      }
    },
  };
}

export default defineConfig({
  base: "/addin/assets/",
  // The icons keep their names because the manifest refers to them.
  publicDir: "assets/public",
  plugins: [fluentTokens(), checkSize()],
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
