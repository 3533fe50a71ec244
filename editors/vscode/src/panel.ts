// The side panel: what the model thinks and answers, what was checked, what was sent, and what can be done with it. Holds
// the page and passes messages on; what is done is the caller's.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import * as vscode from "vscode";
import type { Entry, History } from "./jobs";
import type { Act, FromPage, ToPage } from "./messages";

export const VIEW = "glossator.panel";

/** Does what a button says. */
export type Doer = (act: Act, entry: Entry) => Promise<void>;

export class Panel implements vscode.WebviewViewProvider {
  private view: vscode.WebviewView | undefined;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly history: History,
    private readonly act: Doer,
  ) {}

  /** Whether the user sees this answer now: false where the panel is not open. */
  bring(key: string | undefined): boolean {
    if (key === undefined || !this.view?.visible) {
      return false;
    }
    this.post({ kind: "show", key });
    return true;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = {
      enableScripts: true,
      enableCommandUris: false,
      localResourceRoots: [vscode.Uri.joinPath(this.extension, "dist"), vscode.Uri.joinPath(this.extension, "media")],
    };
    view.webview.onDidReceiveMessage((message: FromPage) => void this.received(message));
    view.onDidDispose(() => {
      this.view = undefined;
    });
    view.webview.html = page(view.webview, this.extension);
  }

  /** Brings it to the front; `key`: with this answer. */
  async show(key?: string): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    if (key !== undefined) {
      this.post({ kind: "show", key });
    }
  }

  post(message: ToPage): void {
    void this.view?.webview.postMessage(message);
  }

  /** All answers again: the page was made anew, or their server ended. */
  refresh(): void {
    this.post({ kind: "all", entries: this.history.entries });
  }

  private async received(message: FromPage): Promise<void> {
    if (message.kind === "ready") {
      this.refresh();
    } else if (message.kind === "command") {
      await vscode.commands.executeCommand(`glossator.editor.${message.command}`);
    } else {
      const entry = this.history.get(message.key);
      if (entry !== undefined) {
        await this.act(message.act, entry);
      }
    }
  }
}

/** The page's frame, with addresses that VS Code lets it load. It may load its own script and style and nothing else. */
function page(webview: vscode.Webview, extension: vscode.Uri): string {
  const nonce = randomBytes(18).toString("base64");
  const at = (...path: string[]): string => String(webview.asWebviewUri(vscode.Uri.joinPath(extension, ...path)));
  const values: Readonly<Record<string, string>> = {
    nonce,
    policy: `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`,
    style: at("media", "panel.css"),
    script: at("dist", "page.js"),
  };
  const frame = readFileSync(vscode.Uri.joinPath(extension, "media", "panel.html").fsPath, "utf8");
  return frame.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
}
