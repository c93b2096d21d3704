/** For `npm run bench` only: the kernel calls of a compiled op, without the checks and copies around them. */
import type { Operand } from "../tensor.ts";
import type { PlacedStep } from "./executor.ts";

interface Placeable {
  readonly plan: { readonly multiplyAdds: number };
  place(input: Operand, out: Operand): { step: PlacedStep; scratch: number };
}

export interface KernelCall {
  readonly kernel: string;
  readonly multiplyAdds: number;
  call(): void;
}

/** `call()` runs all tiles of the main step through the wasm export, on operands that stay where they are. */
export function prepareKernelCall(op: unknown, [input, out]: readonly [Operand, Operand]): KernelCall {
  const placeable = op as Placeable;
  const { step, scratch } = placeable.place(input, out);
  return {
    kernel: step.kernel.name,
    multiplyAdds: placeable.plan.multiplyAdds,
    call: () => step.kernel(step.args, scratch, 0, step.tiles),
  };
}
