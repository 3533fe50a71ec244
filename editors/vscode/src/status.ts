// What `Glossator: Show Status` shows, from the server's own account.

/** The answer of `glossator/status`; everything may be missing in an older or newer server. */
export interface Status {
  readonly version?: string;
  readonly backend?: string;
  readonly model?: string | null;
  readonly engine?: { readonly pid?: number | null; readonly state?: string; readonly restarts?: number; readonly queued?: number };
  readonly cache?: {
    readonly state?: string;
    readonly entries?: number;
    readonly bytes?: number;
    readonly hits?: number;
    readonly misses?: number;
  };
  readonly lastError?: string | null;
}

/** A few lines of plain text. */
export function statusLines(status: Status): string[] {
  const { engine, cache } = status;
  const megabytes = ((cache?.bytes ?? 0) / 1e6).toFixed(1);
  const lines = [
    `Glossator ${status.version ?? "(unknown version)"}`,
    `Model: ${status.model || "none"} (${status.backend ?? "unknown backend"})`,
    `Engine: ${engine?.state ?? "unknown"}${engine?.pid ? `, process ${engine.pid}` : ""}, ` +
      `${engine?.queued ?? 0} waiting, ${engine?.restarts ?? 0} restarts`,
    `Remembered: ${cache?.entries ?? 0} answers, ${megabytes} MB, ${cache?.hits ?? 0} of ${
      (cache?.hits ?? 0) + (cache?.misses ?? 0)
    } asked (${cache?.state ?? "unknown"})`,
  ];
  return status.lastError ? [...lines, `Last error: ${status.lastError}`] : lines;
}
