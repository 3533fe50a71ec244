// The language client: how the server is started and what it is told. Hover, menus, progress, cancel and edits are the
// protocol's own and need nothing here.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { SECTION, settingsTree } from "./settings";

/** The documents in which the server shows answers end so. */
const ANSWER = /-(job-\d+)\.md$/;

/** A client for `program`, not yet started. `show` shows a job's answer elsewhere; where it did no document is opened. */
export function createClient(program: string, output: vscode.LogOutputChannel, show: (job: string) => boolean): LanguageClient {
  const server: ServerOptions = { command: program, args: ["serve"] };
  const options: LanguageClientOptions = {
    // Every language: where the server has no grammar it still explains and answers questions about a selection.
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: output,
    initializationOptions: { ...settingsTree(), jobs: true },
    markdown: { isTrusted: false, supportHtml: false },
    middleware: {
      window: {
        showDocument: (params, token, next) => {
          const job = ANSWER.exec(params.uri)?.[1];
          return job !== undefined && show(job) ? { success: true } : next(params, token);
        },
      },
      workspace: {
        configuration: (params) =>
          params.items.map((item) =>
            item.section === SECTION ? settingsTree(item.scopeUri ? vscode.Uri.parse(item.scopeUri) : undefined) : null,
          ),
        didChangeConfiguration: async () => {
          await client.sendNotification("workspace/didChangeConfiguration", { settings: { [SECTION]: settingsTree() } });
        },
      },
    },
    synchronize: { configurationSection: SECTION },
  };
  const client = new LanguageClient(SECTION, "Glossator", server, options);
  return client;
}
