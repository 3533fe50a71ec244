// Opens a margin edition from the disk in a real browser, as a reader would, and reports what a reader would have seen.
// The judgement is left to the Python test.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { PLAYWRIGHT, BROWSER, SITE, PAGE, WORD, REPORT, SHOTS } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);
const report = { errors: [], requests: [] };
const address = (name) => pathToFileURL(path.join(SITE, name)).href;

const browser = await chromium.launch({
  executablePath: BROWSER,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"],
});

async function opened(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.on("console", (message) => { if (message.type() !== "log") report.errors.push(message.text()); });
  page.on("pageerror", (error) => report.errors.push(String(error)));
  page.on("request", (request) => report.requests.push(request.url()));
  await page.goto(address(name));
  return page;
}

const shot = (page, name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const here = (page) => page.evaluate(() => [location.pathname.split("/").pop(), location.hash]);

// The first page, then search with keys alone.
const page = await opened("index.html");
await shot(page, "contents");
await page.keyboard.press("/");
await page.keyboard.type(WORD);
await page.locator("#found a").first().waitFor();
report.found = await page.locator("#found a").allInnerTexts();
report.count = await page.locator("#count").innerText();
await shot(page, "search");
await page.keyboard.press("ArrowDown");
report.focused = await page.evaluate(() => document.activeElement.textContent);
await page.keyboard.press("Enter");
await page.waitForURL(/#d\./);
report.landed = await here(page);

// A page: the gloss stands beside its first line; a call leads to its definition.
await page.goto(address(PAGE));
report.beside = await page.evaluate(() =>
  [...document.querySelectorAll(".row[id]")].map((row) => {
    const [code, gloss] = [row.querySelector(".head"), row.querySelector(".gloss")].map((each) => each.getBoundingClientRect());
    return { right: gloss.left >= code.right, down: Math.round(gloss.top - code.top) };
  }));
report.wide = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
await shot(page, "light");
await page.locator("pre a").first().click();
report.jumped = await here(page);
await page.keyboard.press("Tab");
report.outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);

// The switch, also after the page is opened again.
report.light = await ground(page);
await page.locator("#theme").click();
report.dark = await ground(page);
report.pressed = await page.locator("#theme").getAttribute("aria-pressed");
await page.reload();
report.kept = await ground(page);
await page.evaluate(() => scrollTo(0, 0));
await shot(page, "dark");
await page.emulateMedia({ media: "print" });
report.printed = await ground(page);
await shot(page, "print");

// A narrow screen: glosses are folded under the first lines of their definitions; the one that is asked for is open.
const narrow = await opened(PAGE, { viewport: { width: 420, height: 800 }, colorScheme: "dark" });
report.folded = await narrow.locator("details.gloss[open]").count();
report.fits = await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
await narrow.locator("summary").first().press("Enter");
report.unfolded = await narrow.locator("details.gloss[open]").count();
report.under = await narrow.evaluate(() => {
  const row = document.querySelector(".row[id]");
  const [head, gloss, own] = [".head", ".gloss", ".own"].map((each) => row.querySelector(each)?.getBoundingClientRect());
  return head.bottom <= gloss.top + 1 && (!own || gloss.bottom <= own.top + 1);
});
await shot(narrow, "narrow");

// Without its script a page can be read all the same.
const still = await opened(PAGE, { javaScriptEnabled: false });
report.still = await still.locator("details.gloss[open]").count();
report.controls = await still.locator("#query:visible, #theme:visible").count();

await browser.close();
fs.writeFileSync(REPORT, JSON.stringify(report));
