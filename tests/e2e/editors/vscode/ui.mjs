// Drives the real interface of VS Code with keys and locators, and reports what a user would have seen; a step may also take
// pictures of it. The judgement is left to the Python tests.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { withPalette } from "./palette.mjs";

const { BASE, PLAYWRIGHT, BROWSER, REPORT, WORKSPACE, SHOTS, TIMEOUT, HOVER, ENTRY, CHANGED, COMMANDS, STEPS } = process.env;
const { FILE = "stats.py", SIZE = "1280x800", SCALE = "1", GLOSSATOR_HOME } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);
const limit = Number(TIMEOUT) * 1000;
const report = { toasts: [], menus: [] };
const host = new URL(BASE).host;
const file = path.join(WORKSPACE, FILE);

const browser = await chromium.launch({
  executablePath: BROWSER,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const [width, height] = SIZE.split("x").map(Number);
const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: Number(SCALE), colorScheme: "dark" });
const page = await context.newPage();
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
  await until("the source", async () => (await page.locator(".view-lines").first().innerText()).includes("def"));
  await focusCode();
}

/** Clicks on the name in the first line; while the editor draws itself, lines come and go under the mouse. */
async function focusCode() {
  const line = page.locator(".monaco-editor .view-line").first();
  await until("the code", () => line.click({ position: { x: 45, y: 8 }, timeout: 3000 }).then(() => true, () => false));
}

/** Hovers with the keyboard until the widget's text fits: an answer that is not whole yet is whole at a later hover. It is
 * closed then, unless it is to be `kept`. */
async function hover(pattern, kept = false) {
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
    if (!kept) await page.keyboard.press("Escape");
    return true;
  });
}

/** Opens the code action menu at the cursor, with an entry that fits; gives its rows. */
async function menu(pattern) {
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
  return rows;
}

/** Picks the entry that fits. */
async function pick(pattern) {
  const rows = await menu(pattern);
  await rows.filter({ hasText: new RegExp(pattern) }).first().click();
}

/** Runs a command of the palette by its title; at first the palette may not know the extension yet, and it closes when an
 * editor that has just been closed gives its focus back. A key would then go to the code, a click on a row cannot. */
async function palette(title) {
  const input = page.locator(".quick-input-widget input").first();
  const row = page.locator(".quick-input-list .monaco-list-row").filter({ hasText: title });
  await until(`${title} in the palette`, async () => {
    await page.keyboard.press("Escape");
    await page.keyboard.press("F1");
    if (!(await visible(input, 2000))) return false;
    const typed = await input.fill(`>${title}`, { timeout: 3000 }).then(() => true, () => false); // else it closed again
    return typed && (await visible(row, 3000)) && row.first().click({ timeout: 3000 }).then(() => true, () => false);
  });
}

const spaced = async (locator) => (await locator.first().innerText({ timeout: 500 }).catch(() => "")).replaceAll("\u00a0", " ");

/** The page inside of the panel's two frames. */
const panel = () => page.frameLocator("iframe.webview").frameLocator("#active-frame");

/** Kills the server, and only the one of this test's home. */
function kill() {
  const read = (pid, name) => {
    try {
      return fs.readFileSync(`/proc/${pid}/${name}`, "utf8").split("\0");
    } catch {
      return []; // it ended, or is not ours
    }
  };
  const serves = (pid) => read(pid, "cmdline").includes("serve") && read(pid, "environ").includes(`GLOSSATOR_HOME=${GLOSSATOR_HOME}`);
  const found = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && serves(name));
  if (found.length !== 1) throw new Error(`there is not one server but ${found.length}`);
  process.kill(Number(found[0]), "SIGKILL");
}

/** Puts the cursor to `line:column`. */
async function go(place) {
  await focusCode();
  await page.mouse.move(width / 2, 20); // borders and scroll bars light up under the mouse
  await page.keyboard.press("Control+g");
  await page.locator(".quick-input-widget input").first().fill(`:${place}`);
  await page.keyboard.press("Enter");
}

/** Takes a picture of a part of the window in either colour scheme; `clip`: left, top, width and height. A
 * hover, which keeps the colours that its code began with, is opened anew. */
async function shoot({ name, clip: [x, y, width, height] }, pattern) {
  const shots = {};
  for (const [colorScheme, theme] of [["dark", ".vs-dark"], ["light", ".vs"]]) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`.monaco-workbench${theme}`).waitFor();
    await page.waitForTimeout(700); // the colours fade, and the panel's page is told later
    if (pattern) await hover(pattern, true);
    shots[colorScheme] = await page.screenshot({ clip: { x, y, width, height }, caret: "initial" });
  }
  const studio = await browser.newPage(); // VS Code's own page lets nothing be loaded that is worked on here
  for (const [colorScheme, shot] of Object.entries(shots)) {
    fs.writeFileSync(path.join(SHOTS, `${name}-${colorScheme}.png`), await withPalette(studio, shot));
  }
  await studio.close();
  await page.emulateMedia({ colorScheme: "dark" });
}

/** Draws a border of the window from one place to another; each is left and top. */
async function drag([from, to]) {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 5 });
  await page.mouse.up();
  await page.mouse.move(width / 2, 20);
}

/** One step: `at` moves the cursor, `title` runs a palette command, `press` a key in the code, `key` a key where the focus
 * is, `entry` takes one of the code action menu; then `type` answers the input box that opens, `pick` takes a row of the
 * list that opens, `click` presses a button of the panel, `button` one of a notification, `status` an entry of the status
 * bar, `open` unfolds what the panel folds, `drag` draws a border; `kill` ends the server's process, `hover` hovers until it
 * fits and, where `at` said, leaves it open, as `menu` does. */
async function act(step) {
  if (step.at) await go(step.at);
  if (step.press) {
    await focusCode();
    await page.keyboard.press(step.press);
  }
  if (step.title) await palette(step.title);
  if (step.key) await page.keyboard.press(step.key);
  if (step.type) {
    const input = page.locator(".quick-input-widget input").first();
    await until("the input box", async () => (await input.getAttribute("placeholder").catch(() => ""))?.includes(step.asks));
    await input.fill(step.type);
    await page.keyboard.press("Enter");
  }
  if (step.pick) {
    const row = page.locator(".quick-input-list .monaco-list-row").filter({ hasText: step.pick });
    await row.first().waitFor();
    report.rows = await page.locator(".quick-input-list .monaco-list-row").allInnerTexts();
    await row.first().click();
  }
  if (step.entry) await pick(step.entry);
  if (step.menu) await menu(step.menu);
  if (step.drag) await drag(step.drag);
  if (step.open) await panel().locator(`#${step.open} summary`).click();
  if (step.click) await panel().locator("#acts button").getByText(step.click, { exact: true }).click();
  if (step.status) {
    await page.locator(".part.statusbar .statusbar-item").filter({ hasText: step.status }).first().click();
  }
  if (step.kill) kill();
  if (step.hover) {
    if (!step.at) await page.locator(".monaco-editor .view-line").first().click({ position: { x: 45, y: 8 } });
    await hover(step.hover, Boolean(step.at));
  }
  if (step.button) {
    await page.locator(".notifications-toasts, .notifications-center").getByRole("button", { name: step.button, exact: true }).first().click();
  }
}

/** Whether what a step names shows: `text` in the first editor (`gone`: not there), `shows` in the status bar (`over`:
 * not there), `panel` in the panel, `tab` as a tab's name, `says` in a notification. */
async function holds(step) {
  await noteToasts();
  const text = await spaced(page.locator(".view-lines"));
  const bar = step.shows || step.over ? await spaced(page.locator(".part.statusbar")) : "";
  const fits = (pattern, shown) => pattern === undefined || new RegExp(pattern).test(shown);
  return (
    fits(step.text, text) &&
    (step.gone === undefined || !new RegExp(step.gone).test(text)) &&
    (step.shows === undefined || bar.includes(step.shows)) &&
    (step.over === undefined || (bar !== "" && !bar.includes(step.over))) &&
    (step.panel === undefined || fits(step.panel, await spaced(panel().locator("main")))) &&
    (step.tab === undefined || fits(step.tab, (await page.locator(".tab").allInnerTexts()).join("\n"))) &&
    (step.says === undefined || fits(step.says, await spaced(page.locator(".notifications-toasts"))))
  );
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
    await act(step);
    await until(JSON.stringify(step), () => holds(step));
    if (step.shot) await shoot(step.shot, step.hover);
    report.steps = (report.steps ?? 0) + 1;
    await page.screenshot({ path: path.join(SHOTS, `step-${report.steps}.png`) });
  }
  report.tabs = await page.locator(".tab").allInnerTexts();
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
