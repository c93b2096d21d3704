/** Plans of convolution by transforms, overlap-save: one channel per group, and filters large enough to be worth it. */
import { ZERO_BYTES } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { product } from "../problem/problem.ts";
import { convPointers, fftBlock, packPointers, spectraBlock } from "./blocks.ts";
import { FILTER_SPECTRUM_SHARE, stageCycles, TRANSFORM_COPY_CYCLES } from "./costs.ts";
import type { Candidate } from "./direct.ts";
import { type Plan, planFrom } from "./plan.ts";
import { type BinaryName, elementBytes, laneCount, registerTiles } from "./registers.ts";
import { BUFFER_ROWS, LENGTHS, layOutTransform, radicesOf } from "./transform.ts";

/** A plane, and a filter's spectrum of the same size, should stay in L2 together; larger ones cost more, and hold the thread for longer. */
const NEAR_BYTES = 1280 * 1024;
const FAR_FACTOR = 1.3;
/** Filters of one tile are as many as this pays for, about a millisecond, but enough that the way there is not walked for each. */
const TILE_CYCLES = 3e6;
const LEAST_FILTERS = 4;
/** A sweep's buffer stays in L1. */
const SWEEP_BYTES = 16 * 1024;

interface Size {
  readonly rows: number;
  readonly columns: number;
  /** Outputs of a unit. */
  readonly unitRows: number;
  readonly unitColumns: number;
  readonly pairs: number;
  /** The filters of a group are cut into so many runs. */
  readonly runs: number;
  readonly cycles: number;
}

/** Null where the algorithm does not apply. */
export function fftCandidate(p: ConvProblem, binary: BinaryName): Candidate | null {
  const flat = p.input[0] === 1 && p.output[0] === 1 && p.taps[0] === 1 && p.low[0] === 0;
  if (!flat || p.channels !== 1 || p.w.position || product(p.dilation) !== 1) return null;
  let best: Size | null = null;
  for (const rows of usefulLengths(p, 1)) {
    for (const columns of usefulLengths(p, 2)) {
      const size = sizeOf(p, binary, rows, columns);
      if (!best || size.cycles < best.cycles) best = size;
    }
  }
  if (!best) return null;
  const chosen = best;
  return { cycles: chosen.cycles, build: () => buildPlan(p, binary, chosen) };
}

/** Lengths that hold the filter, up to the first that holds the whole axis. */
function usefulLengths(p: ConvProblem, axis: 1 | 2): number[] {
  const whole = (p.output[axis] - 1) * p.stride[axis] + p.taps[axis];
  const enough = LENGTHS.findIndex((length) => length >= whole);
  return LENGTHS.slice(0, enough < 0 ? LENGTHS.length : enough + 1).filter((length) => length >= p.taps[axis]);
}

function sizeOf(p: ConvProblem, binary: BinaryName, rows: number, columns: number): Size {
  const unit = (length: number, axis: 1 | 2) => {
    const most = Math.floor((length - p.taps[axis]) / p.stride[axis]) + 1;
    return Math.ceil(p.output[axis] / Math.ceil(p.output[axis] / most));
  };
  const [unitRows, unitColumns] = [unit(rows, 1), unit(columns, 2)];
  const units = Math.ceil(p.output[1] / unitRows) * Math.ceil(p.output[2] / unitColumns);
  const pairs = p.batch * Math.ceil(units / 2);
  const far = 2 * rows * columns * elementBytes(p.dtype) > NEAR_BYTES ? FAR_FACTOR : 1;
  const vectors = (far * rows * columns) / laneCount(binary, p.dtype);
  const along = (length: number) => radicesOf(length).reduce((sum, radix) => sum + stageCycles(binary, radix), 0);
  const needed = Math.min(1, ((unitColumns - 1) * p.stride[2] + 1) / columns);
  const there = along(rows) + along(columns);
  const back = along(columns) + needed * along(rows) + TRANSFORM_COPY_CYCLES;
  const most = Math.max(LEAST_FILTERS, Math.floor((TILE_CYCLES / vectors - there) / back));
  const runs = Math.max(1, Math.ceil(p.filters / most));
  const perPair = vectors * (runs * (there + TRANSFORM_COPY_CYCLES) + p.filters * back);
  const filters = p.groups * p.filters * vectors * there * FILTER_SPECTRUM_SHARE;
  return { rows, columns, unitRows, unitColumns, pairs, runs, cycles: p.groups * pairs * perPair + filters };
}

function buildPlan(
  p: ConvProblem,
  binary: BinaryName,
  { rows, columns, unitRows, unitColumns, pairs, runs, cycles }: Size,
): Plan {
  const size = elementBytes(p.dtype);
  const type = p.dtype === "float32" ? "f32" : "f64";
  const lanes = laneCount(binary, p.dtype);
  const { vectors } = registerTiles[binary];
  const scratchAcc = ZERO_BYTES;
  const scratchPixels = scratchAcc + BUFFER_ROWS * vectors * lanes * size;
  const plane = {
    rows,
    columns,
    vectors: sweepVectors(rows, columns, lanes, size),
    lanes,
    taps: product(p.taps),
    keepsSpectrum: p.filters > runs,
    scratch: scratchPixels + 4 * BUFFER_ROWS,
  };
  const transform = layOutTransform(plane, p.dtype);
  const terms = new Int32Array(product(p.taps));
  for (let i = 0; i < p.taps[1]; i++) {
    for (let j = 0; j < p.taps[2]; j++) terms[i * p.taps[2] + j] = i * transform.pitch + j * size;
  }
  const step = {
    kernel: `fft_${type}` as const,
    tiles: p.filters === 0 ? 0 : p.groups * pairs * runs,
    grain: 1,
    cycles,
    scratchBytes: transform.scratchBytes,
    block: fftBlock(p, {
      rows: unitRows,
      columns: unitColumns,
      runs,
      registerRows: BUFFER_ROWS,
      registerVectors: vectors,
      scratchAcc,
      scratchPixels,
      terms,
      transform: transform.table,
      filterRecord: transform.filterRecord,
    }),
    pointers: convPointers(p),
  };
  const filterBytes = p.groups * p.filters * transform.filterRecord;
  return planFrom({
    problem: p,
    algorithm: "fft",
    lanes: "pixels",
    binary,
    filterSteps: [
      {
        kernel: `fft_filters_${type}`,
        tiles: p.groups * p.filters,
        grain: 1,
        cycles: cycles / Math.max(1, p.groups * pairs),
        scratchBytes: transform.scratchBytes,
        block: spectraBlock(p, transform.table, transform.filterRecord),
        pointers: packPointers(p),
      },
    ],
    filterBytes,
    steps: [step],
    workBytes: 0,
    notes: [
      `planes of ${rows} × ${columns}, radices ${radicesOf(rows).join("·")} and ${radicesOf(columns).join("·")}, two units of ${unitRows} × ${unitColumns} outputs in each`,
      `${pairs} pairs of units; spectra of the filters ${filterBytes.toLocaleString("en")} bytes`,
    ],
  });
}

/** As many as fit into L1, and as divide a row. */
function sweepVectors(rows: number, columns: number, lanes: number, size: number): number {
  const most = Math.max(1, Math.floor(SWEEP_BYTES / (2 * rows * lanes * size)));
  for (let vectors = Math.min(4, most); vectors > 1; vectors--) {
    if (columns % (vectors * lanes) === 0) return vectors;
  }
  return 1;
}
