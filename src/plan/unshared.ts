/** The plan of unshared convolution: every output position has filters of its own, read where they are. */
import type { ConvProblem, Space } from "../problem/problem.ts";
import { multiplyAdds } from "../problem/problem.ts";
import { convPointers, unsharedBlock } from "./blocks.ts";
import { UNSHARED_CYCLES } from "./costs.ts";
import { type Plan, planFrom } from "./plan.ts";
import type { BinaryName } from "./registers.ts";
import { elementBytes } from "./registers.ts";

const GRAIN_MULTIPLY_ADDS = 5e4;

export function unsharedPlan(p: ConvProblem, position: Space, binary: BinaryName): Plan {
  const size = elementBytes(p.dtype);
  const tiles = p.batch === 0 || p.filters === 0 ? 0 : p.groups * p.output[1] * Math.ceil(p.filters / 4);
  const step = {
    kernel: `unshared_${p.dtype === "float32" ? "f32" : "f64"}` as const,
    tiles,
    grain: Math.max(1, Math.floor((GRAIN_MULTIPLY_ADDS * tiles) / Math.max(1, multiplyAdds(p)))),
    cycles: UNSHARED_CYCLES * multiplyAdds(p),
    scratchBytes: 0,
    block: unsharedBlock(p, position),
    pointers: convPointers(p, p.w.offset * size),
  };
  return planFrom({
    problem: p,
    algorithm: "unshared",
    lanes: "filters",
    binary,
    filterSteps: [],
    filterBytes: p.w.size * size,
    steps: [step],
    workBytes: 0,
    notes: ["tile: 4 filters × one output row, all images"],
  });
}
