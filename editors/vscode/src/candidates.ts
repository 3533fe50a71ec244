// Of several repairs that were found one is in the document: the status bar says which, a key leads to the next one.
// The key's `when` is true only while the document that holds one of them is the one that is edited.

import * as vscode from "vscode";

/** What the server tells of a job (`glossator/job`); the optional fields are there while one of several is in place. */
export interface Job {
  readonly job: string;
  readonly uri: string;
  readonly candidate?: number;
  readonly candidates?: number;
  /** Which one is in the document and what comes next. */
  readonly said?: string;
}

const CONTEXT = "glossator.hasCandidates";

export class Candidates implements vscode.Disposable {
  private last: Job | undefined;
  private readonly item = vscode.window.createStatusBarItem("glossator.candidates", vscode.StatusBarAlignment.Right, 100);
  private readonly watching = vscode.window.onDidChangeActiveTextEditor(() => this.show());

  constructor() {
    this.item.name = "Glossator: repairs";
    this.item.command = "glossator.editor.nextCandidate";
  }

  /** The job whose repairs can be chosen from. */
  get job(): string | undefined {
    return this.last?.job;
  }

  told(job: Job): void {
    if (job.candidates !== undefined) {
      this.last = job;
    } else if (job.job === this.last?.job) {
      this.last = undefined; // the code is no longer as one of them left it
    } else {
      return;
    }
    this.show();
  }

  /** The server ended, and its jobs with it. */
  clear(): void {
    this.last = undefined;
    this.show();
  }

  dispose(): void {
    this.watching.dispose();
    this.item.dispose();
  }

  private show(): void {
    const open = vscode.window.activeTextEditor?.document.uri.toString();
    const here = this.last !== undefined && vscode.Uri.parse(this.last.uri).toString() === open;
    void vscode.commands.executeCommand("setContext", CONTEXT, here);
    if (here) {
      const said = this.last?.said ?? "";
      this.item.text = `$(arrow-swap) ${said.split("; next:")[0]}`;
      this.item.tooltip = said;
      this.item.show();
    } else {
      this.item.hide();
    }
  }
}
