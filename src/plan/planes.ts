/** Plans of the depthwise algorithm with lanes over planes: small maps, and strides. float32 only, for the size of the binaries. */
import { ZERO_BYTES } from "../../assembly/args.ts";
import type { ConvProblem } from "../problem/problem.ts";
import { dilatedExtent, multiplyAdds, product } from "../problem/problem.ts";
import { convPointers, packBlock, packPointers, planesBlock } from "./blocks.ts";
import { PACK_CYCLES, TILE_CYCLES } from "./costs.ts";
import { type Candidate, evenPart, panelsOf } from "./direct.ts";
import { roundUp } from "./input-tile.ts";
import { planFrom } from "./plan.ts";
import type { BinaryName } from "./registers.ts";
import { elementBytes, evenly, laneCount, registerTiles } from "./registers.ts";

/** The copy of a block of planes stays in L1. */
const COPY_BYTES = 32 * 1024;
const TILE_OUTPUTS = 16384;
const GRAIN_MULTIPLY_ADDS = 2e5;
/** Turning an element that is copied, or stored, and looking after a pixel. */
const TURN_CYCLES = 0.8;
/** A term of a register tile: every sum loads an operand of its own. */
const LOADS_A_CYCLE = 2;

/** Null where the algorithm does not apply. */
export function planesCandidate(p: ConvProblem, binary: BinaryName): Candidate | null {
  const flat = [p.input[0], p.output[0], p.taps[0]].every((extent) => extent === 1) && p.low[0] === 0;
  if (p.dtype !== "float32" || !flat || p.channels !== 1 || p.filters !== 1 || p.w.position) return null;
  if (p.x.space[2] !== 1 || p.y.space[2] !== 1) return null;
  const lanes = laneCount(binary, p.dtype);
  const size = elementBytes(p.dtype);
  const { rows: tall, vectors } = registerTiles[binary];
  const wide = vectors * lanes;
  const extent = (axis: 1 | 2, outputs: number) =>
    (outputs - 1) * p.stride[axis] + dilatedExtent(p.taps[axis], p.dilation[axis]);
  const most = Math.floor(COPY_BYTES / (wide * size));
  const columns = evenPart(p.output[2], Math.max(8, Math.floor((most / p.taps[1] - p.taps[2]) / p.stride[2])));
  const width = extent(2, columns);
  const rows = evenPart(p.output[1], Math.max(1, Math.floor((most / width - p.taps[1]) / p.stride[1])));
  const positions = width * extent(1, rows);
  const bands = Math.ceil(p.output[1] / rows) * Math.ceil(p.output[2] / columns);

  const taps = product(p.taps);
  const blocks = Math.ceil(p.groups / wide);
  const each = evenly(rows * columns, tall).reduce(
    (sum, { height, tiles }) =>
      sum + tiles * (taps * Math.max(4, (vectors * (height + 1)) / LOADS_A_CYCLE) + TILE_CYCLES),
    0,
  );
  const cycles = p.batch * blocks * bands * (each + TURN_CYCLES * wide * (positions + rows * columns));
  return { name: "depthwise planes", cycles, build };

  function build() {
    const tileGroups = Math.min(roundUp(p.groups, wide), roundUp(Math.ceil(TILE_OUTPUTS / (rows * columns)), wide));
    const scratchAcc = ZERO_BYTES;
    const scratchPixels = scratchAcc + roundUp(rows * columns * wide * size, 64);
    const scratchX = scratchPixels + roundUp(4 * rows * columns, 64);
    const tiles = p.batch * Math.ceil(p.groups / tileGroups) * bands;
    // Groups are the filters of a problem of one group, and blocks of them its panels.
    const asFilters = { ...p, groups: 1, filters: p.groups, w: { ...p.w, group: 0, filter: p.w.group } };
    const panels = panelsOf(p.groups, wide, false);
    const width0 = roundUp(p.groups, wide);
    const terms = Int32Array.from({ length: taps }, (_, i) => {
      const [ky, kx] = [Math.floor(i / p.taps[2]), i % p.taps[2]];
      return (ky * p.dilation[1] * width + kx * p.dilation[2]) * wide * size;
    });
    const step = {
      kernel: "depthwise_planes_f32" as const,
      tiles,
      grain: Math.max(1, Math.floor((GRAIN_MULTIPLY_ADDS * tiles) / Math.max(1, multiplyAdds(p)))),
      cycles,
      scratchBytes: scratchX + positions * wide * size,
      block: planesBlock(p, {
        terms,
        tileGroups,
        rows,
        columns,
        registerRows: tall,
        registerVectors: vectors,
        scratchX,
        scratchAcc,
        scratchPixels,
      }),
      pointers: convPointers(p),
    };
    return planFrom({
      problem: p,
      algorithm: "depthwise",
      lanes: "planes",
      binary,
      filterSteps: [
        {
          kernel: "pack_filters_f32",
          tiles: panels.length - 1,
          grain: 1 + Math.floor(1e4 / taps),
          cycles: PACK_CYCLES * width0 * taps,
          scratchBytes: 0,
          block: packBlock(asFilters, panels, width0, wide, taps),
          pointers: packPointers(p),
        },
      ],
      filterBytes: width0 * taps * size,
      steps: [step],
      workBytes: 0,
      notes: [
        `register tile: ${tall} pixels × ${vectors} vectors of ${lanes} planes`,
        `tile: 1 image × ${tileGroups} planes × ${rows} rows × ${columns} columns, copied with the planes innermost`,
      ],
    });
  }
}
