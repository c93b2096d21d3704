/** Plans of Winograd's F(4×4, 3×3), F(2×2, 3×3), 4×4 outputs with stride 2, and F(4×4×4, 3×3×3). */

import * as A from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { convPointers, type Points, packPointers, winogradBlock, winogradFiltersBlock } from "./blocks.ts";
import { type Candidate, panelsOf } from "./direct.ts";
import { layOutInputTile, oddLines, roundUp } from "./input-tile.ts";
import { type Plan, type Pointer, planFrom } from "./plan.ts";
import { type BinaryName, laneCount, registerTiles } from "./registers.ts";
import { BLOCK_TERMS, estimate, FILTER_CYCLES, PASS_FILTERS, unitCycles } from "./winograd-cost.ts";
import { countsOf, depthOf, describeForm, FORMS, type Form, type Unit, unitOf } from "./winograd-forms.ts";

const SIZE = 4;
/** Tiles of a unit: so many read the transformed filters once. */
const MOST_TILES = 112;
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
/** Left to itself the library takes no more than this for transformed input. */
const MOST_INPUT_BYTES = 2 ** 29;
/** Filters of so many bytes for each tile that is multiplied by them are asked for ahead of time. */
const FETCHED_BYTES = 700e3;

interface Choice {
  readonly unit: Unit;
  /** Transformed and multiplied in one go; else every frame is transformed first, for all filters and taps. */
  readonly fused: boolean;
  readonly cycles: number;
}

/** None where the algorithm does not apply. */
export function winogradCandidates(p: ConvProblem, binary: BinaryName): Candidate[] {
  if (!isNineTaps(p)) return [];
  // A stride is never taken on an axis of one output.
  const { stride, output, taps, dilation } = p;
  const inPlane = FORMS.filter((form) => [1, 2].every((axis) => stride[axis] === form.stride || output[axis] === 1));
  const inDepth = taps[0] === 3 && stride[0] === 1 && dilation[0] === 1 && p.channels >= LEAST_CHANNELS_DEEP;
  const forms = inPlane.filter(({ deep }) => deep === 1 || inDepth);
  return forms.map((form) => candidate(p, binary, form));
}

/** Three taps on both axes, side by side, float32. */
export function isNineTaps({ taps, dilation, dtype, w }: ConvProblem): boolean {
  const three = [1, 2].every((axis) => taps[axis] === 3 && dilation[axis] === 1);
  return three && dtype === "float32" && !w.position;
}

function candidate(p: ConvProblem, binary: BinaryName, form: Form): Candidate {
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
  const name = `winograd ${form.name}`;
  const cycles = isLarge(p, form, chosen) ? Number.POSITIVE_INFINITY : chosen.cycles;
  return { name, cycles, build: () => buildPlan(p, binary, form, chosen) };
}

function isLarge(p: ConvProblem, form: Form, { unit, fused }: Choice): boolean {
  const { units, batches } = countsOf(p, form.side, unit);
  const tiles = units * batches * unit.images * unit.rows * unit.columns;
  const input = fused ? 0 : p.groups * tiles * p.channels * depthOf(p, form).held;
  return form.points ** 2 * input * SIZE > MOST_INPUT_BYTES;
}

/** Units must not hold a thread for long, and be enough for several threads. */
function mayFuse(p: ConvProblem, binary: BinaryName, form: Form, unit: Unit): boolean {
  const { units, batches } = countsOf(p, form.side, unit);
  const { multiply, input } = unitCycles(p, binary, form, unit);
  return p.taps[0] === 1 && multiply + input <= MOST_CYCLES && units * batches * p.groups * p.output[0] >= LEAST_UNITS;
}

function buildPlan(p: ConvProblem, binary: BinaryName, form: Form, { unit, fused, cycles }: Choice): Plan {
  const { side, stride, deep } = form;
  const { steps, held } = fused ? { steps: p.output[0], held: 1 } : depthOf(p, form);
  const lanes = laneCount(binary, p.dtype);
  const { rows: tall, vectors } = registerTiles[binary];
  const wide = vectors * lanes;
  const points = form.points ** 2;
  const kept = form.kept ** 2;
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
  const passPanels = Math.min(Math.ceil(panelCount / runs), Math.ceil(together / tall));
  // Each frame, or the six of every tile in z.
  const transforms = deep > 1 ? steps : p.input[0];
  const frames: ConvProblem = {
    ...p,
    taps: [form.frames, 3, 3],
    stride: [deep, stride, stride],
    dilation: [1, 1, 1],
    output: [transforms, p.output[1], p.output[2]],
    low: [deep > 1 ? p.low[0] : 0, p.low[1], p.low[2]],
  };
  // Every input from the first tap of the first output to the last of the last, whatever the stride.
  const shape = {
    rows: (rows * side - 1) * stride + 1,
    columns: (columns * side - 1) * stride + 1,
    channels: 1,
    overColumns: true,
    vectorColumns: lanes,
    copied: true,
  };
  const input = layOutInputTile({ ...frames, stride: [1, 1, 1], low: p.low }, shape);

  const vPanel = held * p.channels * wide * SIZE;
  const vPoint = oddLines(across * vPanel);
  const vUnit = points * vPoint;
  const mSlot = tall * wide * SIZE;
  const mPoint = oddLines(passPanels * across * mSlot);
  const wPoint = oddLines(p.filters * p.channels * p.taps[0] * SIZE);
  // Of six points in z: sums of a panel, and its filters.
  const apart = deep > 1 ? form.frames * (across * mSlot + roundUp(p.channels * tall * SIZE, 64)) : 0;
  const scratchTiles = A.ZERO_BYTES;
  // A line before the rows, which ahead.ts stores into.
  const scratchRows = roundUp(scratchTiles + 16 * (tiles + 2 * lanes), 64) + 64;
  const scratchX =
    roundUp(scratchRows + Math.max(1024, apart, images * rows * form.frames * form.points * input.pitches[3]), 64) + 64;
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
    block: winogradBlock(p, blocking, layout),
    pointers: fused ? convPointers(p) : replace(convPointers(p), { word: A.CONV_X, region: "work", offset: 0 }),
  };
  const channelRuns = parts(transforms, form.frames * costs.input, MOST_CYCLES / 8, p.channels);
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
    problem: p,
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
        block: winogradFiltersBlock(p, panels, layout),
        pointers: packPointers(p),
      },
    ],
    // Frames of filters are read in whole vectors.
    filterBytes: p.groups * kept * wPoint + (deep > 1 ? lanes * SIZE : 0),
    steps: fused ? [main] : [prepare, main],
    workBytes: fused ? 0 : regions * vUnit,
    notes: [
      describeForm(form),
      `unit: ${images} ${images === 1 ? "image" : "images"} × ${rows} × ${columns} tiles, ${units * batches} units of a frame, ${fused ? "transformed and multiplied in scratch" : "transformed once for all filters"}`,
      `transformed filters ${(p.groups * kept * wPoint).toLocaleString("en")} bytes`,
    ],
  });
}

/** Blocks of the same length, as nearly as can be. */
function evenBlock(terms: number): number {
  return Math.ceil(terms / Math.ceil(terms / BLOCK_TERMS)) || 1;
}

function replace(pointers: readonly Pointer[], one: Pointer): Pointer[] {
  return pointers.map((pointer) => (pointer.word === one.word ? one : pointer));
}
