// The language client: how the server is started and what it is told. Hover, menus, progress, cancel and edits are the
// protocol's own and need nothing here.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { SECTION, settingsTree } from "./settings";

/** A client for `program`, not yet started. */
export function createClient(program: string, output: vscode.LogOutputChannel): LanguageClient {
  const server: ServerOptions = { command: program, args: ["serve"] };
  const options: LanguageClientOptions = {
    // Every language: where the server has no grammar it still explains and answers questions about a selection.
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: output,
    initializationOptions: { ...settingsTree(), jobs: true },
    markdown: { isTrusted: false, supportHtml: false },
    middleware: {
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
