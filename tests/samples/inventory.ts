import { readFileSync } from 'fs';

/** What can be counted. */
export interface Counted {
  count: number;
  take(wanted: number): number;
}

export type Name = string | symbol;

export enum Level { Low, High }

@sealed
export abstract class Part<T extends Name> implements Counted {
  constructor(private readonly name: T, public count = 0) {}

  @logged()
  take(wanted: number, strict?: boolean): number {
    return Math.min(wanted, this.count);
  }

  abstract price(): number;
}

namespace Stock {
  export function total(parts: Counted[]): number {
    return parts.reduce((sum, part) => sum + part.count, 0);
  }
}

export const load = async (path: string): Promise<Counted[]> => {
  return JSON.parse(readFileSync(path, 'utf8'));
};

declare function order(name: Name): void;
