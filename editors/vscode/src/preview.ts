// Edits looked at before they are in the file: VS Code's diff editor with the file on the left and the file with the edit
// on the right. The right side follows what is typed; where the edit does not fit any more the preview is closed.

import * as path from "node:path";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Entry, History } from "./jobs";

export const SCHEME = "glossator-edit";
const SETTLED_MS = 250; // after the last key

/** The answer of `glossator/proposal`. */
export interface Proposal {
  readonly job: string;
  readonly title: string;
  readonly number: number;
  readonly of: number;
  readonly uri: string;
  readonly before: string;
  readonly after: string;
  readonly gist: string;
  readonly rungs: readonly string[];
  readonly note: string;
}

interface Shown {
  readonly key: string;
  readonly uri: vscode.Uri;
  readonly document: vscode.Uri;
  proposal: Proposal;
}

/** The right side of a tab that shows an edit. */
function editOf(input: unknown): vscode.Uri | undefined {
  const uri = input instanceof vscode.TabInputTextDiff ? input.modified : undefined;
  return uri?.scheme === SCHEME ? uri : undefined;
}

export class Preview implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly shown = new Map<string, Shown>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private settling: NodeJS.Timeout | undefined;
  private readonly own: vscode.Disposable[];

  constructor(
    private readonly history: History,
    private readonly running: () => LanguageClient | undefined,
  ) {
    this.own = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.typed(document)),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        closed.forEach(({ input }) => this.closed(input));
        this.announce();
      }),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.announce()),
      this.changed,
    ];
  }

  /** The right side of a diff. */
  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.shown.get(uri.toString())?.proposal.after ?? "";
  }

  /** Whether a diff of an edit is in the active editor, also one of which nothing is known any more. */
  get looking(): boolean {
    return editOf(vscode.window.tabGroups.activeTabGroup.activeTab?.input) !== undefined;
  }

  /** The answer whose edit is in the active editor, and which of its edits that is. */
  get active(): Entry | undefined {
    const uri = editOf(vscode.window.tabGroups.activeTabGroup.activeTab?.input);
    const shown = uri && this.shown.get(uri.toString());
    const entry = shown && this.history.get(shown.key);
    return entry && { ...entry, number: shown.proposal.number };
  }

  /**
   * Opens the diff of the edit that `entry` looks at, in the place of another one of the same job; whether it did.
   * `preserveFocus`: the user did not ask for it just now and may be typing elsewhere.
   */
  async open(entry: Entry, preserveFocus = false): Promise<boolean> {
    const proposal = await this.ask(entry, entry.number);
    if (proposal === undefined) {
      return false;
    }
    const now = this.history.get(entry.key);
    if (entry.job.offered && (now === undefined || now.past || !now.job.offered)) {
      return false; // decided while the server was asked
    }
    const document = vscode.Uri.parse(proposal.uri);
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: document.path, // its ending tells the language
      query: `${entry.key}/${proposal.number}`,
    });
    const others = this.of(entry.key).filter((each) => each.uri.toString() !== uri.toString());
    this.shown.set(uri.toString(), { key: entry.key, uri, document, proposal });
    this.changed.fire(uri);
    const which = proposal.of > 1 ? `: ${proposal.number} of ${proposal.of}` : "";
    const title = `${proposal.title}${which} (${path.posix.basename(document.path)})`;
    await vscode.commands.executeCommand("vscode.diff", document, uri, title, { preview: true, preserveFocus });
    await this.closeTabs(others);
    return true;
  }

  /** Closes the diffs of an answer: its edit was accepted or rejected. Who looked at one looks at the file then. */
  async close(key: string): Promise<void> {
    const looked = this.active?.key === key;
    const [shown] = this.of(key);
    await this.closeTabs(this.of(key));
    if (looked && shown !== undefined) {
      await vscode.window.showTextDocument(shown.document);
    }
  }

  /** Closes all: the server ended. */
  async closeAll(): Promise<void> {
    await this.closeTabs([...this.shown.values()]);
  }

  /** Whether an edit is looked at, for the keys, and whether the buttons for the next and the previous one make sense. */
  private announce(): void {
    const { active } = this;
    void vscode.commands.executeCommand("setContext", "glossator.previewing", active !== undefined);
    void vscode.commands.executeCommand("setContext", "glossator.hasChoice", (active?.job.offers ?? 0) > 1);
  }

  dispose(): void {
    clearTimeout(this.settling);
    vscode.Disposable.from(...this.own).dispose();
  }

  /** A tab was closed; the same diff may be open in another group. */
  private closed(input: unknown): void {
    const uri = editOf(input)?.toString();
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    if (uri !== undefined && !tabs.some((tab) => editOf(tab.input)?.toString() === uri)) {
      this.shown.delete(uri);
    }
  }

  private of(key: string): Shown[] {
    return [...this.shown.values()].filter((each) => each.key === key);
  }

  private async closeTabs(gone: readonly Shown[]): Promise<void> {
    const names = new Set(gone.map(({ uri }) => uri.toString()));
    const tabs = vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(({ input }) => names.has(editOf(input)?.toString() ?? ""));
    if (tabs.length > 0) {
      await vscode.window.tabGroups.close(tabs);
    }
    names.forEach((name) => this.shown.delete(name));
  }

  /** What the edit would make of the document as it is; undefined, and the user was told, where it does not fit it. */
  private async ask({ job }: Entry, number: number): Promise<Proposal | undefined> {
    try {
      return await this.running()?.sendRequest<Proposal>("glossator/proposal", { job: job.job, number });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      void vscode.window.showWarningMessage(`Glossator: ${reason}; there is no preview.`);
      return undefined;
    }
  }

  private typed(document: vscode.TextDocument): void {
    const uri = document.uri.toString();
    if ([...this.shown.values()].some((each) => each.document.toString() === uri)) {
      clearTimeout(this.settling);
      this.settling = setTimeout(() => void this.follow(uri), SETTLED_MS);
    }
  }

  private async follow(document: string): Promise<void> {
    for (const shown of [...this.shown.values()].filter((each) => each.document.toString() === document)) {
      const entry = this.history.get(shown.key);
      const proposal = entry && (await this.ask(entry, shown.proposal.number));
      if (proposal === undefined) {
        await this.closeTabs([shown]);
      } else {
        shown.proposal = proposal;
        this.changed.fire(shown.uri);
      }
    }
  }
}
