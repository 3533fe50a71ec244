// Choose Model… and Pull Model…: the `glossator` program lists, fetches and chooses; this asks the user and shows progress.

import * as vscode from "vscode";
import { glossator } from "./child";
import { SECTION } from "./settings";

/** A model in the answer of `glossator model list --json`. */
interface Model {
  readonly name: string;
  readonly title: string;
  readonly bytes: number;
  readonly licence: string;
  readonly context: number;
  readonly reasoning: boolean;
  readonly state: "here" | "damaged" | "absent";
  readonly trouble: string;
  readonly path: string;
  readonly in_use: boolean;
  readonly in_catalogue: boolean;
  /** Bytes of memory that it takes; 0: not known. */
  readonly memory: number;
  readonly fits: boolean;
  /** Of a whole explanation on this machine; null: not known. */
  readonly seconds: number | null;
  readonly best: boolean;
}

interface Listing {
  readonly models: readonly Model[];
  readonly folder: string;
  readonly backend: string;
}

interface Item extends vscode.QuickPickItem {
  readonly model?: Model;
}

const FILE = "A GGUF File…";

/** Lets the user choose a model, fetches it if it is not here, and starts the server anew with it. */
export async function chooseModel(restart: () => Promise<void>): Promise<void> {
  const listing = await list();
  if (listing === undefined) {
    return;
  }
  if (listing.backend === "remote") {
    const open = "Open Settings";
    const text = "Glossator: the backend is remote, and its model is named in the setting glossator.remote.model.";
    if ((await vscode.window.showInformationMessage(text, open)) === open) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "glossator.remote");
    }
    return;
  }
  const file: Item[] = [{ label: "", kind: vscode.QuickPickItemKind.Separator }, { label: FILE, detail: "Any model in a file of your own" }];
  const chosen = await vscode.window.showQuickPick([...items(listing.models), ...file], {
    title: "The model that answers",
    placeHolder: "Larger models know more and are slower",
    matchOnDescription: true,
  });
  if (chosen === undefined) {
    return;
  }
  const model = chosen.model;
  // A file of one's own is chosen by its path: a name alone means one of the catalogue.
  const name = model === undefined ? await ownFile() : model.in_catalogue ? model.name : model.path;
  if (name === undefined) {
    return;
  }
  if (model?.in_catalogue && model.state !== "here" && !(await wanted(model) && (await fetched(model.name)))) {
    return;
  }
  await use(name, restart);
}

/** Lets the user pick a model that is not here and fetches it. */
export async function pullModel(restart: () => Promise<void>): Promise<void> {
  const listing = await list();
  const absent = listing?.models.filter(({ state, in_catalogue }) => in_catalogue && state !== "here") ?? [];
  if (listing === undefined) {
    return;
  }
  if (absent.length === 0) {
    void vscode.window.showInformationMessage(`Glossator: all models of the catalogue are in ${listing.folder}.`);
    return;
  }
  const options = { title: "Fetch a model", placeHolder: `It is put into ${listing.folder}` };
  const chosen = (await vscode.window.showQuickPick(items(absent), options))?.model;
  if (chosen === undefined || !(await fetched(chosen.name))) {
    return;
  }
  const [useIt, later] = ["Use It", "Later"];
  const text = `Glossator: ${chosen.name} is here.`;
  if (!chosen.in_use && (await vscode.window.showInformationMessage(text, useIt, later)) === useIt) {
    await use(chosen.name, restart);
  } else if (chosen.in_use) {
    await restart();
  }
}

async function list(): Promise<Listing | undefined> {
  const title = "Glossator: looking at models and this machine";
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return attempt(() =>
    vscode.window.withProgress(options, async (_, token) => {
      const ended = await glossator(["model", "list", "--json"], token);
      if (token.isCancellationRequested) {
        return undefined;
      }
      if (ended.code !== 0) {
        throw new Error(ended.said || "the models could not be listed");
      }
      return JSON.parse(ended.out) as Listing;
    }),
  );
}

function items(models: readonly Model[]): Item[] {
  const here = models.filter(({ state }) => state !== "absent");
  const others = models.filter(({ state }) => state === "absent");
  const group = (label: string, of: readonly Model[]): Item[] =>
    of.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...of.map(item)];
  return [...group("on this machine", here), ...group("to be fetched", others)];
}

function item(model: Model): Item {
  const { bytes, memory, seconds } = model;
  const fit = model.best ? "fits this machine best" : model.fits ? "" : "too large for the memory";
  const told = [
    `${(bytes / 1e9).toFixed(1)} GB`,
    model.in_use ? "in use" : "",
    model.state === "damaged" ? "damaged" : "",
    fit,
  ];
  const more = [
    model.title,
    memory > 0 ? `${(memory / 1e9).toFixed(1)} GB of memory` : "",
    seconds === null ? "" : `an explanation in about ${seconds.toFixed(0)} s`,
    model.reasoning ? "thinks first" : "",
    model.licence,
    model.trouble,
  ];
  const join = (parts: readonly string[]): string => parts.filter((part) => part !== "").join(" · ");
  return { label: model.name, description: join(told), detail: join(more), picked: model.in_use, model };
}

async function ownFile(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({ filters: { "GGUF models": ["gguf"] }, openLabel: "Use This Model" });
  return chosen?.[0]?.fsPath;
}

async function wanted({ name, bytes }: Model): Promise<boolean> {
  const fetch = "Fetch It";
  const detail = `${(bytes / 1e9).toFixed(1)} GB are fetched from the network. What has come is kept when you stop.`;
  const text = `${name} is not on this machine.`;
  return (await vscode.window.showInformationMessage(text, { modal: true, detail }, fetch)) === fetch;
}

/** A line of `glossator model pull --json`; undefined: it is another one, a library's warning say. */
function read(line: string): { done?: number; total?: number; what?: string; notice?: string } | undefined {
  try {
    const told: unknown = JSON.parse(line);
    return typeof told === "object" && told !== null ? told : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the model is here now. */
async function fetched(name: string): Promise<boolean> {
  const options = { location: vscode.ProgressLocation.Notification, title: `Glossator: fetching ${name}`, cancellable: true };
  const ended = await attempt(() =>
    vscode.window.withProgress(options, (progress, token) => {
      let shown = 0;
      return glossator(["model", "pull", name, "--json"], token, (line) => {
        const told = read(line);
        if (told === undefined) {
          return;
        }
        const { done = 0, total = 0 } = told;
        const percent = total > 0 ? (100 * done) / total : shown;
        const far = total > 0 ? `${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB` : "";
        progress.report({ increment: Math.max(0, percent - shown), message: told.notice ?? `${far} ${told.what ?? ""}` });
        shown = Math.max(shown, percent);
      });
    }),
  );
  if (ended === undefined || ended.code === 0) {
    return ended !== undefined;
  }
  const stopped = ended.code === null || ended.said.startsWith("stopped");
  const show = stopped ? vscode.window.showInformationMessage : vscode.window.showErrorMessage;
  void show(`Glossator: ${ended.said.split("\n").pop() || `${name} could not be fetched`}`);
  return false;
}

/** Makes it the user's choice; the setting `glossator.model` goes before that and follows where it is set. */
async function use(name: string, restart: () => Promise<void>): Promise<void> {
  const ended = await attempt(() => glossator(["model", "use", name]));
  if (ended === undefined) {
    return;
  }
  if (ended.code !== 0) {
    void vscode.window.showErrorMessage(`Glossator: ${ended.said}`);
    return;
  }
  const configuration = vscode.workspace.getConfiguration(SECTION);
  if (configuration.get<string>("model", "") !== "") {
    await configuration.update("model", name, vscode.ConfigurationTarget.Global);
  }
  await restart();
  const text = `Glossator: ${ended.out.split("\n").pop() ?? `using ${name}`}`;
  void vscode.window.showInformationMessage(ended.said === "" ? text : `${text} (${ended.said})`);
}

async function attempt<T>(work: () => PromiseLike<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    void vscode.window.showErrorMessage(`Glossator: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
