// What the panel's buttons and the preview's commands do with an answer.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { execute } from "./commands";
import type { Entry, History } from "./jobs";
import type { Act, Sent } from "./messages";
import type { Panel } from "./panel";
import type { Preview } from "./preview";

export class Acts {
  constructor(
    private readonly history: History,
    private readonly preview: Preview,
    private readonly panel: () => Panel,
    private readonly running: () => LanguageClient | undefined,
  ) {}

  /** Does it; nothing where the server that gave the answer does not run any more. */
  async do(act: Act, entry: Entry): Promise<void> {
    const { job } = entry;
    if (act === "copy") {
      await vscode.env.clipboard.writeText(job.markdown ?? job.text ?? job.answer ?? "");
      return;
    }
    if (act === "place") {
      const at = new vscode.Position(job.line ?? 0, 0);
      await vscode.window.showTextDocument(vscode.Uri.parse(job.uri), { selection: new vscode.Range(at, at) });
      return;
    }
    const client = this.running();
    if (client === undefined || entry.past) {
      void vscode.window.showInformationMessage("Glossator: the server that gave this answer has ended; ask again.");
      return;
    }
    switch (act) {
      case "stop":
        await execute(client, "glossator.stop", { job: job.job });
        break;
      case "accept":
      case "apply":
        await vscode.workspace.openTextDocument(vscode.Uri.parse(job.uri)); // closed ones are not changed
        await execute(client, "glossator.choose", { job: job.job, number: entry.number });
        break;
      case "reject":
      case "undo":
        await execute(client, "glossator.choose", { job: job.job, number: 0 });
        break;
      case "changes":
        await this.preview.open(entry);
        break;
      case "next":
      case "previous":
        await (job.offered ? this.look(entry, act === "next" ? 1 : -1) : execute(client, `glossator.${act}`, { job: job.job }));
        break;
      case "sent":
        this.panel().post({ kind: "sent", key: entry.key, sent: await sent(client, job.job) });
        break;
    }
  }

  /** Looks at the edit that is `by` further of those that were found. */
  private async look(entry: Entry, by: number): Promise<void> {
    const of = entry.job.offers ?? 1;
    const number = ((entry.number - 1 + by + of) % of) + 1;
    // What was not shown is not what is accepted.
    const looked = (await this.preview.open({ ...entry, number })) ? this.history.looked(entry.key, number) : undefined;
    if (looked !== undefined) {
      this.panel().post({ kind: "entry", entry: looked });
    }
  }
}

/** What was asked, or why that cannot be told. */
async function sent(client: LanguageClient, job: string): Promise<Sent | string> {
  try {
    return await client.sendRequest<Sent>("glossator/sent", { job });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
