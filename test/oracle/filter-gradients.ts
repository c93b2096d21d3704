// Gradients with respect to filters by their definition (semantics §3.5): where an output is Σ x·w, the gradient of a loss with
// respect to a weight is the sum, over all outputs it has a product in, of the x of that product times the gradient of the output.
import type { Terms } from "./terms.ts";

/** `forward` is what the op adds up, `gradient` that of the loss with respect to its outputs, `shape` that of its filters. */
export function filterGradientTerms(forward: Terms, gradient: ArrayLike<number>, shape: readonly number[]): Terms {
  return {
    shape,
    input: forward.input,
    filters: gradient,
    forEachLine: (visit) =>
      forward.forEachLine((output, inputAt, filterAt, count, outputStep, inputStep, filterStep) =>
        visit(filterAt, inputAt, output, count, filterStep, inputStep, outputStep),
      ),
    filterOf: () => 0,
  };
}
