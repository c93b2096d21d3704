/** Plans of gradients with respect to filters: long sums, few results. */
import { ZERO_BYTES } from "../../assembly/args.ts";
import { OptionError } from "../errors.ts";
import { canonical, withBatchAsColumns } from "../problem/canonical.ts";
import { forwardOf } from "../problem/filter-gradient.ts";
import { type ConvProblem, multiplyAdds, product, type Space } from "../problem/problem.ts";
import { checkAddressable, type Demand } from "./choose.ts";
import {
  correlateBlock,
  correlateSegments,
  gradientPointers,
  sumStep,
  unsharedGradientBlock,
} from "./correlate-blocks.ts";
import { DOTS_ROWS, type Form, type Tiling, tilingOf } from "./correlate-tiling.ts";
import { copyCycles, STORE_CYCLES, TILE_CYCLES, termCycles, UNSHARED_CYCLES } from "./costs.ts";
import type { Candidate } from "./direct.ts";
import { fftGradientCandidate } from "./fft-gradient.ts";
import { roundUp } from "./input-tile.ts";
import { type Plan, planFrom, type Step } from "./plan.ts";
import { type BinaryName, elementBytes, evenly, laneCount } from "./registers.ts";
import { isNineTaps } from "./winograd.ts";
import { winogradGradientCandidate } from "./winograd-gradient.ts";

const GRAIN_MULTIPLY_ADDS = 4e5;
/** An element of w that is stored alone, into a line of its own. */
const SCATTER_CYCLES = 4;
/** Packing an element of the outputs' gradient. */
const PACK_CYCLES = 1;

/** Throws an OptionError if the demand cannot be met, an OutOfMemoryError if no 32-bit memory could hold the call. */
export function planFilterGradient(gradient: ConvProblem, binary: BinaryName, demand: Demand): Plan {
  const { algorithm, lanes, input } = demand;
  const forward = forwardOf(gradient);
  checkAddressable((gradient.x.size + gradient.y.size + gradient.w.size) * elementBytes(gradient.dtype), input);
  const summed = algorithm === "auto" || algorithm === "direct";
  if (forward.w.position) {
    if (!summed) throw new OptionError("algorithm", `"${algorithm}" does not serve unshared filters`);
    return unsharedGradientPlan(gradient, forward, forward.w.position, binary);
  }
  const turned = withBatchAsColumns(forward);
  const p = withSpaceInside(canonical(turned ?? forward));
  const forms: readonly Form[] = lanes
    ? [lanes === "pixels" || lanes === "gathered" ? "dots" : "filters"]
    : ["filters", "rows", "dots"];
  const candidates = summed ? forms.map((form) => correlateCandidate(gradient, p, binary, form)) : [];
  const least = Math.min(...candidates.map(({ cycles }) => cycles));
  const transform = algorithm === "auto" && !lanes && !demand.exact;
  const worthIt = Math.min(forward.channels, forward.filters) >= LEAST_CHANNELS && least > LEAST_FOR_WINOGRAD;
  const plain = isNineTaps(forward) && forward.stride[1] === 1 && forward.stride[2] === 1;
  if (plain && (algorithm === "winograd" || (transform && worthIt))) {
    // Of nothing there are sums only.
    const winograd = winogradGradientCandidate(gradient, forward, binary);
    candidates.push(winograd ?? correlateCandidate(gradient, p, binary, "filters"));
  }
  const fft =
    (transform || algorithm === "fft") && forward.channels === 1 ? fftGradientCandidate(gradient, binary) : null;
  const large = forward.batch === 1 ? (fft?.cycles ?? 0) > LEAST_TO_TRANSFORM : least > LEAST_TO_TRANSFORM_SEVERAL;
  if (fft && (algorithm === "fft" || large)) candidates.push(fft);
  const best = candidates.sort((a, b) => a.cycles - b.cycles)[0];
  if (!best) throw new OptionError("algorithm", `"${algorithm}" does not serve this gradient`);
  const plan = best.build();
  checkAddressable(plan.workspaceBytes, input);
  return plan;
}

/** Below so many cycles nobody gains by a transform, nor of fewer channels or filters by Winograd's (choose.ts). */
const LEAST_TO_TRANSFORM = 5e5;
/** Of several images sums stay exact up to some milliseconds. */
const LEAST_TO_TRANSFORM_SEVERAL = 1e7;
const LEAST_FOR_WINOGRAD = 2e6;
const LEAST_CHANNELS = 32;

/** Axes with one output go outside: pieces are cut from rows and columns. */
function withSpaceInside(p: ConvProblem): ConvProblem {
  const order = [0, 1, 2].sort((a, b) => Math.min(2, p.output[a]!) - Math.min(2, p.output[b]!) || a - b);
  const moved = (space: Space): Space => [space[order[0]!]!, space[order[1]!]!, space[order[2]!]!];
  const { channelsLast: _, ...rest } = p; // rows are told apart by channels first
  return {
    ...rest,
    input: moved(p.input),
    taps: moved(p.taps),
    output: moved(p.output),
    stride: moved(p.stride),
    dilation: moved(p.dilation),
    low: moved(p.low),
    x: { ...p.x, space: moved(p.x.space) },
    w: { ...p.w, space: moved(p.w.space) },
    y: { ...p.y, space: moved(p.y.space) },
  };
}

/** Loads that a term costs: of Dots a vector for each row, a mask, a vector of the filter; and the term's offset. */
function estimate(p: ConvProblem, binary: BinaryName, form: Form, t: Tiling): number {
  const lanes = laneCount(binary, p.dtype);
  const { batch, rows, columns, count } = t.pieces;
  const terms = batch * rows * (form === "dots" ? Math.ceil(columns / lanes) : columns);
  const width = t.registerVectors * lanes;
  const ofX = t.blockChannels * product(p.taps);
  const [splatted, across] = form === "rows" ? [p.filters, ofX] : [ofX, p.filters];
  const tall = evenly(splatted, t.registerRows);
  const cuts = Math.ceil(p.channels / t.blockChannels);
  const panel = (vectors: number) =>
    tall.reduce((sum, { height, tiles }) => {
      const cycles = form === "dots" ? dotCycles(binary) : termCycles(binary, height, vectors, vectors + 2 * height);
      return sum + tiles * (terms * cycles + TILE_CYCLES);
    }, 0);
  const last = across % width;
  const panels =
    form === "dots"
      ? p.filters * panel(1)
      : Math.floor(across / width) * panel(t.registerVectors) +
        (last === 0 ? 0 : panel(last > lanes ? t.registerVectors : 1));
  const packing = (form === "rows" ? t.panelRuns : t.rowRuns) * (PACK_CYCLES * across * batch * rows * columns + terms);
  const perPiece = cuts * (panels + packing) + t.panelRuns * t.rowRuns * batch * copyCycles(t.input, binary);
  // Neighbours in w are stored together where lanes run over them, and one by one where they do not.
  const neighbours = form === "rows" ? p.w.space[2] ** 2 === 1 || p.w.channel === 1 : p.w.filter === 1;
  const storing = (neighbours ? 1 : SCATTER_CYCLES) + t.blocks;
  return p.groups * count * perPiece + storing * STORE_CYCLES * 4 * p.w.size;
}

function dotCycles(binary: BinaryName): number {
  const loads = DOTS_ROWS + 3;
  return Math.max(4, loads / 2, termCycles(binary, DOTS_ROWS, 1, loads));
}

function correlateCandidate(gradient: ConvProblem, p: ConvProblem, binary: BinaryName, form: Form): Candidate {
  const tiling = tilingOf(p, binary, form);
  const cycles = estimate(p, binary, form, tiling);
  return { name: `correlate ${form}`, cycles, build: () => buildPlan(gradient, p, binary, form, tiling, cycles) };
}

function buildPlan(
  gradient: ConvProblem,
  p: ConvProblem,
  binary: BinaryName,
  form: Form,
  t: Tiling,
  cycles: number,
): Plan {
  const size = elementBytes(p.dtype);
  const type = p.dtype === "float32" ? "f32" : "f64";
  const lanes = laneCount(binary, p.dtype);
  const { batch, rows, columns } = t.pieces;
  const empty = p.batch === 0 || p.w.size === 0;
  const pixels = batch * rows * (form === "dots" ? Math.ceil(columns / lanes) : columns);
  const scratchAcc = ZERO_BYTES;
  const scratchRows = scratchAcc + t.accumulatorBytes;
  const scratchPixels = roundUp(scratchRows + 4 * DOTS_ROWS, 64);
  const scratchY = roundUp(scratchPixels + 4 * pixels, 64);
  // A row's last vectors of pixels are packed whole.
  const panelBytes = roundUp((pixels + lanes) * (form === "dots" ? 2 : t.registerVectors) * lanes * size, 64);
  const turned = form === "rows";
  const panels = turned
    ? Math.ceil((t.blockChannels * product(p.taps)) / t.rowRuns / (t.registerVectors * lanes)) + 1
    : 1;
  const scratchX = scratchY + panels * panelBytes;
  const imageStep = t.input.packed ? roundUp(t.input.bytes, 64) : p.x.batch * size;
  const blocks = empty ? 0 : t.blocks;
  const blocking = {
    ...t,
    rows,
    columns,
    width: p.filters,
    blockTerms: 0,
    tileBatch: batch,
    scratchX,
    scratchAcc,
    scratchPixels,
    scratchY,
    scratchRows,
    imageStep,
    blocks,
    turned,
    panelBytes: turned ? panelBytes : 0,
  };
  const main: Step = {
    kernel: `correlate_${form === "dots" ? form : "filters"}_${type}`,
    tiles: t.tiles,
    grain: Math.max(1, Math.floor((GRAIN_MULTIPLY_ADDS * t.tiles) / Math.max(1, multiplyAdds(p)))),
    cycles,
    scratchBytes: scratchX + (t.input.packed ? batch * imageStep : 0),
    block: correlateBlock(p, blocking),
    pointers: gradientPointers(p, blocks === 1 ? "y" : "work"),
    // Runs of taps are no runs of bytes.
    ...(t.rowRuns === 1 && { segments: (first, last) => correlateSegments(p, blocking, first, last) }),
  };
  return planFrom({
    problem: gradient,
    algorithm: "correlate",
    lanes: form === "dots" ? "pixels" : "filters",
    binary,
    filterSteps: [],
    filterBytes: p.y.size * size,
    steps: [...(empty ? [] : [main]), ...(blocks === 1 ? [] : [sumStep(p, blocks)])],
    workBytes: blocks > 1 ? blocks * p.w.size * size : 0,
    notes: notesOf(p, form, lanes, t),
  });
}

function notesOf(p: ConvProblem, form: Form, lanes: number, t: Tiling): string[] {
  const rows = Math.ceil((t.blockChannels * product(p.taps)) / t.rowRuns);
  const [tall, over] = {
    filters: ["channels and taps", "filters"],
    rows: ["filters", "channels and taps"],
    dots: ["channels and taps", "pixels"],
  }[form] as [string, string];
  return [
    `register tile: ${t.registerRows} ${tall} × ${t.registerVectors} ${t.registerVectors === 1 ? "vector" : "vectors"} of ${lanes} ${over}`,
    `tile: ${rows} channels and taps × ${Math.ceil(p.filters / t.panelRuns)} filters × ${Math.ceil(t.pieces.count / t.blocks)} pieces of ` +
      `${t.pieces.batch} image × ${t.pieces.rows} rows × ${t.pieces.columns} columns`,
    `${t.blocks} ${t.blocks === 1 ? "block" : "blocks"} of partial sums`,
    t.input.packed ? `input: padded per piece in scratch, ${t.input.bytes} bytes` : "input: read in place",
  ];
}

function unsharedGradientPlan(gradient: ConvProblem, p: ConvProblem, position: Space, binary: BinaryName): Plan {
  const tiles = p.w.size === 0 ? 0 : p.groups * p.filters * p.output[1];
  const step: Step = {
    kernel: `unshared_filters_${p.dtype === "float32" ? "f32" : "f64"}`,
    tiles,
    grain: Math.max(1, Math.floor((5e4 * tiles) / Math.max(1, multiplyAdds(p)))),
    cycles: UNSHARED_CYCLES * (multiplyAdds(p) + p.w.size),
    scratchBytes: 0,
    block: unsharedGradientBlock(p, position),
    pointers: gradientPointers(p, "y"),
  };
  return planFrom({
    problem: gradient,
    algorithm: "unshared",
    lanes: "filters",
    binary,
    filterSteps: [],
    filterBytes: p.y.size * elementBytes(p.dtype),
    steps: [step],
    workBytes: 0,
    notes: ["tile: one filter × one output row"],
  });
}
