import { gzipSync } from "node:zlib";

import { defineConfig, type Plugin, type Rolldown } from "vite";

import { fluentTokens } from "./tokens.ts";

/** The largest size of what one person loads: scripts, styles and one language, gzipped. */
const MAX_BYTES = 140_000;

/** Prints the size of the pane with its largest language, and fails the build if it is too large. */
function checkSize(): Plugin {
  return {
    name: "check-size",
    writeBundle(_, bundle) {
      const files = Object.values(bundle).filter(({ fileName }) => /\.(js|css)$/.test(fileName));
      const languages = files.filter((file) => file.type === "chunk" && file.isDynamicEntry);
      const shared = files.filter((file) => !languages.includes(file));
      const total = sum(shared.map(gzippedSize)) + Math.max(...languages.map(gzippedSize));
      this.info(`scripts, styles and one language, gzipped: ${(total / 1000).toFixed(1)} kB`);
      if (total > MAX_BYTES) {
        this.error(`more than ${MAX_BYTES / 1000} kB`);
      }
    },
  };
}

function gzippedSize(file: Rolldown.OutputAsset | Rolldown.OutputChunk): number {
  return gzipSync(file.type === "chunk" ? file.code : file.source).length;
}

function sum(sizes: number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

export default defineConfig({
  base: "/addin/assets/",
  // The icons keep their names because the manifest refers to them.
  publicDir: "assets/public",
  plugins: [fluentTokens(), checkSize()],
  json: { namedExports: false },
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
