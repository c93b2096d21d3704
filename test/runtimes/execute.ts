// Programs of other runtimes, run to their end.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Outcome {
  /** null if it was stopped because its time was over, or could not be started. */
  readonly code: number | null;
  readonly output: string;
}

export function execute(
  command: string,
  args: readonly string[],
  ms: number,
  echo: boolean,
  more: Readonly<Record<string, string>> = {},
  cwd = root,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = "";
    const env = { ...process.env, ...more, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    const shell = process.platform === "win32";
    // SIGKILL: a runtime that hangs in a worker may not hear anything else.
    const child = spawn(command, args, { cwd, env, shell, timeout: ms, killSignal: "SIGKILL" });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        output += data;
        if (echo) process.stdout.write(data);
      });
    }
    child.on("error", (error) => resolve({ code: null, output: `${output}${error.message}` }));
    child.on("close", (code) => resolve({ code, output }));
  });
}
