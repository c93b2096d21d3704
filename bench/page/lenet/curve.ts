/** How the loss fell, on a scale of decades: every mini-batch, their running mean, and the accuracy at the end of each epoch. */
const [WIDTH, HEIGHT] = [640, 220];
const PLOT = { left: 56, top: 12, right: WIDTH - 8, bottom: HEIGHT - 24 };
/** Decades: what is less or more is drawn at the edge. */
const [LEAST, GREATEST] = [-3, 1];
const SMOOTHING = 0.98;
/** As many points as can be told apart. */
const POINTS = 600;

const y = (loss: number) => {
  const decade = Math.min(GREATEST, Math.max(LEAST, Math.log10(loss)));
  return PLOT.bottom - ((decade - LEAST) / (GREATEST - LEAST)) * (PLOT.bottom - PLOT.top);
};

export class LossCurve {
  private readonly svg: SVGElement;
  private readonly losses: number[] = [];
  private readonly means: number[] = [];
  private readonly ends: { readonly step: number; readonly accuracy: number }[] = [];
  private steps: number;

  constructor(svg: SVGElement) {
    this.svg = svg;
    this.steps = 1;
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("role", "img");
    this.draw();
  }

  /** `steps`: how many there will be. */
  begin(steps: number): void {
    this.steps = steps;
    for (const list of [this.losses, this.means, this.ends]) list.length = 0;
  }

  add(loss: number): void {
    const before = this.means.at(-1) ?? loss;
    this.losses.push(loss);
    this.means.push(SMOOTHING * before + (1 - SMOOTHING) * loss);
  }

  endEpoch(accuracy: number): void {
    this.ends.push({ step: this.losses.length, accuracy });
  }

  /** Running mean. */
  get mean(): number | undefined {
    return this.means.at(-1);
  }

  draw(): void {
    const { losses, means, ends } = this;
    this.svg.innerHTML = [
      ...axis(),
      this.line(losses, "each"),
      this.line(means, "mean"),
      ...ends.map((end) => this.mark(end)),
    ].join("");
    const now = means.length > 0 ? `${means.at(-1)!.toPrecision(2)} after ${means.length} mini-batches` : "nothing yet";
    this.svg.setAttribute("aria-label", `Loss of the mini-batches: ${now}`);
  }

  private x(step: number): number {
    return PLOT.left + (step / this.steps) * (PLOT.right - PLOT.left);
  }

  private line(values: readonly number[], name: string): string {
    const every = Math.ceil(values.length / POINTS);
    const points = values.flatMap((loss, i) =>
      i % every === 0 || i === values.length - 1 ? [`${this.x(i + 1).toFixed(1)},${y(loss).toFixed(1)}`] : [],
    );
    return `<polyline class="${name}" points="${points.join(" ")}"/>`;
  }

  private mark({ step, accuracy }: { step: number; accuracy: number }): string {
    const x = this.x(step).toFixed(1);
    const text = `<text x="${x}" y="${PLOT.top + 10}" dx="-4" text-anchor="end">${(100 * accuracy).toFixed(2)} %</text>`;
    return `<path class="end" d="M${x},${PLOT.top}V${PLOT.bottom}"/>${text}`;
  }
}

function axis(): string[] {
  const decades = Array.from({ length: GREATEST - LEAST + 1 }, (_, i) => LEAST + i);
  return decades.map((decade) => {
    const [at, name] = [y(10 ** decade), String(10 ** decade)];
    const line = `<path class="rule" d="M${PLOT.left},${at}H${PLOT.right}"/>`;
    return `${line}<text x="${PLOT.left - 6}" y="${at + 4}" text-anchor="end">${name}</text>`;
  });
}
