// Finds the `glossator` program. Knows nothing of the protocol.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { SECTION } from "./settings";

/** The program cannot be started; the message says what was looked for and what to do. */
export class ProgramMissing extends Error {}

/** The absolute path of the program: the setting `glossator.path`, else the first on the PATH. Throws `ProgramMissing`. */
export function findProgram(environment: NodeJS.ProcessEnv = process.env): string {
  const set = vscode.workspace.getConfiguration(SECTION).get<string>("path", "").trim();
  if (set !== "") {
    const file = set.startsWith("~") ? path.join(os.homedir(), set.slice(1)) : set;
    if (!path.isAbsolute(file)) {
      throw new ProgramMissing(`glossator.path is "${set}"; it must be an absolute path.`);
    }
    if (!isProgram(file)) {
      throw new ProgramMissing(`glossator.path names "${file}", which is not a program that can be run.`);
    }
    return file;
  }
  const names = process.platform === "win32" ? ["glossator.exe", "glossator.cmd"] : ["glossator"];
  // Editors that are started from a desktop often miss the folder where uv and pipx put programs.
  const folders = [...(environment["PATH"] ?? "").split(path.delimiter), path.join(os.homedir(), ".local", "bin")];
  for (const folder of folders.filter((each) => path.isAbsolute(each))) {
    for (const name of names) {
      if (isProgram(path.join(folder, name))) {
        return path.join(folder, name);
      }
    }
  }
  throw new ProgramMissing(
    "The program `glossator` was not found on the PATH. Install it (`uv tool install glossator`), " +
      "or name it in the setting glossator.path.",
  );
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
