// The suite on a page that no test framework shares: checks one after the other, each told to the server. `POLICY` in the query
// is the Content Security Policy that the page must be under.
import { environment } from "../../support/runtime.ts";
import { must } from "../must.ts";
import { type Check, checks, SAMPLE } from "../suite.ts";
import { TELL, type Told } from "./messages.ts";

const tell = (told: Told) => fetch(TELL, { method: "POST", body: JSON.stringify(told) });
const textOf = (error: unknown) => (error instanceof Error ? `${error.message}\n${error.stack}` : String(error));

const stray: string[] = [];
addEventListener("error", ({ message }) => void stray.push(message));
addEventListener("unhandledrejection", ({ reason }) => void stray.push(textOf(reason)));

const violations: string[] = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective} ${blockedURI}`);
});

/** The policy is in force: this is what it must refuse. */
async function policyRefuses(): Promise<void> {
  const evaluates = () => new Function("return 1")();
  try {
    evaluates();
    throw new Error("new Function is allowed");
  } catch (error) {
    must((error as Error).name === "EvalError", textOf(error));
  }
  const blob = new URL(URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" })));
  const spoke = await new Promise<boolean>((resolve) => {
    try {
      const worker = new Worker(blob);
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
  must(!spoke, "a worker from blob: is allowed");
  must(violations.length >= 2, `the page was told of ${violations.length} violations`);
  violations.length = 0;
}

const noViolation = async () => must(violations.length === 0, violations.join("\n"));
const noStray = async () => must(stray.length === 0, stray.join("\n"));

async function list(): Promise<readonly Check[]> {
  const policy = environment("POLICY") !== undefined;
  return [
    ...(policy ? [{ name: "the page's policy refuses new Function and workers from blob:", run: policyRefuses }] : []),
    ...(await checks(SAMPLE)),
    ...(policy ? [{ name: "the library violated no policy", run: noViolation }] : []),
    { name: "no error that nobody caught", run: noStray },
  ];
}

async function main(): Promise<void> {
  await tell({ kind: "begin", agent: navigator.userAgent });
  const { log } = console;
  console.log = (line: string) => {
    log(line);
    void tell({ kind: "log", line });
  };
  for (const { name, run } of await list()) {
    const start = performance.now();
    const error = await run().then(() => undefined, textOf);
    await tell({ kind: "check", name, ms: performance.now() - start, ...(error !== undefined && { error }) });
  }
}

await main().catch((error) => tell({ kind: "check", name: "the suite can be listed", ms: 0, error: textOf(error) }));
await tell({ kind: "end" });
