// The panel's page of the VS Code extension in a headless browser, with the extension's messages written out; reports what
// a user sees, what is asked for and what the page asks of the extension. The judgement is left to the Python test.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { PLAYWRIGHT, BROWSER, EXTENSION, SHOTS, REPORT, ENTRIES, SENT } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);
const report = { requests: [], errors: [] };
const entries = JSON.parse(ENTRIES);

const values = {
  nonce: "n",
  policy: "default-src 'none'; style-src file:; script-src 'nonce-n'",
  style: String(pathToFileURL(path.join(EXTENSION, "media/panel.css"))),
  script: String(pathToFileURL(path.join(EXTENSION, "dist/page.js"))),
};
const frame = fs.readFileSync(path.join(EXTENSION, "media/panel.html"), "utf8");
const said = '<script nonce="n">window.said = []; window.acquireVsCodeApi = () => ({ postMessage: (m) => said.push(m) });</script>';
const file = path.join(SHOTS, "panel.html");
fs.writeFileSync(file, frame.replace("</head>", `${said}</head>`).replaceAll(/\{\{(\w+)\}\}/g, (_, name) => values[name]));

const browser = await chromium.launch({ executablePath: BROWSER, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
const page = await (await browser.newContext({ viewport: { width: 340, height: 900 } })).newPage();
page.setDefaultTimeout(10000);
page.on("request", (request) => report.requests.push(request.url()));
page.on("pageerror", (error) => report.errors.push(String(error)));
page.on("console", (message) => message.type() === "error" && report.errors.push(message.text()));
await page.goto(String(pathToFileURL(file)));

const post = (message) => page.evaluate((each) => window.postMessage(each, "*"), message);
const settled = () => page.waitForTimeout(100);
const text = (selector) => page.locator(selector).innerText();
const acts = () => page.locator("#acts button").allInnerTexts();

report.empty = await page.locator("#empty").isVisible();
await post({ kind: "all", entries: [] });
const [thinking, hostile, offered] = entries;
await post({ kind: "entry", entry: thinking });
await settled();
report.thinking = { state: await text("#state"), counter: await text("#counter"), folded: !(await page.locator("#thought-text").isVisible()) };
report.thinking.acts = await acts();
await page.locator("#thought summary").focus();
await page.keyboard.press("Enter");
report.thinking.thought = await text("#thought-text");
await page.locator("#acts button").focus();
await post({ kind: "entry", entry: { ...thinking, job: { ...thinking.job, tokens: 40, thought: thinking.job.thought + " More." } } });
await settled();
report.kept = {
  open: await page.locator("#thought-text").isVisible(),
  focus: await page.evaluate(() => document.activeElement.dataset.act),
};

await post({ kind: "entry", entry: hostile });
await settled();
report.hostile = {
  words: await text("#words"),
  elements: await page.locator("main img, main a, main iframe, main script, #words b").count(),
  code: await page.locator("#words code").allInnerTexts(),
  ran: await page.evaluate(() => window.ran ?? null),
  rungs: await page.locator("#rungs li").allInnerTexts(),
};

await post({ kind: "entry", entry: offered });
await settled();
report.offered = { state: await text("#state"), acts: await acts(), title: await text("#title"), rungs: await page.locator("#rungs li").allInnerTexts() };
report.offered.words = await page.locator("#words").isVisible();
report.offered.folded = !(await page.locator("#wrote-words").isVisible());
await page.locator("#wrote summary").press("Enter");
report.wrote = await text("#wrote-words");
await page.locator("#acts button").first().focus();
await page.keyboard.press("Tab");
report.offered.second = await page.evaluate(() => document.activeElement.textContent);
await page.locator("#acts button").first().press("Enter");
await page.locator("#sent summary").press("Enter");
await settled();
await post({ kind: "sent", key: offered.key, sent: JSON.parse(SENT) });
await settled();
report.sent = await text("#sent-text");
await page.locator("#cost summary").press("Enter");
report.cost = await text("#cost-rows");

await page.locator("#history-list [aria-current=true]").focus();
await page.keyboard.press("ArrowDown");
await settled();
report.history = {
  rows: await page.locator("#history-list button").allInnerTexts(),
  shown: await text("#title"),
  focus: await page.evaluate(() => document.activeElement.textContent),
  stops: await page.locator("#history-list button[tabindex='0']").count(),
};
report.names = await page.evaluate(() =>
  [...document.querySelectorAll("button, summary")].filter((each) => each.checkVisibility() && !each.textContent.trim()).length);
report.said = await page.evaluate(() => window.said);
report.wide = await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
await page.screenshot({ path: path.join(SHOTS, "panel.png") });
await browser.close();
fs.writeFileSync(REPORT, JSON.stringify(report, null, 1));
