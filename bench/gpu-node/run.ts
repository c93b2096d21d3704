// The WebGPU backend alone under Node, against the device's float32 peak: how much of it the kernels reach, and what transfer costs.
// It needs Node from 22.18, this folder's package and the built library; nothing else of the repository's packages.
import { parseArgs } from "node:util";
import { chosenCases } from "../gpu/cases.ts";
import { type GpuEffort, gpuEffort, repeatedReplay } from "../gpu/effort.ts";
import { type Peak, preparePeak } from "../gpu/peak.ts";
import { record } from "../gpu/recorder.ts";
import { transferOf } from "../gpu/transfer.ts";
import { type OpCase, product, workOf } from "../op-cases.ts";
import { checkAnswer, lay, numbersOf } from "../op-check.ts";
import { compete, entrant, warm } from "../op-rounds.ts";
import { show, table } from "../report.ts";
import { best, gflops } from "../rounds.ts";
import { type Gpu, kernels } from "./library.ts";
import { type Opened, openDevice } from "./open.ts";
import { problemOf } from "./problem.ts";
import { timeByGpu } from "./timestamps.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    filter: { type: "string", default: "" },
    /** Dawn's flags, such as backend=vulkan. */
    dawn: { type: "string", multiple: true, default: [] },
  },
});
const effort = flags.quick ? gpuEffort.quick : gpuEffort.full;

interface Measured {
  readonly of: OpCase;
  readonly work: number;
  readonly dispatches: number;
  /** By the host, many runs between two waits; by the GPU's clock, NaN where it has none. */
  readonly computeMs: number;
  readonly gpuMs: number;
  readonly upMs: number;
  readonly downMs: number;
  /** Host array to host array, filters resident. */
  readonly callMs: number;
  /** Multiply-adds a millisecond. */
  readonly peak: number;
}

async function measure(of: OpCase, gpu: Gpu, { device, hasTimestamps }: Opened, peak: Peak): Promise<Measured> {
  const { convolveOnGpu } = await kernels();
  const { imageShape, filterShape, sum, layouts } = of;
  const numbers = numbersOf(of);
  const x = new Float32Array(product(imageShape));
  lay(numbers.image, sum.batch, sum.channels, sum.image, { data: x, layout: layouts.image });
  const w = new Float32Array(product(filterShape));
  lay(numbers.filter, sum.filters, sum.channels, sum.taps, { data: w, layout: layouts.filter });
  const problem = problemOf(of);
  const operands = { x, w, keepsFilters: true, bias: null };

  const convolve = () => convolveOnGpu(gpu, problem, operands, {});
  // The first call packs the filters, which then stay.
  await convolve();
  const { recording, made: answer } = await record(device, convolve);
  checkAnswer(numbers, answer, layouts.result, "sum");

  const transfer = transferOf(device, x, problem.y.size);
  try {
    const call = entrant("call", async () => void (await convolve()));
    const [up, down] = [entrant("upload", transfer.up), entrant("read back", transfer.down)];
    const limit = entrant("peak", peak.call);
    const compute = await repeatedReplay("compute", device, async () => recording, effort);
    const all = [limit, compute.entrant, up, down, call];
    for (const one of [limit, up, down, call]) await warm(one, effort);
    const times = await compete(all, effort);
    const ms = (one: (typeof all)[number]) => best(times.get(one)!);
    return {
      of,
      work: workOf(sum),
      dispatches: recording.dispatches,
      computeMs: ms(compute.entrant) / compute.times,
      gpuMs: hasTimestamps ? await bestByGpu(device, recording, compute.times, effort) : Number.NaN,
      upMs: ms(up),
      downMs: ms(down),
      callMs: ms(call),
      peak: peak.multiplyAdds / ms(limit),
    };
  } finally {
    transfer.dispose();
  }
}

async function bestByGpu(
  device: GPUDevice,
  recording: Parameters<typeof timeByGpu>[1],
  times: number,
  { fewest }: GpuEffort,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < fewest; i++) least = Math.min(least, await timeByGpu(device, recording, times));
  // Some adapters give equal stamps.
  return least > 0 ? least : Number.NaN;
}

/** Bytes a nanosecond. */
const gigabytes = (elements: number, ms: number) => show.digits((4 * elements) / (ms * 1e6));

function report(cases: readonly Measured[], peak: number): string {
  const head = [
    "case",
    "G mult-adds",
    "compute ms",
    "GFLOP/s",
    "of peak",
    "same rounds",
    "by GPU clock ms",
    "upload ms",
    "GB/s",
    "read back ms",
    "GB/s",
    "whole call ms",
    "GFLOP/s",
    "dispatches",
  ];
  const rows = cases.map(({ of, work, computeMs, gpuMs, upMs, downMs, callMs, ...rest }) => [
    of.name,
    (work / 1e9).toPrecision(3),
    show.digits(computeMs),
    show.digits(gflops(work, computeMs)),
    show.percent(work / computeMs / peak),
    show.percent(work / computeMs / rest.peak),
    show.digits(gpuMs),
    show.digits(upMs),
    gigabytes(product(of.imageShape), upMs),
    show.digits(downMs),
    gigabytes(product(of.outputShape), downMs),
    show.digits(callMs),
    show.digits(gflops(work, callMs)),
    String(rest.dispatches),
  ]);
  return table(head, rows);
}

async function main(): Promise<number> {
  const cases = chosenCases(flags.quick, flags.filter);
  if (cases.length === 0) throw new Error(`no case matches --filter ${flags.filter}`);
  const opened = await openDevice(flags.dawn);
  const { Gpu } = await kernels();
  const gpu = await Gpu.open(opened.device);
  const remark = flags.quick ? "; --quick: shrunken shapes, not for quoting" : "";
  console.log(`Node ${process.versions.node}, adapter: ${opened.adapter}${remark}`);
  const peak = await preparePeak(opened.device, effort.computeMs);
  const measured: Measured[] = [];
  const failures: string[] = [];
  for (const of of cases) {
    try {
      measured.push(await measure(of, gpu, opened, peak));
      const { work, computeMs } = measured.at(-1)!;
      console.log(`${of.name}: checked, ${show.digits(gflops(work, computeMs))} GFLOP/s`);
    } catch (error) {
      failures.push(`FAILED ${of.name}: ${error instanceof Error ? error.message : error}`);
      console.log(failures.at(-1));
    }
  }
  const top = Math.max(...measured.map((one) => one.peak));
  const head = `float32 peak ${show.digits(gflops(top, 1))} GFLOP/s (${peak.name}, best of all rounds)`;
  if (measured.length > 0) console.log(`\n${head}\n\n${report(measured, top)}`);
  return failures.length > 0 ? 1 : 0;
}

// Dawn's threads keep the process alive.
process.exit(
  await main().catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }),
);
