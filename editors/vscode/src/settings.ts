// The settings as the server wants them: a camelCase tree that holds only what the user has set.
//
// Defaults are left out, because what is not sent leaves the user's `config.toml` in force. What names a program, a model or
// an endpoint, or lets code be run, has `scope: machine` in package.json, so VS Code itself never takes it from the opened
// folder.

import * as vscode from "vscode";

export const SECTION = "glossator";

/** What the server reads. `path` and `trace.server` are the extension's own and never sent. */
const SENT = [
  "backend",
  "model",
  "script",
  "remote.baseUrl",
  "remote.model",
  "remote.keyVariable",
  "hover.enabled",
  "hover.waitMs",
  "hover.maxTokens",
  "index.enabled",
  "run.examples",
  "run.tests",
] as const;

/** These are read by the server when it starts. */
export const NEEDS_RESTART = ["path", "backend", "model", "script", "remote", "run"].map((name) => `${SECTION}.${name}`);

interface Tree {
  [key: string]: unknown;
}

/** The settings that the user has set, as a nested tree; `scope` is the document or folder that they are for. */
export function settingsTree(scope?: vscode.Uri): Tree {
  const configuration = vscode.workspace.getConfiguration(SECTION, scope);
  const tree: Tree = {};
  for (const name of SENT) {
    const found = configuration.inspect<unknown>(name);
    const isSet =
      found?.globalValue !== undefined ||
      found?.workspaceValue !== undefined ||
      found?.workspaceFolderValue !== undefined;
    if (isSet) {
      put(tree, name.split("."), configuration.get<unknown>(name));
    }
  }
  return tree;
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) {
    return;
  }
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const inner = (tree[head] ?? {}) as Tree;
  tree[head] = inner;
  put(inner, rest, value);
}
