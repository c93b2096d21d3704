/**
 * Sums over terms that were gathered before (assembly/gather.ts): one tap over one long row. No run of filters copies its input
 * again, columns of 7 or 17 leave no lanes empty, and terms are evenly spaced; for that the copy is as many times larger as there are taps.
 * The order of each sum, and so its bits, is that of the other forms of the algorithm that computes the rows, but for the pixels that strassen pairs.
 */
import * as A from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { multiplyAdds, product, termCount } from "../problem/problem.ts";
import { gatherBlock } from "./blocks.ts";
import { copyCycles, streamCycles } from "./costs.ts";
import type { Candidate, OfLongRows } from "./direct.ts";
import { type InputTile, layOutTerms } from "./input-tile.ts";
import { planFrom } from "./plan.ts";
import { type BinaryName, elementBytes } from "./registers.ts";

/** Terms of all images take so much memory at most, or as much as the input. */
const MOST_BYTES = 16 << 20;
/** A part of the copy that is worth a call, and parts enough for several threads. */
const LEAST_CYCLES = 2e4;
const SHARED_TILES = 12;

/** Null where nothing is gained: float64, rows of y with gaps, one tap without a stride, nothing to sum, more terms than memory for them. */
export function gatheredCandidate(
  p: ConvProblem,
  binary: BinaryName,
  main: (long: ConvProblem) => OfLongRows,
): Candidate | null {
  const [, outRows, outColumns] = p.output;
  const plain = product(p.taps) === 1 && product(p.stride) === 1;
  const rowsFollow = outRows === 1 || p.y.space[1] === outColumns * p.y.space[2];
  if (p.dtype !== "float32" || plain || !rowsFollow || multiplyAdds(p) === 0) return null;
  const terms = layOutTerms(p);
  if (!terms) return null;
  const images = p.batch * p.groups * p.output[0];
  const workBytes = images * terms.bytes;
  if (workBytes > Math.max(MOST_BYTES, p.x.size * elementBytes(p.dtype))) return null;

  const long = asLongRow(p, terms);
  const rest = main(long);
  // Written from afar too: a line is read before it is.
  const copy = images * copyCycles(terms, binary) + streamCycles(workBytes, 2);
  const cycles = copy + rest.cycles + streamCycles(workBytes, rest.reads);

  const build = () => {
    const layout = rest.layout();
    const runs = Math.min(
      p.channels,
      Math.max(1, Math.min(Math.ceil(SHARED_TILES / images), Math.floor(copy / images / LEAST_CYCLES))),
    );
    const tiles = images * runs;
    const gather = {
      kernel: "gather_f32" as const,
      tiles,
      grain: Math.max(1, Math.floor((LEAST_CYCLES * tiles) / copy)),
      cycles: copy,
      scratchBytes: 0,
      block: gatherBlock({ ...p, y: long.x }, terms, runs),
      pointers: [
        { word: A.CONV_X, region: "x" as const, offset: p.x.offset * elementBytes(p.dtype) },
        { word: A.CONV_Y, region: "work" as const, offset: 0 },
      ],
    };
    const [step] = layout.steps;
    const pointers = step!.pointers.map((one) =>
      one.word === A.CONV_X ? { ...one, region: "work" as const, offset: 0 } : one,
    );
    return planFrom({
      ...layout,
      steps: [gather, { ...step!, pointers, cycles: cycles - copy }],
      workBytes,
      notes: [`terms gathered first, ${workBytes.toLocaleString("en")} bytes`, ...layout.notes],
    });
  };
  return { name: `${rest.name} gathered`, cycles, build };
}

/** The problem that is left: terms are channels, the outputs of a depth one row. */
function asLongRow(p: ConvProblem, terms: InputTile): ConvProblem {
  const count = termCount(p);
  const [depth, rows, columns] = p.output;
  const space = [depth, 1, rows * columns] as const;
  const elements = terms.bytes / elementBytes(p.dtype);
  return {
    ...p,
    channels: count,
    channelsLast: false,
    input: space,
    output: space,
    taps: [1, 1, 1],
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    low: [0, 0, 0],
    x: {
      offset: 0,
      size: p.batch * p.groups * depth * elements,
      batch: p.groups * depth * elements,
      group: depth * elements,
      channel: elements / count,
      space: [elements, rows * columns, 1],
    },
  };
}
