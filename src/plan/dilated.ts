/** Plans of dilated problems by Winograd: a dilation's phases have none (problem/dilated.ts), and share their filters. */
import { phasesOfDilated } from "../problem/dilated.ts";
import { type ConvProblem, product } from "../problem/problem.ts";
import type { Candidate } from "./direct.ts";
import { together } from "./phases.ts";
import type { BinaryName } from "./registers.ts";
import { MOST_INPUT_BYTES, type TiledCandidate, winogradCandidates } from "./winograd.ts";

/** Each has steps of its own, and smaller maps: dilated by 6 3×3 gains nothing any more. */
const MOST_PHASES = 16;
/** Reading an input and storing an output that are not side by side; a phase more. */
const READ_CYCLES = 1;
const STORE_CYCLES = 2;
const PHASE_CYCLES = 2e4;

/** None where the algorithm does not apply. */
export function dilatedCandidates(p: ConvProblem, binary: BinaryName): Candidate[] {
  if (p.dilation[1] * p.dilation[2] === 1 || p.dilation[1] * p.dilation[2] > MOST_PHASES) return [];
  const phases = phasesOfDilated(p);
  // Phases of one size differ in where they begin only.
  const sizes = new Map<string, TiledCandidate[]>();
  const forms = phases.map((phase) => {
    const size = String(phase.output);
    const known = sizes.get(size) ?? winogradCandidates(phase, binary);
    sizes.set(size, known);
    return known;
  });
  const [inputs, outputs] = [p.channels * product(p.input), p.filters * product(p.output)];
  const apart = p.batch * p.groups * (READ_CYCLES * inputs + STORE_CYCLES * outputs) + PHASE_CYCLES * phases.length;
  return (forms[0] ?? []).flatMap(({ name }) => {
    const same = forms.map((candidates) => candidates.find((one) => one.name === name));
    if (!same.every((one) => one !== undefined)) return [];
    const workBytes = same.reduce((sum, one) => sum + one.workBytes, 0);
    const cycles =
      workBytes > MOST_INPUT_BYTES ? Number.POSITIVE_INFINITY : same.reduce((sum, one) => sum + one.cycles, apart);
    const note = `${phases.length} phases of the dilation, their filters the same; the largest:`;
    const build = () => together(p, same.map((one, i) => one.buildFor(phases[i]!, same[0]!.filterRows)), note, true); // biome-ignore format: one line
    return [{ name: `${name}, phases`, cycles, build }];
  });
}
