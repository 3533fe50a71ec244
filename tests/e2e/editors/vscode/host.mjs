// Runs `suite.cjs` in the real extension host, by VS Code's own protocol for tests in a browser: the payload names the
// extension and the suite, and the suite's exit code comes back as `codeAutomationExit`.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const { BASE, PLAYWRIGHT, BROWSER, WORKSPACE, SHOTS, TIMEOUT, EXTENSION, REPORT } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);
const suite = path.join(path.dirname(fileURLToPath(import.meta.url)), "suite.cjs");
const remote = (file) => `vscode-remote://${new URL(BASE).host}${file}`;

const browser = await chromium.launch({
  executablePath: BROWSER,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
const ended = new Promise((resolve) => {
  void page.exposeFunction("codeAutomationExit", resolve);
  setTimeout(() => resolve("time limit"), Number(TIMEOUT) * 1000);
});
// The console is noisy (native modules that tests do not need are not built): it goes into a file.
await page.exposeFunction("codeAutomationLog", (type, args) =>
  fs.appendFileSync(path.join(SHOTS, "console.log"), `${type} ${args.join(" ")}\n`));
const payload = [
  ["extensionDevelopmentPath", remote(EXTENSION)],
  ["extensionTestsPath", remote(suite)],
  ["skipWelcome", "true"],
];
await page.goto(`${BASE}/?folder=${WORKSPACE}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
const code = await ended;
if (code !== 0) {
  console.error("the extension host's tests ended with", code);
  if (fs.existsSync(REPORT)) console.error(fs.readFileSync(REPORT, "utf8"));
  await page.screenshot({ path: path.join(SHOTS, "failed.png") }).catch(() => undefined);
}
await browser.close();
process.exit(code === 0 ? 0 : 1);
