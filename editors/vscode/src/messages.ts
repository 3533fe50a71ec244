// What the panel's page and the extension say to each other. Shared by both; knows neither.

import type { Entry } from "./jobs";

/** What a user can do with an answer. */
export type Act = "stop" | "accept" | "reject" | "next" | "previous" | "changes" | "undo" | "apply" | "copy" | "place" | "sent";

/** What was asked (`glossator/sent`). */
export interface Sent {
  readonly questions: readonly {
    readonly turns: readonly { readonly role: string; readonly text: string }[];
    readonly begins: string;
    readonly thinking: number;
    readonly remembered: boolean;
  }[];
  readonly more: number;
  readonly beyond: readonly {
    readonly path: string;
    readonly line: number;
    readonly name: string;
    readonly why: string;
    readonly shown: boolean;
  }[];
}

export type ToPage =
  | { readonly kind: "all"; readonly entries: readonly Entry[] }
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "show"; readonly key: string }
  | { readonly kind: "sent"; readonly key: string; readonly sent: Sent | string };

export type FromPage =
  | { readonly kind: "ready" }
  | { readonly kind: "act"; readonly act: Act; readonly key: string }
  | { readonly kind: "command"; readonly command: "explain" | "chooseModel" };
