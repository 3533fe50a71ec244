// The palette's commands: what they send to the server. Their names differ from the server's own (`glossator.run` …),
// which the language client registers by itself.

import * as vscode from "vscode";
import { type LanguageClient, ResponseError } from "vscode-languageclient/node";

interface Action {
  readonly command: string;
  readonly action: string;
  /** Asked for in an input box. `required`: an empty answer is no question. */
  readonly input?: { readonly prompt: string; readonly placeHolder: string; readonly required: boolean };
}

const ACTIONS: readonly Action[] = [
  { command: "explain", action: "explain" },
  { command: "explainMore", action: "explain_more" },
  { command: "explainProblem", action: "explain_problem" },
  {
    command: "refactor",
    action: "refactor",
    input: {
      prompt: "How should it be refactored? Empty: as the model sees fit.",
      placeHolder: "use a comprehension",
      required: false,
    },
  },
  { command: "fix", action: "fix" },
  { command: "document", action: "document" },
  { command: "annotate", action: "annotate" },
  { command: "simplify", action: "simplify" },
  { command: "writeTests", action: "write_tests" },
  { command: "findBugs", action: "find_bugs" },
  {
    command: "ask",
    action: "ask",
    input: { prompt: "What do you want to know about this code?", placeHolder: "why is the list copied?", required: true },
  },
];

/** Gives the running client, or undefined after it has told the user why there is none. */
export type GetClient = () => Promise<LanguageClient | undefined>;

/** Registers one palette command for every action. */
export function registerActions(getClient: GetClient): vscode.Disposable[] {
  return ACTIONS.map((action) =>
    vscode.commands.registerCommand(`glossator.editor.${action.command}`, async () => {
      const editor = vscode.window.activeTextEditor;
      if (editor === undefined) {
        void vscode.window.showInformationMessage("Glossator: open a file and put the cursor on the code in question.");
        return undefined;
      }
      // The place is taken before anything is awaited: the user may move on while typing an instruction.
      const { document, selection } = editor;
      let instruction: string | undefined;
      if (action.input !== undefined) {
        const { prompt, placeHolder, required } = action.input;
        instruction = (await vscode.window.showInputBox({ prompt, placeHolder }))?.trim();
        if (instruction === undefined || (required && instruction === "")) {
          return undefined;
        }
      }
      const client = await getClient();
      return client === undefined ? undefined : run(client, action.action, document, selection, instruction);
    }),
  );
}

/** Starts a job on the server. Progress, cancel and the answer come by the protocol. */
async function run(
  client: LanguageClient,
  action: string,
  document: vscode.TextDocument,
  selection: vscode.Selection,
  instruction: string | undefined,
): Promise<unknown> {
  const diagnostics = vscode.languages
    .getDiagnostics(document.uri)
    .filter((each) => each.range.intersection(selection) !== undefined);
  const argument = {
    action,
    uri: client.code2ProtocolConverter.asUri(document.uri),
    position: client.code2ProtocolConverter.asPosition(selection.active),
    ...(selection.isEmpty ? {} : { range: client.code2ProtocolConverter.asRange(selection) }),
    ...(instruction ? { instruction } : {}),
    ...((action === "fix" || action === "explain_problem") && diagnostics.length > 0
      ? { diagnostics: await client.code2ProtocolConverter.asDiagnostics(diagnostics) }
      : {}),
  };
  return execute(client, "glossator.run", argument);
}

/** Puts the next or the previous repair in place: of `job`, else of what was found where the cursor is. */
export function turn(
  client: LanguageClient,
  way: "next" | "previous",
  job: string | undefined,
  refused: (job: string) => void,
): Promise<unknown> {
  const command = `glossator.${way}`;
  if (job !== undefined) {
    return execute(client, command, { job }, () => refused(job));
  }
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    return execute(client, command, {});
  }
  const { asUri, asPosition } = client.code2ProtocolConverter;
  return execute(client, command, { uri: asUri(editor.document.uri), position: asPosition(editor.selection.active) });
}

/** Runs a command of the server's; a failure is shown. `refused` is called when it is the server that says no. */
export async function execute(
  client: LanguageClient,
  command: string,
  argument: object,
  refused: () => void = () => undefined,
): Promise<unknown> {
  try {
    return await client.sendRequest("workspace/executeCommand", { command, arguments: [argument] });
  } catch (error) {
    if (error instanceof ResponseError) {
      refused();
    }
    void vscode.window.showErrorMessage(`Glossator: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
