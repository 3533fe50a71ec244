// The panel's page: shows one answer and the list of the others. It decides nothing: each button tells the extension.
//
// Text of the model and of files is only ever set as text. The elements stay while their content changes, so that what is
// folded stays folded, the focus stays where it is, and a screen reader is told of states and not of every word.

import type { Entry, Job } from "../jobs";
import type { Act, FromPage, Sent, ToPage } from "../messages";
import { show } from "./markdown";

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const vscode = acquireVsCodeApi();
const entries = new Map<string, Entry>();
const sent = new Map<string, Sent | string>();
let chosen = "";
let follows = true; // the newest is shown until the user picks another

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;
const over = (job: Job): boolean => ["done", "refused", "failed", "stopped"].includes(job.state ?? "");
const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

const WORDS: Readonly<Record<Act, string>> = {
  stop: "Stop",
  accept: "Accept",
  reject: "Reject",
  changes: "Show Changes",
  previous: "Previous",
  next: "Next",
  undo: "Undo",
  apply: "Apply",
  copy: "Copy",
  place: "Go to the Code",
  sent: "What Was Sent",
};

function draw(): void {
  const entry = entries.get(chosen);
  byId("empty").hidden = entry !== undefined;
  byId("answer").hidden = entry === undefined;
  if (entry !== undefined) {
    drawAnswer(entry);
  }
  drawHistory();
}

function drawAnswer(entry: Entry): void {
  const { job } = entry;
  text("title", job.title ?? job.action ?? "");
  const file = decodeURIComponent(job.uri.split("/").pop() ?? "");
  text("place", `${file}:${(job.line ?? 0) + 1}`);
  text("state", state(entry));
  text("counter", counter(job));

  const thought = (job.thought ?? "").trim();
  byId("thought").hidden = thought === "";
  text("thought-title", `Thought, ${plural(thought.split(/\s+/).length, "word")}${job.state === "thinking" ? "…" : ""}`);
  text("thought-text", thought);
  const words = job.markdown ?? (job.text !== undefined ? "```\n" + job.text + "\n```" : (job.answer ?? ""));
  const folded = job.kind === "edit" && over(job); // the checks below are of the edit, not of the words around it
  byId("words").hidden = folded;
  byId("wrote").hidden = !folded || words === "";
  const place = byId(folded ? "wrote-words" : "words");
  if (place.dataset["shown"] !== `${entry.key} ${words}`) {
    place.dataset["shown"] = `${entry.key} ${words}`;
    show(place, words);
  }
  byId("words").setAttribute("aria-busy", String(!over(job)));
  list("rungs", job.rungs ?? [], "");
  list("reasons", job.reasons ?? [], "");
  list("dropped", job.dropped ?? [], "Left out, since the code says otherwise: ");
  const cut = { length: "The answer was cut off: it is too long.", loop: "The answer was cut off: it repeated itself." };
  const notes = [job.path === undefined ? "" : `New file: ${job.path}`, job.note ?? "", cut[job.cut as keyof typeof cut] ?? ""];
  list("notes", notes.filter((note) => note !== ""), "");
  drawActs(entry);
  drawCost(job);
  drawSent(entry);
}

function state({ job, number, past }: Entry): string {
  const offers = job.offers ?? 0;
  const which = offers > 1 ? `${job.candidate ?? number} of ${offers}` : "";
  const parts = [job.state ?? ""];
  if (job.offered) {
    parts[0] = "waits for your word";
    parts.push(which);
  } else if (job.applied) {
    parts.push("in the file", which);
  } else if (job.candidate === 0) {
    parts.push("the code is as it was");
  }
  return [...parts, job.remembered ? "remembered" : "", past ? "of an earlier run of the server" : ""]
    .filter((part) => part !== "")
    .join(" · ");
}

function counter(job: Job): string {
  const far = job.total ? `${job.done ?? 0} of ${job.total}` : "";
  const tokens = job.tokens ? plural(job.tokens, "token") : "";
  return [far, tokens, `${(job.seconds ?? 0).toFixed(1)} s`].filter((part) => part !== "").join(" · ");
}

function drawActs({ key, job, past }: Entry): void {
  const acts: Act[] = [];
  const several = (job.offers ?? 0) > 1;
  if (!past && !over(job)) {
    acts.push("stop");
  } else if (!past && job.offered) {
    acts.push("accept", "reject", ...(several ? (["previous", "next"] as const) : []), "changes");
  } else if (!past && job.applied) {
    acts.push("undo", ...(several ? (["previous", "next"] as const) : []));
  } else if (!past && job.offers && job.state === "done") {
    acts.push("apply");
  }
  if (job.markdown ?? job.answer) {
    acts.push("copy");
  }
  const bar = byId("acts");
  if (bar.dataset["acts"] === `${key} ${acts.join()}`) {
    return; // the focus stays on the button that was pressed
  }
  const focused = (document.activeElement as HTMLElement | null)?.dataset["act"];
  bar.dataset["acts"] = `${key} ${acts.join()}`;
  bar.replaceChildren(...acts.map((act, at) => button(act, key, at === 0)));
  if (focused !== undefined) {
    (bar.querySelector<HTMLElement>(`[data-act="${focused}"]`) ?? bar.querySelector<HTMLElement>("button"))?.focus();
  }
}

function button(act: Act, key: string, first: boolean): HTMLElement {
  const made = document.createElement("button");
  made.textContent = WORDS[act];
  made.dataset["act"] = act;
  made.className = first ? "first" : "";
  made.addEventListener("click", () => vscode.postMessage({ kind: "act", act, key }));
  return made;
}

function drawCost(job: Job): void {
  const { usage } = job;
  byId("cost").hidden = usage === undefined;
  if (usage === undefined) {
    return;
  }
  const took = job.remembered ? "" : `${(job.seconds ?? 0).toFixed(1)} s`; // what was spent then, not the moment of recalling
  const cpu = usage.cpuSeconds ? `${usage.cpuSeconds.toFixed(1)} s of processor time` : "";
  const rows: [string, string][] = [
    ["Model", job.model ?? ""],
    ["Prompt", `${plural(usage.promptTokens, "token")}${usage.reusedTokens ? `, ${usage.reusedTokens} of them read before` : ""}`],
    ["Thought", usage.thoughtTokens ? plural(usage.thoughtTokens, "token") : ""],
    ["Answer", plural(usage.answerTokens, "token")],
    ["Time", [took, cpu].filter((part) => part !== "").join(", ")],
    ["From", job.remembered ? "the answers that were remembered; this is what it cost then" : ""],
  ];
  byId("cost-rows").replaceChildren(
    ...rows
      .filter(([, value]) => value !== "")
      .flatMap(([name, value]) => [
        Object.assign(document.createElement("dt"), { textContent: name }),
        Object.assign(document.createElement("dd"), { textContent: value }),
      ]),
  );
}

function drawSent({ key, past }: Entry): void {
  const found = sent.get(key);
  const place = byId("sent-text");
  if (place.dataset["shown"] === key + String(found !== undefined)) {
    return;
  }
  place.dataset["shown"] = key + String(found !== undefined);
  if (found === undefined || typeof found === "string") {
    const none = past ? "Its server ended, and what was sent is not kept." : "";
    place.replaceChildren(paragraph(found ?? none));
    if (found === undefined && !past && byId<HTMLDetailsElement>("sent").open) {
      vscode.postMessage({ kind: "act", act: "sent", key });
    }
    return;
  }
  const parts: HTMLElement[] = [];
  found.questions.forEach((question, at) => {
    const which = found.questions.length > 1 ? `Question ${at + 1}` : "The question";
    parts.push(heading(`${which}${question.remembered ? ", whose answer was remembered: nothing was sent" : ""}`));
    for (const turn of question.turns) {
      parts.push(paragraph(turn.role), preformatted(turn.text));
    }
    if (question.begins !== "") {
      parts.push(paragraph("The answer begins with"), preformatted(question.begins));
    }
  });
  if (found.questions.length === 0) {
    parts.push(paragraph("No question was sent for it yet."));
  }
  if (found.more > 0) {
    parts.push(paragraph(`And ${plural(found.more, "more question")}, not kept.`));
  }
  if (found.beyond.length > 0) {
    parts.push(heading("Of other files"));
    for (const each of found.beyond) {
      const where = `${each.path}:${each.line} ${each.name} (${each.why})`;
      parts.push(paragraph(each.shown ? where : `${where}: there was no room for it`));
    }
  }
  place.replaceChildren(...parts);
}

function drawHistory(): void {
  const all = [...entries.values()].reverse();
  const place = byId("history-list");
  byId("history").hidden = all.length === 0;
  const keys = all.map(({ key }) => key).join();
  if (place.dataset["keys"] !== keys) {
    const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
    place.dataset["keys"] = keys;
    place.replaceChildren(...all.map(({ key }) => historyItem(key)));
    place.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused ?? "")}"]`)?.focus();
  }
  all.forEach((entry, at) => {
    const made = place.children[at]?.firstElementChild as HTMLElement;
    made.textContent = `${entry.job.title ?? entry.job.action ?? ""} · ${state(entry)}`;
    made.setAttribute("aria-current", String(entry.key === chosen));
    made.tabIndex = entry.key === chosen ? 0 : -1; // one stop for the Tab key; the arrows go along the list
  });
}

function historyItem(key: string): HTMLElement {
  const made = document.createElement("button");
  made.dataset["key"] = key;
  made.addEventListener("click", () => pick(key));
  const item = document.createElement("li");
  item.append(made);
  return item;
}

function pick(key: string): void {
  chosen = key;
  follows = key === [...entries.keys()].pop();
  draw();
  byId("history-list").querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

byId("history-list").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [...byId("history-list").querySelectorAll<HTMLElement>("button")];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const key = step === undefined ? undefined : buttons[at + step]?.dataset["key"];
  if (key !== undefined) {
    event.preventDefault();
    pick(key);
  }
});
byId("sent").addEventListener("toggle", () => {
  byId("sent-text").dataset["shown"] = "";
  draw();
});
byId("place").addEventListener("click", () => vscode.postMessage({ kind: "act", act: "place", key: chosen }));
for (const command of ["explain", "chooseModel"] as const) {
  byId(command).addEventListener("click", () => vscode.postMessage({ kind: "command", command }));
}

window.addEventListener("message", (event: MessageEvent<ToPage>) => {
  const message = event.data;
  if (message.kind === "all") {
    entries.clear();
    [...message.entries].reverse().forEach((entry) => entries.set(entry.key, entry));
    if (!entries.has(chosen)) {
      chosen = message.entries[0]?.key ?? "";
    }
  } else if (message.kind === "entry") {
    const { entry } = message;
    const before = entries.get(entry.key);
    entries.set(entry.key, entry);
    if (before === undefined && (follows || chosen === "")) {
      chosen = entry.key;
    }
    if (before !== undefined && !over(before.job) && over(entry.job)) {
      sent.delete(entry.key); // more may have been asked since
    }
  } else if (message.kind === "show") {
    chosen = entries.has(message.key) ? message.key : chosen;
    follows = true;
  } else {
    sent.set(message.key, message.sent);
  }
  draw();
});

function text(id: string, value: string): void {
  const place = byId(id);
  if (place.textContent !== value) {
    place.textContent = value;
  }
}

function list(id: string, items: readonly string[], before: string): void {
  const place = byId(id);
  place.hidden = items.length === 0;
  place.replaceChildren(...items.map((item) => Object.assign(document.createElement("li"), { textContent: before + item })));
}

const paragraph = (value: string): HTMLElement => Object.assign(document.createElement("p"), { textContent: value });
const heading = (value: string): HTMLElement => Object.assign(document.createElement("h3"), { textContent: value });

function preformatted(value: string): HTMLElement {
  const made = Object.assign(document.createElement("pre"), { textContent: value });
  made.tabIndex = 0;
  return made;
}

vscode.postMessage({ kind: "ready" });
