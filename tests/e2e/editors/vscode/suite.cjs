// Runs inside the real extension host (`run` is the contract of VS Code's test runners) and reports what the editor's own
// API gives: hovers, code actions, palette commands. The judgement is left to the Python tests.
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const report = {};
const limit = Number(process.env.TIMEOUT) * 1000;

async function until(what, attempt) {
  const end = Date.now() + limit / 2;
  while (Date.now() < end) {
    const found = await attempt();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain for ${what}`);
}

const shown = (hovers) =>
  hovers.flatMap((hover) => hover.contents.map((each) => (typeof each === "string" ? each : each.value))).join("\n");

/** Edits that are looked at first: shown beside the file, following it, chosen among, accepted and rejected. */
async function preview(api, document) {
  const offered = () => api.answers()[0]?.job.offered && api.answers()[0];
  const right = () => {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    const uri = input instanceof vscode.TabInputTextDiff ? input.modified.toString() : "";
    return vscode.workspace.textDocuments.find((each) => each.uri.toString() === uri && each.getText() !== "");
  };
  const seen = { before: document.getText() };
  report.preview = seen;
  await vscode.commands.executeCommand("glossator.editor.document");
  await until("an offered edit", offered);
  seen.shown = (await until("the diff", right)).getText();
  seen.language = right().languageId;
  seen.untouched = document.getText() === seen.before;
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, new vscode.Position(0, 0), "import os\n\n\n");
  await vscode.workspace.applyEdit(edit);
  seen.followed = await until("the diff to follow", () => right()?.getText().startsWith("import os") && right().getText());
  await vscode.commands.executeCommand("glossator.editor.acceptEdit");
  seen.accepted = await until("the edit", () => document.getText() === seen.followed && document.getText());
  await until("the diff closed", () => right() === undefined);
  seen.told = await until("that it is applied", () => api.answers()[0].job.applied && api.answers()[0].job);

  await vscode.window.showTextDocument(document, { selection: new vscode.Range(3, 5, 3, 5) });
  await vscode.commands.executeCommand("glossator.editor.fix");
  await until("offered repairs", () => offered()?.job.action === "fix" && right());
  seen.first = right().getText();
  await vscode.commands.executeCommand("glossator.editor.nextCandidate");
  seen.second = await until("the next repair", () => right() && right().getText() !== seen.first && right().getText());
  await vscode.commands.executeCommand("glossator.editor.rejectEdit");
  await until("the diff closed", () => right() === undefined && !offered());
  seen.rejected = document.getText();

  // The function changes under an offered edit: its diff closes and nothing can be applied.
  await vscode.window.showTextDocument(document, { selection: new vscode.Range(3, 5, 3, 5) });
  await vscode.commands.executeCommand("glossator.editor.fix");
  await until("offered repairs again", () => offered() && right());
  const other = new vscode.WorkspaceEdit();
  other.replace(document.uri, document.lineAt(5).range, "    total = 1");
  await vscode.workspace.applyEdit(other);
  seen.changed = document.getText();
  await until("the diff closed by typing", () => right() === undefined);
  await vscode.commands.executeCommand("glossator.editor.acceptEdit");
  seen.kept = await until("a refusal", () => api.answers()[0].job.reasons && document.getText());
}

async function main() {
  const extension = vscode.extensions.getExtension("glossator.glossator");
  const api = await extension.activate();
  report.ready = await api.ready();
  report.trusted = vscode.workspace.isTrusted;
  const uri = vscode.Uri.file(path.join(process.env.WORKSPACE, "stats.py"));
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document);
  const place = new vscode.Position(0, 5);
  editor.selection = new vscode.Selection(place, place);
  if (process.env.PART === "preview") {
    return preview(api, document);
  }

  report.hover = await until("a hover", async () => {
    const text = shown(await vscode.commands.executeCommand("vscode.executeHoverProvider", uri, place));
    return new RegExp(process.env.HOVER).test(text) && text;
  });

  const actions = await vscode.commands.executeCommand(
    "vscode.executeCodeActionProvider", uri, new vscode.Range(place, place), undefined, 50);
  report.actions = actions
    .filter((each) => /glossator/.test(each.kind?.value ?? ""))
    .map((each) => ({ title: each.title, kind: each.kind.value, preferred: Boolean(each.isPreferred) }));

  const known = await vscode.commands.getCommands(true);
  report.commands = known.filter((each) => each.startsWith("glossator.editor."));

  const before = document.getText();
  report.job = await vscode.commands.executeCommand("glossator.editor.document");
  await until("an edit", () => document.getText() !== before);
  report.edited = document.getText();
  await vscode.commands.executeCommand("glossator.editor.stop");

  // Several repairs: each command puts another one in the place of the last.
  report.repairs = [];
  for (const command of ["fix", "nextCandidate", "nextCandidate", "previousCandidate"]) {
    const last = document.getText();
    await vscode.commands.executeCommand(`glossator.editor.${command}`);
    await until(`an edit by ${command}`, () => document.getText() !== last);
    report.repairs.push(document.getText());
  }

  await until("what became of both", () => api.answers()[0].job.candidate === 2 && api.answers()[1].job.applied);
  report.answers = api.answers().map(({ job, past }) => ({ ...job, past }));
  await vscode.commands.executeCommand("glossator.editor.restart");
  report.past = api.answers().map(({ past }) => past);
  report.afterRestart = await until("a hover after the restart", async () =>
    shown(await vscode.commands.executeCommand("vscode.executeHoverProvider", uri, place)));
}

exports.run = async () => {
  try {
    await main();
  } catch (error) {
    console.error(String(error?.stack ?? error));
    report.failure = String(error?.stack ?? error);
    throw error;
  } finally {
    fs.writeFileSync(process.env.REPORT, JSON.stringify(report, null, 1));
  }
};
