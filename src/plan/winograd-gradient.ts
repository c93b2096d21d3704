/** Plans of gradients with respect to filters by Winograd's F(4×4, 3×3) backwards (assembly/winograd-gradient.ts). */
import { ZERO_BYTES } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import {
  correlateSegments,
  type GradientPoints,
  gradientPointers,
  sumStep,
  winogradGradientBlock,
} from "./correlate-blocks.ts";
import { STORE_CYCLES, TILE_CYCLES, termCycles } from "./costs.ts";
import type { Candidate } from "./direct.ts";
import { layOutInputTile, roundUp } from "./input-tile.ts";
import { type Plan, planFrom } from "./plan.ts";
import { type BinaryName, evenly, laneCount, registerTiles } from "./registers.ts";
import { countsOf, type Unit, unitOf } from "./winograd-forms.ts";

const SIZE = 4;
const SIDE = 4;
const POINTS = (SIDE + 2) ** 2;
/** Tiles of a unit. */
const TILES = [8, 16, 24, 32, 48, 64, 96];
/** Cycles of the transforms of a tile of L channels, and of the taps of L channels of one filter. */
const INPUT_CYCLES = 200;
const OUTPUT_CYCLES = 250;
/** Scratch that stays in L2, and what a cycle of products costs where it does not. */
const NEAR_BYTES = 1536 * 1024;
const FAR = 1.6;
/** A tile of the plan should not take longer: about a millisecond; and so many keep several threads busy. */
const MOST_CYCLES = 4e6;
const WANTED_TILES = 8;
const MOST_BLOCKS = 32;
/** All blocks together. */
const MOST_BLOCK_BYTES = 128 * 1024 * 1024;

interface Choice {
  readonly unit: Unit;
  /** Channels and filters of a tile; blocks of units. */
  readonly channels: number;
  readonly filters: number;
  readonly blocks: number;
  readonly cycles: number;
}

/** Null where there is nothing to sum. `p` is the forward problem, one that Winograd serves. */
export function winogradGradientCandidate(gradient: ConvProblem, p: ConvProblem, binary: BinaryName): Candidate | null {
  if (p.batch === 0 || p.w.size === 0) return null;
  let best: Choice | undefined;
  for (const choice of choices(p, binary)) if (!best || choice.cycles < best.cycles) best = choice;
  const chosen = best!;
  return { name: "winograd", cycles: chosen.cycles, build: () => buildPlan(gradient, p, binary, chosen) };
}

function* choices(p: ConvProblem, binary: BinaryName): Generator<Choice> {
  const wide = registerTiles[binary].vectors * laneCount(binary, p.dtype);
  const mostBlocks = Math.max(1, Math.min(MOST_BLOCKS, Math.floor(MOST_BLOCK_BYTES / (p.w.size * SIZE))));
  for (const most of TILES) {
    const unit = unitOf(p, SIDE, most);
    const { units, batches } = countsOf(p, SIDE, unit);
    const all = units * batches * p.output[0];
    for (const channels of parts(p.channels, wide)) {
      for (const filters of parts(p.filters, registerTiles[binary].rows)) {
        for (const blocks of parts(Math.min(all, mostBlocks), 1)) {
          yield {
            unit,
            channels,
            filters,
            blocks,
            cycles: estimate(p, binary, { unit, channels, filters, blocks, all }),
          };
        }
      }
    }
  }
}

/** The whole, a half, a quarter, …, rounded up to multiples. */
function* parts(whole: number, multiple: number): Generator<number> {
  for (let count = 1; ; count *= 2) {
    const part = roundUp(Math.ceil(whole / count), multiple);
    yield Math.min(whole, part);
    if (part <= multiple || count > 64) return;
  }
}

function estimate(
  p: ConvProblem,
  binary: BinaryName,
  { unit, channels, filters, blocks, all }: Omit<Choice, "cycles"> & { readonly all: number },
): number {
  const lanes = laneCount(binary, p.dtype);
  const { rows, vectors } = registerTiles[binary];
  const tiles = unit.images * unit.rows * unit.columns;
  const perBlock = Math.ceil(all / blocks);
  const across = Math.ceil(channels / lanes / vectors);
  const products = evenly(filters, rows).reduce((sum, { height, tiles: count }) => {
    const cycles = tiles * termCycles(binary, height, vectors, vectors + 2 * height) + 1.5 * TILE_CYCLES;
    return sum + count * POINTS * across * cycles;
  }, 0);
  const transforms = tiles * INPUT_CYCLES * (Math.ceil(channels / lanes) + Math.ceil(filters / lanes));
  const output = filters * Math.ceil(channels / lanes) * OUTPUT_CYCLES;
  const rests = perBlock > 1 ? POINTS * channels * filters * SIZE : 0;
  const bytes = rests + POINTS * tiles * (channels + filters) * SIZE;
  const each = perBlock * (products * (bytes > NEAR_BYTES ? FAR : 1) + transforms) + output;
  const count = blocks * p.groups * Math.ceil(p.channels / channels) * Math.ceil(p.filters / filters);
  // The last units of a row, a column and the batch have fewer tiles.
  const full =
    (p.batch * p.output[0] * Math.ceil(p.output[1] / SIDE) * Math.ceil(p.output[2] / SIDE)) /
    (tiles * perBlock * blocks);
  const few = Math.max(1, each / MOST_CYCLES, WANTED_TILES / count) ** 0.25;
  return p.taps[0] * count * each * full * few + (blocks > 1 ? blocks + 1 : 0) * STORE_CYCLES * 4 * p.w.size;
}

/** A problem for each tap in z, which has sums of its own. */
function eachFrame(p: ConvProblem): ConvProblem[] {
  return Array.from({ length: p.taps[0] }, (_, z) => ({
    ...p,
    taps: [1, 3, 3],
    low: [p.low[0] - z * p.dilation[0], p.low[1], p.low[2]],
    w: { ...p.w, offset: p.w.offset + z * p.w.space[0] },
  }));
}

function buildPlan(gradient: ConvProblem, p: ConvProblem, binary: BinaryName, chosen: Choice): Plan {
  const { unit, channels, filters, blocks, cycles } = chosen;
  const lanes = laneCount(binary, p.dtype);
  const { rows: tall, vectors } = registerTiles[binary];
  const wide = vectors * lanes;
  const { units, batches } = countsOf(p, SIDE, unit);
  const { images, rows, columns } = unit;
  const tiles = roundUp(images * rows * columns, lanes);
  const runs = Math.ceil(p.filters / filters);
  const panels = Int32Array.from({ length: runs + 1 }, (_, i) => Math.min(p.filters, i * filters));
  const input = layOutInputTile(
    { ...p, taps: [1, 3, 3] },
    {
      rows: rows * SIDE,
      columns: columns * SIDE,
      channels: 1,
      overColumns: true,
      vectorColumns: lanes,
      copied: true,
    },
  );
  const pointBytes = tiles * wide * SIZE;
  const panelBytes = POINTS * pointBytes + 64;
  const mPoint = tall * wide * SIZE;
  const across = Math.ceil(channels / wide);
  const rests = units * batches * p.output[0] > blocks;
  const scratchTiles = ZERO_BYTES;
  const scratchAcc = roundUp(scratchTiles + 16 * (tiles + 2 * lanes), 64);
  const scratchRows = scratchAcc + 27 * 16;
  const scratchX = roundUp(scratchRows + lanes * images * rows * (SIDE + 2) * input.pitches[3], 64) + 64;
  const scratchV = roundUp(scratchX + input.bytes, 64) + 64;
  const scratchY = scratchV + across * panelBytes;
  const scratchM = scratchY + Math.ceil(filters / wide) * panelBytes;
  const mSlot = POINTS * mPoint + 64;
  const blocking: GradientPoints = {
    input,
    panels,
    width: p.filters,
    blockChannels: channels,
    blockTerms: 0,
    tileBatch: images,
    tileGroups: 1,
    rows: rows * SIDE,
    columns: columns * SIDE,
    panelRuns: runs,
    registerRows: tall,
    registerVectors: vectors,
    scratchX,
    scratchAcc,
    scratchPixels: ZERO_BYTES,
    blocks,
    rowRuns: 1,
    tiles,
    wide,
    vPoint: pointBytes,
    vPanel: panelBytes,
    mPoint,
    mSlot,
    scratchTiles,
    scratchRows,
    scratchV,
    scratchM,
    scratchY,
  };
  const count = blocks * p.groups * runs * Math.ceil(p.channels / channels);
  const main = eachFrame(p).map((one) => ({
    kernel: "winograd_gradient_f32" as const,
    tiles: count,
    grain: 1,
    cycles: cycles / p.taps[0],
    scratchBytes: scratchM + (rests ? across * Math.ceil(filters / tall) : 1) * mSlot,
    block: winogradGradientBlock(one, blocking),
    pointers: gradientPointers(one, blocks === 1 ? "y" : "work"),
    segments: (first: number, last: number) => correlateSegments(one, blocking, first, last),
  }));
  return planFrom({
    problem: gradient,
    algorithm: "winograd",
    lanes: "filters",
    binary,
    filterSteps: [],
    filterBytes: p.y.size * SIZE,
    steps: [...main, ...(blocks === 1 ? [] : [sumStep(p, blocks)])],
    workBytes: blocks > 1 ? blocks * p.w.size * SIZE : 0,
    notes: [
      `F(4×4, 3×3) backwards: 36 multiply-adds instead of 144 for 16 outputs of a filter and a channel`,
      `unit: ${images} ${images === 1 ? "image" : "images"} × ${rows} × ${columns} tiles, ${units * batches * p.output[0]} units, ${blocks} ${blocks === 1 ? "block" : "blocks"} of partial sums`,
      `tile: ${channels} channels × ${filters} filters`,
    ],
  });
}
