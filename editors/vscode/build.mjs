// Bundles the extension into one file, and the script of the panel's page into another; `vscode` is given by the editor.
import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const common = { bundle: true, minify: true, legalComments: "none", logLevel: "warning" };

await build({
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
});
await build({
  ...common,
  entryPoints: ["src/webview/page.ts"],
  outfile: "dist/page.js",
  platform: "browser",
  format: "iife",
  target: "es2022",
});
// A packaged page could only name pictures to be fetched: it does without.
const pictures = /<picture>.*?<\/picture>\n\n/gs;
await writeFile("dist/README.md", (await readFile("README.md", "utf8")).replaceAll(pictures, ""));
