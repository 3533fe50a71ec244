// Runs the `glossator` program for one command and reads what it prints. Knows nothing of what the commands do.

import { spawn } from "node:child_process";
import * as readline from "node:readline";
import type * as vscode from "vscode";
import { findProgram } from "./program";

const GRACE_MS = 5000; // for keeping what it has

/** How a command ended. */
export interface Ended {
  /** The exit code; null: it was ended. */
  readonly code: number | null;
  readonly out: string;
  /** What it said, its name left out. */
  readonly said: string;
}

/**
 * Runs `glossator ARGUMENTS`. `line` gets each line that it prints; `token` interrupts it, as Ctrl-C does, so that it can
 * keep what it has, and ends it where it does not heed that. Throws `ProgramMissing`, and the system's error where it cannot be started.
 */
export function glossator(
  args: readonly string[],
  token?: vscode.CancellationToken,
  line: (text: string) => void = () => undefined,
): Promise<Ended> {
  const program = findProgram();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, PYTHONUTF8: "1" }, // what it prints is read as UTF-8
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    const printed: string[] = [];
    let said = "";
    readline.createInterface({ input: child.stdout }).on("line", (text) => {
      printed.push(text);
      line(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    let impatient: NodeJS.Timeout | undefined;
    const cancel = token?.onCancellationRequested(() => {
      child.kill("SIGINT");
      impatient = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    });
    const over = (): void => {
      clearTimeout(impatient);
      cancel?.dispose();
    };
    child.once("error", (error) => {
      over();
      reject(error);
    });
    child.once("close", (code) => {
      over();
      resolve({ code, out: printed.join("\n"), said: said.trim().replace(/^glossator: /, "") });
    });
  });
}
