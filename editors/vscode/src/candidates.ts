// Of several repairs that were found one is in the document: the status bar says which, a key leads to the next one.
// The key's `when` is true only while the document that holds one of them is the one that is edited.

import * as vscode from "vscode";
import type { Job } from "./jobs";

const NOTE_MS = 10_000;
const CONTEXT = "glossator.hasCandidates";

export class Candidates implements vscode.Disposable {
  private last: Job | undefined;
  private readonly item = vscode.window.createStatusBarItem("glossator.candidates", vscode.StatusBarAlignment.Right, 100);
  private readonly watching = vscode.window.onDidChangeActiveTextEditor(() => this.show());

  constructor() {
    this.item.name = "Glossator: repairs";
    this.item.command = "glossator.editor.nextCandidate";
  }

  /** The job whose repairs can be chosen from in the document that is edited. */
  get job(): string | undefined {
    return this.here ? this.last?.job : undefined;
  }

  told(job: Job): void {
    if (job.candidates !== undefined) {
      this.last = job;
      this.show();
      return;
    }
    this.gone(job.job);
    if (job.state === "done" && job.note !== undefined) {
      void vscode.window.setStatusBarMessage(`Glossator: ${job.note}`, NOTE_MS);
    }
  }

  /** There is nothing to choose from in this job any more. */
  gone(job: string): void {
    if (job === this.last?.job) {
      this.clear();
    }
  }

  /** There is nothing to choose from: the server ended, for one, and its jobs with it. */
  clear(): void {
    this.last = undefined;
    this.show();
  }

  dispose(): void {
    this.watching.dispose();
    this.item.dispose();
  }

  private get here(): boolean {
    const open = vscode.window.activeTextEditor?.document.uri.toString();
    return this.last !== undefined && vscode.Uri.parse(this.last.uri).toString() === open;
  }

  private show(): void {
    const here = this.here;
    void vscode.commands.executeCommand("setContext", CONTEXT, here);
    const said = this.last?.said;
    if (here && said !== undefined) {
      this.item.text = `$(arrow-swap) ${said.split("; next:")[0]}`;
      this.item.tooltip = said;
      this.item.show();
    } else {
      this.item.hide();
    }
  }
}
