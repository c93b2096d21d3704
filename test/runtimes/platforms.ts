// The platform table: what each runtime could use, by its own report of this run, and how many checks it passed.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./execute.ts";
import { REPORT, type Report } from "./report.ts";

/** What a runtime is known to have. Less than that is a failure, and more a reason to change the row. */
export interface Known {
  readonly binaries: readonly string[];
  readonly sharedMemory: boolean;
  /** Of pages. */
  readonly isolated?: boolean;
  /** Left out where that depends on drivers. */
  readonly gpu?: boolean;
}

export interface Row {
  /** "Deno 2.9.6" */
  readonly name: string;
  readonly report: Report | undefined;
  /** An adapter that a program of its own computed on. */
  readonly adapter?: string | undefined;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

/** The report among the lines that a suite printed. */
export function reportOf(output: string): Report | undefined {
  const line = output.split("\n").find((text) => text.startsWith(REPORT));
  return line === undefined ? undefined : (JSON.parse(line.slice(REPORT.length)) as Report);
}

/** What differs from what is known; empty if nothing does. */
export function surprises(report: Report | undefined, known: Known): string[] {
  if (!report) return ["the suite left no report"];
  const found: Required<Known> = {
    binaries: report.binaries,
    sharedMemory: report.sharedMemory,
    isolated: report.isolated ?? false,
    gpu: "adapter" in report.gpu,
  };
  return (Object.keys(known) as (keyof Known)[])
    .filter((key) => String(found[key]) !== String(known[key]))
    .map((key) => `${key}: ${found[key]}, known to be ${known[key]}`);
}

/** "Deno 2.9.6: 18 passed, 0 failed; …", the form that the closing line of CI sums. */
export function lineOf({ name, report, passed, failed, seconds }: Row): string {
  const calls = report && `${report.golden} golden and ${report.exact} exact calls`;
  const wake = report?.wakeMicroseconds !== undefined && `a worker awake in ${report.wakeMicroseconds.toFixed(0)} µs`;
  const rest = [calls ?? "no report", wake, `${seconds.toFixed(0)} s`].filter(Boolean);
  return `${name}: ${passed} passed, ${failed} failed; ${rest.join("; ")}`;
}

const HEAD = ["runtime", "best binary", "workers share memory", "workers with own memory", "WebGPU", "checks"];

function cellsOf({ name, report, adapter, passed, failed }: Row): string[] {
  const checks = `${passed} passed, ${failed} failed`;
  if (!report) return [name, "?", "?", "?", "?", checks];
  const { binaries, workers, gpu } = report;
  return [
    name,
    binaries.at(-1)!,
    report.sharedMemory && workers.shared > 0 ? "yes" : "no",
    workers.own > 0 ? "yes" : "no",
    adapter ?? ("adapter" in gpu ? gpu.adapter : "no"),
    checks,
  ];
}

export function tableOf(rows: readonly Row[]): string {
  const lines = [HEAD, HEAD.map(() => "---"), ...rows.map(cellsOf)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Prints the table and writes it to out/, which git ignores. */
export function publish(file: string, rows: readonly Row[]): void {
  const table = tableOf(rows);
  mkdirSync(join(root, "out"), { recursive: true });
  writeFileSync(join(root, "out", file), `${table}\n`);
  console.log(`\n${table}\n\nwritten to out/${file}`);
}
