// The settings as the server wants them: a camelCase tree that holds only what the user has set.
//
// Defaults are left out, because what is not sent leaves the user's `config.toml` in force. Which settings there are is read
// from package.json. What names a program, a model or an endpoint, or lets code be run, has `scope: machine` there, so VS
// Code itself never takes it from the opened folder.

import * as vscode from "vscode";
import { contributes } from "../package.json";

export const SECTION = "glossator";

/** These are the extension's own and never sent. */
const OWN: readonly string[] = ["path", "trace.server"];

const DECLARED = contributes.configuration.flatMap((group) =>
  Object.entries(group.properties as Record<string, { readonly scope: string }>).map(([name, { scope }]) => ({
    name: name.slice(SECTION.length + 1),
    scope,
  })),
);

/** What the server reads, without the section's name. */
const SENT = DECLARED.map(({ name }) => name).filter((name) => !OWN.includes(name));

/** The server takes these when it starts and never from a later message, which may speak for the opened folder. */
export const NEEDS_RESTART = DECLARED.filter(({ scope }) => scope === "machine").map(({ name }) => `${SECTION}.${name}`);

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
