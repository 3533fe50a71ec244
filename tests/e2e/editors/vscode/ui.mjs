// Drives the real interface of VS Code with keys and locators, and reports what a user would have seen.
// The judgement is left to the Python tests.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const { BASE, PLAYWRIGHT, BROWSER, REPORT, WORKSPACE, SHOTS, TIMEOUT, HOVER, ENTRY, CHANGED, COMMANDS, STEPS } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);
const limit = Number(TIMEOUT) * 1000;
const report = { toasts: [], menus: [] };
const host = new URL(BASE).host;
const file = path.join(WORKSPACE, "stats.py");

const browser = await chromium.launch({
  executablePath: BROWSER,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
page.setDefaultTimeout(limit);

/** Calls `attempt` until it gives something; a key right after Escape can be swallowed, so it may act again. */
async function until(what, attempt, milliseconds = limit) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    const found = await attempt();
    if (found) return found;
    await page.waitForTimeout(100);
  }
  throw new Error(`waited in vain for ${what}; so far: ${JSON.stringify(report)}`);
}

const visible = (locator, milliseconds) =>
  locator.first().waitFor({ state: "visible", timeout: milliseconds }).then(() => true, () => false);

/** Every notification that shows now; called often enough that none is missed. */
async function noteToasts() {
  for (const toast of await page.locator(".notifications-toasts .notification-list-item").all()) {
    const text = await toast.locator(".notification-list-item-message").innerText().catch(() => "");
    const icon = (await toast.locator(".notification-list-item-icon").getAttribute("class").catch(() => "")) ?? "";
    const kind = /codicon-(error|warning|info)/.exec(icon)?.[1] ?? "unknown";
    if (text && !report.toasts.some((each) => each.text === text)) report.toasts.push({ kind, text });
  }
}
const watch = setInterval(() => void noteToasts().catch(() => undefined), 500);

async function openFile() {
  const payload = [["openFile", `vscode-remote://${host}${file}:1:6`], ["gotoLineMode", "true"], ["skipWelcome", "true"]];
  await page.goto(`${BASE}/?folder=${WORKSPACE}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
  await page.locator(".monaco-editor .view-lines").first().waitFor();
  await until("the source", async () => (await page.locator(".view-lines").first().innerText()).includes("mean"));
  await page.locator(".monaco-editor .view-line").first().click({ position: { x: 45, y: 8 } }); // on the name
}

/** Hovers with the keyboard until the widget's text fits: an answer that is not whole yet is whole at a later hover. */
async function hover(pattern) {
  const widget = page.locator(".monaco-editor .monaco-resizable-hover .hover-contents, .monaco-hover:not(.hidden) .hover-contents");
  return until(`a hover like ${pattern}`, async () => {
    await page.keyboard.press("Escape");
    await page.waitForTimeout(200);
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Control+i");
    if (!(await visible(widget, 3000))) return false;
    const end = Date.now() + 15000;
    while (Date.now() < end) {
      report.hover = (await widget.allInnerTexts().catch(() => [])).join("\n").replaceAll("\u00a0", " ");
      if (/hover again/.test(report.hover)) return false;
      if (new RegExp(pattern).test(report.hover)) break;
      await page.waitForTimeout(200);
    }
    if (!new RegExp(pattern).test(report.hover)) return false;
    await page.screenshot({ path: path.join(SHOTS, "hover.png") });
    await page.keyboard.press("Escape");
    return true;
  });
}

/** Opens the code action menu at the cursor and picks the entry that fits. */
async function pick(pattern) {
  const rows = page.locator(".action-widget .monaco-list-row.action");
  await until("the menu", async () => {
    await page.keyboard.press("Escape");
    await page.waitForTimeout(200);
    await page.keyboard.press("Control+.");
    if (!(await visible(rows, 3000))) return false;
    report.menus = (await rows.allInnerTexts()).map((text) => text.trim().replaceAll("\u00a0", " "));
    return report.menus.some((text) => new RegExp(pattern).test(text));
  });
  await page.screenshot({ path: path.join(SHOTS, "menu.png") });
  await rows.filter({ hasText: new RegExp(pattern) }).first().click();
}

/** Runs a command of the palette by its title; at first the palette may not know the extension yet. */
async function palette(title) {
  const input = page.locator(".quick-input-widget input").first();
  const row = page.locator(".quick-input-list .monaco-list-row").filter({ hasText: title });
  await until(`${title} in the palette`, async () => {
    await page.keyboard.press("Escape");
    await page.keyboard.press("F1");
    if (!(await visible(input, 2000))) return false;
    await input.fill(`>${title}`);
    return visible(row, 3000);
  });
  await page.keyboard.press("Enter");
}

async function main() {
  await openFile();
  if (HOVER) await hover(HOVER);
  if (ENTRY) {
    await pick(ENTRY);
    const text = () => page.locator(".view-lines").first().innerText();
    await until("an edit", async () => new RegExp(CHANGED).test((await text()).replaceAll("\u00a0", " ")));
    await page.screenshot({ path: path.join(SHOTS, "edited.png") });
    const before = fs.readFileSync(file, "utf8");
    await until("the file saved", async () => {
      await page.keyboard.press("Control+s");
      await page.waitForTimeout(300);
      return fs.readFileSync(file, "utf8") !== before;
    });
    report.saved = fs.readFileSync(file, "utf8");
  }
  for (const command of COMMANDS ? JSON.parse(COMMANDS) : []) {
    await palette(command.title);
    if (command.shows) {
      await until(`"${command.shows}" after ${command.title}`, async () => {
        await noteToasts();
        const shown = await page.locator(".monaco-workbench").innerText();
        return new RegExp(command.shows).test(shown.replaceAll("\u00a0", " "));
      });
    }
    await page.screenshot({ path: path.join(SHOTS, `${command.title.replaceAll(/\W+/g, "-")}.png`) });
  }
  for (const step of STEPS ? JSON.parse(STEPS) : []) {
    if (step.press) {
      await page.locator(".monaco-editor .view-line").first().click({ position: { x: 45, y: 8 } });
      await page.keyboard.press(step.press);
    } else {
      await palette(step.title);
    }
    await until(`${step.text} after ${step.press ?? step.title}`, async () => {
      const text = (await page.locator(".view-lines").first().innerText()).replaceAll("\u00a0", " ");
      const bar = (await page.locator(".part.statusbar").innerText()).replaceAll("\u00a0", " ");
      return new RegExp(step.text).test(text) && bar.includes(step.shows ?? "");
    });
    report.steps = (report.steps ?? 0) + 1;
  }
  report.restricted = (await page.locator(".part.statusbar").innerText()).includes("Restricted Mode");
  await page.waitForTimeout(500);
  await noteToasts();
}

let failed;
try {
  await main();
} catch (error) {
  failed = error;
  await page.screenshot({ path: path.join(SHOTS, "failed.png") }).catch(() => undefined);
  console.error(error);
}
clearInterval(watch);
fs.writeFileSync(REPORT, JSON.stringify(report, null, 1));
await browser.close();
process.exit(failed ? 1 : 0);
