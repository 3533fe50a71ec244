// The extension's life: it starts the server when a file of a known language is opened or a command is used, and ends it.

import * as vscode from "vscode";
import { type LanguageClient, State } from "vscode-languageclient/node";
import { Candidates, type Job } from "./candidates";
import { createClient } from "./client";
import { registerActions, turn } from "./commands";
import { findProgram, ProgramMissing } from "./program";
import { NEEDS_RESTART } from "./settings";
import { type Status, statusLines } from "./status";

/** What `activate` returns, for tests. */
export interface Api {
  /** Resolves when the server answers; undefined: it could not be started, and the user was told why. */
  readonly ready: () => Promise<boolean>;
}

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const output = vscode.window.createOutputChannel("Glossator", { log: true });
  const own = new Server(output);
  server = own;
  context.subscriptions.push(
    output,
    ...registerActions(() => own.get()),
    own.candidates,
    vscode.commands.registerCommand("glossator.editor.nextCandidate", () => own.turn("next")),
    vscode.commands.registerCommand("glossator.editor.previousCandidate", () => own.turn("previous")),
    vscode.commands.registerCommand("glossator.editor.stop", () => own.stopJobs()),
    vscode.commands.registerCommand("glossator.editor.status", () => own.showStatus()),
    vscode.commands.registerCommand("glossator.editor.restart", () => own.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (NEEDS_RESTART.some((name) => event.affectsConfiguration(name))) {
        void own.restart();
      }
    }),
  );
  void own.get();
  return { ready: async () => (await own.get()) !== undefined };
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

/** The one language client and its state. */
class Server {
  /** The client that runs or starts; undefined: none, the next use tries again. */
  private starting: Promise<LanguageClient | undefined> | undefined;
  readonly candidates = new Candidates();

  constructor(private readonly output: vscode.LogOutputChannel) {}

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
    this.candidates.clear();
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
    const client = await this.get();
    if (client === undefined) {
      return undefined;
    }
    return turn(client, way, this.candidates.job, (job) => this.candidates.gone(job));
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
      const client = createClient(program, this.output);
      client.onNotification("glossator/job", (job: Job) => this.candidates.told(job));
      client.onDidChangeState((event) => {
        if (event.newState === State.Stopped) {
          this.candidates.clear();
        }
      });
      await client.start();
      return client;
    } catch (error) {
      this.starting = undefined;
      void this.explain(error);
      return undefined;
    }
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
