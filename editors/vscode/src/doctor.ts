// Doctor: what `glossator doctor` finds, as a document that can be read and copied.

import * as vscode from "vscode";
import { glossator } from "./child";

const SCHEME = "glossator-doctor";

export class Doctor implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private text = "";
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  provideTextDocumentContent(): string {
    return this.text;
  }

  /** Examines machine, model and folders, and measures the model's speed, which takes some seconds. */
  async examine(): Promise<void> {
    const title = "Glossator: examining this machine and measuring the model";
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    try {
      const ended = await vscode.window.withProgress(options, (_, token) => glossator(["doctor"], token));
      if (ended.out === "") {
        throw new Error(ended.said || "the doctor was stopped");
      }
      this.text = `${ended.out}\n`;
    } catch (error) {
      void vscode.window.showErrorMessage(`Glossator: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const uri = vscode.Uri.from({ scheme: SCHEME, path: "/Glossator Doctor" });
    this.changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.provider.dispose();
    this.changed.dispose();
  }
}
