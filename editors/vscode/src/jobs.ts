// What the server tells of its jobs, and the history of this window's. Knows neither views nor the language client.

/** What the server tells of a job (`glossator/job`). What is empty is left out. */
export interface Job {
  readonly job: string;
  readonly uri: string;
  readonly action?: string;
  readonly title?: string;
  /** `answer`, `edit`, `new_file` or `findings`. */
  readonly kind?: string;
  /** Where the code was when it was asked, from 0. */
  readonly line?: number;
  readonly state?: string;
  /** How far the state is, of so many. */
  readonly done?: number;
  readonly total?: number;
  readonly thought?: string;
  /** What the model wrote, as it comes. */
  readonly answer?: string;
  /** The explanation as it is shown: what the syntax tree contradicts is left out. */
  readonly markdown?: string;
  readonly dropped?: readonly string[];
  /** The new file that is offered. */
  readonly path?: string;
  readonly text?: string;
  readonly tokens?: number;
  readonly seconds?: number;
  readonly model?: string;
  readonly remembered?: boolean;
  /** Why an answer is not whole: `length` or `loop`. */
  readonly cut?: string;
  readonly usage?: Usage;
  readonly rungs?: readonly string[];
  readonly reasons?: readonly string[];
  /** What there is to say of the edit, in a few words. */
  readonly note?: string;
  /** How many edits were found. */
  readonly offers?: number;
  /** They wait for the user's word. */
  readonly offered?: boolean;
  /** One of them is in the document. */
  readonly applied?: boolean;
  /** How many can be chosen from; missing where there is no choice, or none any more. */
  readonly candidates?: number;
  /** The one in the document; missing while the code is as none of them left it, which an undo may mend. */
  readonly candidate?: number;
  /** Which one is in the document and what comes next. */
  readonly said?: string;
}

export interface Usage {
  readonly promptTokens: number;
  readonly reusedTokens: number;
  readonly thoughtTokens: number;
  readonly answerTokens: number;
  readonly cpuSeconds: number;
}

/** A job in the history. `key` tells it from those of a server that ended, whose jobs had the same names. */
export interface Entry {
  readonly key: string;
  readonly job: Job;
  /** Which edit is looked at, from 1. */
  readonly number: number;
  /** Its server ended: nothing can be done with it any more. */
  readonly past: boolean;
}

const ENDED: ReadonlySet<string> = new Set(["done", "refused", "failed", "stopped"]);
const KEPT = 50;

export const isOver = (job: Job): boolean => ENDED.has(job.state ?? "");

/** The jobs of this window, the newest last; the oldest are forgotten. */
export class History {
  private readonly found = new Map<string, Entry>();
  private server = 0;

  /** All that are kept, the newest first. */
  get entries(): readonly Entry[] {
    return [...this.found.values()].reverse();
  }

  get(key: string): Entry | undefined {
    return this.found.get(key);
  }

  /** The entry of the running server's job of that name. */
  of(job: string): Entry | undefined {
    return this.found.get(this.key(job));
  }

  told(job: Job): Entry {
    const key = this.key(job.job);
    const number = job.candidate || this.found.get(key)?.number || 1;
    const entry = { key, job, number, past: false };
    this.found.set(key, entry);
    const oldest = this.found.keys().next();
    if (this.found.size > KEPT && !oldest.done) {
      this.found.delete(oldest.value);
    }
    return entry;
  }

  /** Another edit of the job is looked at. */
  looked(key: string, number: number): Entry | undefined {
    const entry = this.found.get(key);
    if (entry === undefined) {
      return undefined;
    }
    const changed = { ...entry, number };
    this.found.set(key, changed);
    return changed;
  }

  /** The server ended, and its jobs with it; those that were at work were stopped. */
  ended(): void {
    for (const [key, entry] of this.found) {
      if (!entry.past) {
        const job = isOver(entry.job) ? entry.job : { ...entry.job, state: "stopped" };
        this.found.set(key, { ...entry, job, past: true });
      }
    }
    this.server += 1;
  }

  private key(job: string): string {
    return `${this.server}/${job}`;
  }
}
