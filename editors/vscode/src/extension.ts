// The extension's life: it starts the server when a file of a known language is opened or a command is used, and ends it.

import * as vscode from "vscode";
import { type LanguageClient, State } from "vscode-languageclient/node";
import { Acts } from "./acts";
import { Candidates } from "./candidates";
import { createClient } from "./client";
import { registerActions, turn } from "./commands";
import { Doctor } from "./doctor";
import { type Entry, History, type Job } from "./jobs";
import type { Act } from "./messages";
import { chooseModel, pullModel } from "./models";
import { Panel, VIEW } from "./panel";
import { Preview } from "./preview";
import { findProgram, ProgramMissing } from "./program";
import { NEEDS_RESTART } from "./settings";
import { type Status, statusLines } from "./status";

/** What `activate` returns, for tests. */
export interface Api {
  /** Resolves when the server answers; undefined: it could not be started, and the user was told why. */
  readonly ready: () => Promise<boolean>;
  /** The answers of this window, the newest first. */
  readonly answers: () => readonly Entry[];
}

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const output = vscode.window.createOutputChannel("Glossator", { log: true });
  const own = new Server(output, context.extensionUri);
  server = own;
  const doctor = new Doctor();
  const restart = (): Promise<void> => own.restart();
  const commands: Readonly<Record<string, () => unknown>> = {
    nextCandidate: () => own.turn("next"),
    previousCandidate: () => own.turn("previous"),
    acceptEdit: () => own.decide("accept"),
    rejectEdit: () => own.decide("reject"),
    showReasoning: () => own.panel.show(),
    chooseModel: () => chooseModel(restart),
    pullModel: () => pullModel(restart),
    doctor: () => doctor.examine(),
    stop: () => own.stopJobs(),
    status: () => own.showStatus(),
    restart,
  };
  context.subscriptions.push(
    output,
    doctor,
    own.candidates,
    own.preview,
    ...registerActions(() => own.get()),
    ...Object.entries(commands).map(([name, work]) => vscode.commands.registerCommand(`glossator.editor.${name}`, work)),
    vscode.window.registerWebviewViewProvider(VIEW, own.panel),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (NEEDS_RESTART.some((name) => event.affectsConfiguration(name))) {
        void own.restart();
      }
    }),
  );
  void own.get();
  return { ready: async () => (await own.get()) !== undefined, answers: () => own.history.entries };
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

/** The one language client and its state. */
class Server {
  /** The client that runs or starts; undefined: none, the next use tries again. */
  private starting: Promise<LanguageClient | undefined> | undefined;
  private client: LanguageClient | undefined;
  readonly candidates = new Candidates();
  readonly history = new History();
  readonly preview = new Preview(this.history, () => this.running);
  private readonly acts = new Acts(this.history, this.preview, () => this.panel, () => this.running);
  readonly panel: Panel;

  constructor(
    private readonly output: vscode.LogOutputChannel,
    extension: vscode.Uri,
  ) {
    this.panel = new Panel(extension, this.history, (act, entry) => this.acts.do(act, entry));
  }

  /** The client, where it runs now. */
  get running(): LanguageClient | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
  }

  /** The running client, started when there is none. */
  get(): Promise<LanguageClient | undefined> {
    this.starting ??= this.start();
    return this.starting;
  }

  async restart(): Promise<void> {
    await this.dispose();
    await this.get();
  }

  async dispose(): Promise<void> {
    const old = this.starting;
    this.starting = undefined;
    this.ended();
    const client = await old;
    if (client?.state === State.Running || client?.state === State.Starting) {
      await client.stop();
    }
    await client?.dispose();
  }

  /** Stops every job of this window. */
  async stopJobs(): Promise<void> {
    const client = await this.starting;
    if (client?.state === State.Running) {
      await client.sendRequest("workspace/executeCommand", { command: "glossator.stop", arguments: [{}] });
    }
  }

  /** Puts the next or the previous of the repairs that were found in the place of the one in the document. */
  async turn(way: "next" | "previous"): Promise<unknown> {
    const looked = this.preview.active;
    if (looked?.job.offered) {
      return this.acts.do(way, looked);
    }
    const client = await this.get();
    if (client === undefined) {
      return undefined;
    }
    return turn(client, way, this.candidates.job, (job) => this.candidates.gone(job));
  }

  /** Accepts or rejects the edit that the user looks at, else the last one that waits for a word. */
  async decide(act: Act & ("accept" | "reject")): Promise<void> {
    const waiting = this.history.entries.find(({ job, past }) => job.offered && !past);
    const entry = this.preview.looking ? this.preview.active : waiting;
    if (entry === undefined) {
      void vscode.window.showInformationMessage("Glossator: no edit waits for your word.");
      return;
    }
    await this.acts.do(act, entry);
  }

  async showStatus(): Promise<void> {
    const client = await this.get();
    if (client === undefined) {
      return;
    }
    const lines = statusLines(await client.sendRequest<Status>("glossator/status", {}));
    lines.forEach((line) => this.output.info(line));
    const chosen = await vscode.window.showInformationMessage(lines.slice(0, 3).join(" · "), "Show All");
    if (chosen !== undefined) {
      this.output.show();
    }
  }

  private async start(): Promise<LanguageClient | undefined> {
    try {
      const program = findProgram();
      this.output.info(`starting ${program} serve`);
      const client = createClient(program, this.output, (job) => this.panel.bring(this.history.of(job)?.key));
      client.onNotification("glossator/job", (job: Job) => void this.told(job));
      client.onDidChangeState((event) => {
        if (event.newState === State.Stopped && client === this.client) {
          this.ended();
        }
      });
      await client.start();
      this.client = client;
      return client;
    } catch (error) {
      this.starting = undefined;
      void this.explain(error);
      return undefined;
    }
  }

  /** A job got further. */
  private async told(job: Job): Promise<void> {
    const before = this.history.of(job.job);
    const entry = this.history.told(job);
    this.candidates.told(job);
    this.panel.post({ kind: "entry", entry });
    this.announce();
    if (job.offered && !before?.job.offered) {
      await this.preview.open(entry, true);
    } else if (!job.offered && before?.job.offered) {
      await this.preview.close(entry.key);
    }
  }

  /** The server ended, and its jobs with it. */
  private ended(): void {
    this.candidates.clear();
    this.history.ended();
    this.panel.refresh();
    this.announce();
    void this.preview.closeAll();
  }

  /** Whether an edit waits for the user's word: the commands for it are in the palette only then. */
  private announce(): void {
    const waiting = this.history.entries.some(({ job, past }) => job.offered && !past);
    void vscode.commands.executeCommand("setContext", "glossator.hasOffer", waiting);
  }

  /** Says what went wrong and offers the way out. */
  private async explain(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    this.output.error(message);
    const missing = error instanceof ProgramMissing;
    const [settings, log] = ["Open Settings", "Show Log"];
    const text = missing ? `Glossator: ${message}` : `Glossator: the language server did not start. ${message}`;
    const chosen = await vscode.window.showErrorMessage(text, settings, log);
    if (chosen === settings) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "glossator.path");
    } else if (chosen === log) {
      this.output.show();
    }
  }
}
