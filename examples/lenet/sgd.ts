/** Stochastic gradient descent with momentum: v ← μ·v − η·g, w ← w + v. */
import type { Parameter } from "./layer.ts";

export class Sgd {
  private readonly momentum: number;
  private readonly velocities = new Map<Parameter, Float64Array>();

  constructor(momentum: number) {
    this.momentum = momentum;
  }

  step(parameters: readonly Parameter[], rate: number): void {
    for (const parameter of parameters) this.move(parameter, rate);
  }

  private move(parameter: Parameter, rate: number): void {
    const [w, g] = [parameter.values.data, parameter.gradient.data];
    const v = this.velocities.get(parameter) ?? new Float64Array(w.length);
    this.velocities.set(parameter, v);
    for (let i = 0; i < w.length; i++) {
      v[i] = this.momentum * v[i] - rate * g[i];
      w[i] += v[i];
    }
  }
}
