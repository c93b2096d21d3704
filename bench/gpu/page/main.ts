// The page that `npm run bench:gpu` drives: one function, which it calls and whose findings it prints.
import { chosenCases } from "../cases.ts";
import { type CaseResult, contest, OURS } from "../contest.ts";
import type { Contestant, Opened } from "../contestants/contestant.ts";
import { gpuEffort } from "../effort.ts";

export interface Asked {
  readonly quick: boolean;
  readonly filter: string;
  /** Packages that are not installed. */
  readonly missing: readonly string[];
}

export interface Findings {
  readonly adapter: string;
  /** "tfjs webgpu 4.22.0", "tfjs webgpu: not here (…)" */
  readonly notes: readonly string[];
  readonly results: readonly CaseResult[];
}

interface Source {
  readonly name: string;
  readonly needs?: string;
  open(): Promise<Opened>;
}

const SOURCES: readonly Source[] = [
  { name: OURS, open: async () => (await import("../contestants/ours.ts")).openGpu() },
  {
    name: "tfjs webgpu",
    needs: "@tensorflow/tfjs-backend-webgpu",
    open: async () => (await import("../contestants/tfjs.ts")).open(),
  },
  {
    name: "onnxruntime-web webgpu",
    needs: "onnxruntime-web",
    open: async () => (await import("../contestants/onnx.ts")).open(),
  },
  { name: "simdconv wasm", open: async () => (await import("../contestants/ours.ts")).openWasm() },
];

async function adapterName(): Promise<string> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return "none";
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description].filter(Boolean).join(" ") || "unnamed";
}

async function runBench({ quick, filter, missing }: Asked): Promise<Findings> {
  const notes: string[] = [];
  const contestants: Contestant[] = [];
  for (const { name, needs, open } of SOURCES) {
    try {
      if (needs && missing.includes(needs)) throw new Error(`${needs} is not installed`);
      const { contestant, version } = await open();
      contestants.push(contestant);
      notes.push(`${name} ${version}`.trim());
    } catch (error) {
      notes.push(`${name}: not here (${error instanceof Error ? error.message.split("\n")[0] : error})`);
    }
  }
  const results: CaseResult[] = [];
  for (const of of chosenCases(quick, filter)) {
    console.info(of.name);
    const result = await contest(of, contestants, quick ? gpuEffort.quick : gpuEffort.full);
    results.push(result);
    for (const why of result.absent) console.info(`  ${why}`);
  }
  return { adapter: await adapterName(), notes, results };
}

Object.assign(globalThis, { runBench });
