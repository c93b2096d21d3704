/** Plans of Winograd's F(4×4, 3×3), F(2×2, 3×3), 4×4 outputs with stride 2, and F(4×4×4, 3×3×3). */

import * as A from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import {
  convPointers,
  type Points,
  packPointers,
  type TapBlocks,
  winogradBlock,
  winogradFiltersBlock,
} from "./blocks.ts";
import { type Candidate, panelsOf } from "./direct.ts";
import { type InputTile, layOutInputTile, oddLines, roundUp } from "./input-tile.ts";
import { type Plan, type Pointer, planFrom } from "./plan.ts";
import { type BinaryName, laneCount, registerTiles } from "./registers.ts";
import {
  BLOCK_TERMS,
  estimate,
  FILTER_CYCLES,
  hasLoneTile,
  keepsRows,
  MOST_TILES,
  PASS_FILTERS,
  unitCycles,
} from "./winograd-cost.ts";
import { blocksOf, countsOf, depthOf, describeForm, FORMS, type Form, type Unit, unitOf } from "./winograd-forms.ts";

const SIZE = 4;
/** Tiles of the smallest units. */
const LEAST_TILES = 16;
/** A tile of the plan should not take longer: about a millisecond. */
const MOST_CYCLES = 3e6;
/** Fewer units than this cannot be spread over threads: then filters are. */
const LEAST_UNITS = 8;
/** Threads share a step evenly if it has so many tiles; none need be shorter than some microseconds, or have fewer panels of filters. */
const SHARED_TILES = 32;
const LEAST_CYCLES = 3e4;
const LEAST_PANELS = 4;
/** Errors of transforms along three axes must even out over so many channels: corners of few products have them too (docs/numerics.md). */
const LEAST_CHANNELS_DEEP = 32;
/** Filters with more on an axis are left to other algorithms, and to the stack that lists of their blocks would fill. */
const MOST_TAPS = 1024;
/** Left to itself the library takes no more than this for transformed input. */
export const MOST_INPUT_BYTES: number = 2 ** 29;
/** Points of so many bytes are made of rows of filters at a time, and meet transformed input beside them in L2. */
const ROW_PANEL_BYTES = 128 * 1024;
/** Of three panels for a lone tile, at most. */
const LONE_PANEL_BYTES = 512 * 1024;
/** Filters of so many bytes for each tile that is multiplied by them are asked for ahead of time. */
const FETCHED_BYTES = 700e3;

interface Choice {
  readonly unit: Unit;
  /** Transformed and multiplied in one go; else every frame is transformed first, for all filters and taps. */
  readonly fused: boolean;
  readonly cycles: number;
}

/** What suits problems that differ in where their input and output begin, and in padding. */
export interface TiledCandidate extends Candidate {
  /** Whether filters are kept as rows of points. Those who share theirs, whatever their maps, must do as the first of them. */
  readonly filterRows: boolean;
  readonly buildFor: (p: ConvProblem, filterRows: boolean) => Plan;
  /** What it leaves between two steps. */
  readonly workBytes: number;
}

/** None where the algorithm does not apply. */
export function winogradCandidates(p: ConvProblem, binary: BinaryName): TiledCandidate[] {
  const { dtype, w, taps, dilation } = p;
  const fits = (axis: number) => taps[axis]! >= 3 && taps[axis]! <= MOST_TAPS && dilation[axis] === 1;
  if (dtype !== "float32" || w.position || !fits(1) || !fits(2)) return [];
  return FORMS.filter((form) => serves(form, p)).map((form) => candidate(p, binary, form));
}

/** Three taps on both axes, side by side, float32. */
export function isNineTaps({ taps, dilation, dtype, w }: ConvProblem): boolean {
  const three = [1, 2].every((axis) => taps[axis] === 3 && dilation[axis] === 1);
  return three && dtype === "float32" && !w.position;
}

function serves(form: Form, p: ConvProblem): boolean {
  const { stride, output, taps, dilation } = p;
  if (form.stride > 1)
    return isNineTaps(p) && [1, 2].every((axis) => stride[axis] === form.stride || output[axis] === 1);
  // A larger stride would leave out inputs that are copied and transformed all the same.
  if (stride[1] > taps[1] || stride[2] > taps[2]) return false;
  const { starts } = tapBlocksOf(form, p);
  const blocks = starts[0].length * starts[1].length;
  if (form.deep > 1) {
    const inDepth = taps[0] === 3 && stride[0] === 1 && dilation[0] === 1 && p.channels >= LEAST_CHANNELS_DEEP;
    return isNineTaps(p) && inDepth && blocks === 1;
  }
  return (blocks * form.points ** 2) / form.side ** 2 < taps[1] * taps[2];
}

/** The form with stride 2 has its three taps side by side. */
function tapBlocksOf(form: Form, p: ConvProblem): TapBlocks {
  if (form.stride > 1) return { starts: [[0], [0]], steps: [1, 1] };
  const steps = [p.stride[1], p.stride[2]] as const;
  return { starts: [blocksOf(p.taps[1], steps[0]), blocksOf(p.taps[2], steps[1])], steps };
}

function candidate(given: ConvProblem, binary: BinaryName, form: Form): TiledCandidate {
  const tapBlocks = tapBlocksOf(form, given);
  // Blocks of taps cost what channels do.
  const blocks = tapBlocks.starts[0].length * tapBlocks.starts[1].length;
  const p = { ...given, channels: given.channels * blocks };
  let best: Choice | undefined;
  for (let most = LEAST_TILES; most <= MOST_TILES; most += 4) {
    const unit = unitOf(p, form.side, most);
    for (const fused of [true, false]) {
      if (fused && !mayFuse(p, binary, form, unit)) continue;
      const cycles = estimate(p, binary, form, unit, fused);
      if (!best || cycles < best.cycles) best = { unit, fused, cycles };
    }
  }
  const chosen = best!;
  const filterRows = keepsRows(p, binary, form);
  const name = `winograd ${form.name}`;
  const workBytes = inputBytes(p, form, chosen);
  const cycles = workBytes > MOST_INPUT_BYTES ? Number.POSITIVE_INFINITY : chosen.cycles;
  const buildFor = (like: ConvProblem, rows: boolean) =>
    buildPlan(
      like,
      { ...like, channels: like.channels * blocks },
      { binary, form, tapBlocks, chosen, filterRows: rows },
    );
  return { name, cycles, workBytes, filterRows, buildFor, build: () => buildFor(given, filterRows) };
}

/** Of transformed input that is kept. */
function inputBytes(p: ConvProblem, form: Form, { unit, fused }: Choice): number {
  if (fused) return 0;
  const { units, batches } = countsOf(p, form.side, unit);
  const tiles = units * batches * unit.images * unit.rows * unit.columns;
  return form.points ** 2 * p.groups * tiles * p.channels * depthOf(p, form).held * SIZE;
}

/** Units must not hold a thread for long, and be enough for several threads. */
function mayFuse(p: ConvProblem, binary: BinaryName, form: Form, unit: Unit): boolean {
  const { units, batches } = countsOf(p, form.side, unit);
  const { multiply, input } = unitCycles(p, binary, form, unit);
  return p.taps[0] === 1 && multiply + input <= MOST_CYCLES && units * batches * p.groups * p.output[0] >= LEAST_UNITS;
}

interface Chosen {
  readonly binary: BinaryName;
  readonly form: Form;
  readonly tapBlocks: TapBlocks;
  readonly chosen: Choice;
  readonly filterRows: boolean;
}

/** `p` has a channel for every block of taps of one of the given. */
function buildPlan(given: ConvProblem, p: ConvProblem, { binary, form, tapBlocks, chosen, filterRows }: Chosen): Plan {
  const { unit, fused, cycles } = chosen;
  const { side, stride, deep } = form;
  const { steps, held } = fused ? { steps: p.output[0], held: 1 } : depthOf(p, form);
  const lanes = laneCount(binary, p.dtype);
  const { rows: tall, vectors } = registerTiles[binary];
  const wide = vectors * lanes;
  const points = form.points ** 2;
  const kept = filterRows ? 3 * form.kept : form.kept ** 2;
  const { images, rows, columns } = unit;
  const { units, batches } = countsOf(p, side, unit);
  const tiles = images * rows * columns;
  const across = Math.ceil(tiles / wide);
  const costs = unitCycles(p, binary, form, unit);

  const panels = panelsOf(p.filters, tall, true);
  const panelCount = panels.length - 1;
  const regions = p.groups * batches * units;
  /** So many parts of each region and frame that threads can share the step, no longer than `most` and not shorter than need be. */
  const parts = (frames: number, cycles: number, most: number, atMost: number) =>
    Math.min(
      Math.max(1, atMost),
      Math.max(
        Math.ceil(cycles / most),
        Math.min(Math.ceil(SHARED_TILES / Math.max(1, regions * frames)), Math.ceil(cycles / LEAST_CYCLES)),
      ),
    );
  const runs = fused ? 1 : parts(steps, costs.multiply, MOST_CYCLES, Math.ceil(panelCount / LEAST_PANELS));
  const together = fused || deep > 1 ? PASS_FILTERS : 2 * PASS_FILTERS;
  // A lone tile wants three panels at a time.
  const most = hasLoneTile(p, binary, form, unit) ? 3 : 1;
  const inThrees = (panels: number) => (panels > most ? panels - (panels % most) : panels);
  const passPanels = inThrees(Math.min(Math.ceil(panelCount / runs), Math.ceil(together / tall)));
  // Each frame, or the six of every tile in z.
  const transforms = deep > 1 ? steps : p.input[0];
  const [strideY, strideX] = stride > 1 ? [stride, stride] : tapBlocks.steps;
  const frames: ConvProblem = {
    ...given,
    taps: [form.frames, 3, 3],
    stride: [deep, strideY, strideX],
    dilation: [1, 1, 1],
    output: [transforms, p.output[1], p.output[2]],
    low: [deep > 1 ? p.low[0] : 0, p.low[1], p.low[2]],
  };
  const input = layOutFrames(frames, { rows: rows * side, columns: columns * side, lanes, tapBlocks });
  const tapStarts = [
    tapBlocks.starts[0].map((tap) => tap * input.pitches[3]),
    tapBlocks.starts[1].map((tap) => (tap % strideX) * input.pitches[4] + Math.floor(tap / strideX) * SIZE),
  ] as const;

  const vPanel = held * p.channels * wide * SIZE;
  const vPoint = oddLines(across * vPanel);
  const vUnit = points * vPoint;
  const mSlot = tall * wide * SIZE;
  const mPoint = oddLines(passPanels * across * mSlot);
  const wPoint = oddLines(p.filters * p.channels * p.taps[0] * SIZE);
  // Of six points in z: sums of a panel, and its filters. Of those of a row: the latter.
  const panelBytes = roundUp(p.channels * (filterRows ? p.taps[0] : 1) * tall * SIZE, 64);
  const rowPanels = filterRows
    ? inThrees(
        Math.min(
          passPanels,
          Math.max(LONE_PANEL_BYTES > 18 * panelBytes ? most : 1, Math.floor(ROW_PANEL_BYTES / (6 * panelBytes))),
        ),
      )
    : 0;
  const apart = deep > 1 ? form.frames * (across * mSlot + panelBytes) : 6 * rowPanels * panelBytes;
  const scratchTiles = A.ZERO_BYTES;
  const scratchRows = roundUp(scratchTiles + 16 * (tiles + 2 * lanes), 64) + A.LONE_SUMS + A.AHEAD_LINE;
  const scratchX =
    roundUp(
      scratchRows +
        Math.max(1024, apart, images * rows * form.frames * tapStarts[0].length * form.points * input.pitches[3]),
      64,
    ) + 64;
  const scratchM = roundUp(scratchX + input.bytes, 64) + 64;
  const scratchV = scratchM + deep * points * mPoint;
  const layout: Points = {
    side,
    sideZ: deep,
    points: form.points,
    vPoint,
    vPanel,
    vUnit,
    frames: held,
    mPoint,
    mSlot,
    wPoint,
    wGroup: kept * wPoint,
    passPanels,
    tapStarts,
    tapBlocks,
    rowPanels,
    fetches: kept * wPoint > FETCHED_BYTES * tiles,
    scratchTiles,
    scratchRows,
    scratchV,
    scratchM,
  };
  const blocking = {
    input,
    panels,
    width: p.filters,
    blockChannels: 1,
    blockTerms: evenBlock(deep > 1 ? p.channels : p.channels * p.taps[0]),
    tileBatch: images,
    tileGroups: 1,
    rows: rows * side,
    columns: columns * side,
    panelRuns: runs,
    registerRows: tall,
    registerVectors: vectors,
    scratchX,
    scratchAcc: A.ZERO_BYTES,
    scratchPixels: A.ZERO_BYTES,
  };
  const main = {
    kernel: fused ? ("winograd_f32" as const) : ("winograd_multiply_f32" as const),
    tiles: regions * steps * runs,
    grain: 1,
    cycles: fused ? cycles : Math.max(1, cycles - regions * held * costs.input),
    scratchBytes: fused ? scratchV + vUnit : scratchV,
    block: winogradBlock(given, blocking, layout),
    pointers: fused ? convPointers(p) : replace(convPointers(p), { word: A.CONV_X, region: "work", offset: 0 }),
  };
  const channelRuns = parts(transforms, form.frames * costs.input, MOST_CYCLES / 8, given.channels);
  const prepare = {
    kernel: "winograd_input_f32" as const,
    tiles: regions * transforms * channelRuns,
    grain: 1,
    cycles: regions * held * costs.input,
    scratchBytes: scratchM,
    block: winogradBlock(frames, { ...blocking, panelRuns: channelRuns }, layout),
    pointers: [
      { word: A.CONV_X, region: "x" as const, offset: p.x.offset * SIZE },
      { word: A.CONV_Y, region: "work" as const, offset: 0 },
    ],
  };
  return planFrom({
    problem: given,
    algorithm: "winograd",
    lanes: "pixels",
    binary,
    filterSteps: [
      {
        kernel: "winograd_filters_f32",
        tiles: p.groups * panelCount,
        grain: 1,
        cycles: kept * p.groups * p.filters * p.channels * p.taps[0] * FILTER_CYCLES,
        scratchBytes: A.ZERO_BYTES,
        block: winogradFiltersBlock(given, panels, layout),
        pointers: packPointers(p),
      },
    ],
    // Frames and rows of filters are read in whole vectors.
    filterBytes: p.groups * kept * wPoint + (deep > 1 || filterRows ? lanes * SIZE : 0),
    steps: fused ? [main] : [prepare, main],
    workBytes: fused ? 0 : regions * vUnit,
    notes: [
      describeForm(form, given, tapStarts[0].length * tapStarts[1].length),
      `unit: ${images} ${images === 1 ? "image" : "images"} × ${rows} × ${columns} tiles, ${units * batches} units of a frame, ${fused ? "transformed and multiplied in scratch" : "transformed once for all filters"}`,
      `filters transformed${filterRows ? " along y" : ""}, ${(p.groups * kept * wPoint).toLocaleString("en")} bytes`,
    ],
  });
}

interface FrameShape {
  /** Outputs of a unit. */
  readonly rows: number;
  readonly columns: number;
  readonly lanes: number;
  readonly tapBlocks: TapBlocks;
}

/**
 * A channel of a unit's input. With blocks of taps a stride apart columns are cut into phases, and rows are read so far apart; the form with stride 2
 * reads everything from the first tap of its first output to the last of its last.
 */
function layOutFrames(frames: ConvProblem, { rows, columns, lanes, tapBlocks }: FrameShape): InputTile {
  const { stride } = frames;
  const { starts, steps } = tapBlocks;
  const shape = { channels: 1, overColumns: true, vectorColumns: lanes, copied: true };
  if (steps[0] === stride[1] && steps[1] === stride[2]) {
    // From the first tap of any block to the last.
    const [high, wide] = starts.map((taps, i) => Math.max(...taps) + 2 * steps[i]! + 1);
    const taps = [frames.taps[0], high!, wide!] as const;
    return layOutInputTile({ ...frames, taps, stride: [1, ...steps] }, { ...shape, rows, columns });
  }
  const dense = { ...shape, rows: (rows - 1) * stride[1] + 1, columns: (columns - 1) * stride[2] + 1 };
  const input = layOutInputTile({ ...frames, stride: [1, 1, 1] }, dense);
  return { ...input, rowStep: stride[1] * input.rowStep, columnStep: stride[2] * input.columnStep };
}

/** Blocks of the same length, as nearly as can be. */
function evenBlock(terms: number): number {
  return Math.ceil(terms / Math.ceil(terms / BLOCK_TERMS)) || 1;
}

function replace(pointers: readonly Pointer[], one: Pointer): Pointer[] {
  return pointers.map((pointer) => (pointer.word === one.word ? one : pointer));
}
