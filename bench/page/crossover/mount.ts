/** From what size on workers pay: a form, a curve that grows, a sentence and a table. */
import { createEngine } from "simdconv";
import { copyText } from "../clipboard.ts";
import { startWorkers } from "../compare/engines.ts";
import { Chart } from "../curves.ts";
import { element, part } from "../dom.ts";
import { compact, milliseconds, times } from "../format.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { crossingOf, measureSizes, type Point, WAYS } from "./measure.ts";

const HEAD = ["side", "multiply-adds", ...WAYS.map(({ title }) => `${title}, ms`), "workers over alone"];

class Crossover {
  private readonly root: HTMLElement;
  private readonly chart: Chart;
  private readonly kinds: HTMLSelectElement;
  private readonly workers: HTMLInputElement;
  private points: Point[] = [];
  private running: AbortController | undefined;

  constructor(root: HTMLElement) {
    this.root = root;
    this.kinds = part(root, "[name=kind]");
    this.kinds.append(...KINDS.map(({ label }, i) => new Option(label, String(i))));
    this.workers = part(root, "[name=workers]");
    const most = String(Math.max(1, navigator.hardwareConcurrency));
    Object.assign(this.workers, { max: most, value: most });
    this.chart = new Chart(part(root, "[data-part=chart]"), {
      x: { label: "multiply-adds", log: true, format: compact },
      y: { label: "ms", log: true, format: String },
      series: WAYS.map(({ title, colour }) => ({ label: title, colour })),
    });
    this.draw();
    this.listen();
    this.root.dataset.state = "ready";
  }

  private listen(): void {
    part(this.root, "form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.start();
    });
    this.button("stop").addEventListener("click", () => this.running?.abort());
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.running?.abort();
    });
    this.button("copy").addEventListener("click", () => void copyText(this.markdown(), this.said("copied")));
  }

  private button(does: string): HTMLButtonElement {
    return part(this.root, `[data-do=${does}]`);
  }

  private said(name: string): HTMLElement {
    return part(this.root, `[data-part=${name}]`);
  }

  private enter(state: "running" | "done" | "stopped" | "failed"): void {
    this.root.dataset.state = state;
    const isRunning = state === "running";
    const [former, next] = isRunning ? ["start", "stop"] : ["stop", "start"];
    const focused = document.activeElement === this.button(former);
    this.button(former).hidden = true;
    this.button(next).hidden = false;
    // Who pressed the one button stays where it was, on the other.
    if (focused) this.button(next).focus();
    this.button("copy").disabled = isRunning || this.points.length === 0;
    this.said("phase").textContent = isRunning ? "starting workers" : state;
  }

  private async start(): Promise<void> {
    if (this.running || !this.workers.reportValidity()) return;
    this.running = new AbortController();
    const { signal } = this.running;
    this.points = [];
    this.said("verdict").textContent = "";
    this.draw();
    this.enter("running");
    try {
      await this.measure(KINDS[Number(this.kinds.value)], signal);
      this.enter("done");
      this.said("verdict").textContent = verdictOf(this.points);
    } catch (error) {
      this.enter(signal.aborted ? "stopped" : "failed");
      this.said("verdict").textContent = signal.aborted
        ? "Stopped. What was measured so far stays."
        : `The measurement failed: ${(error as Error).message}`;
    } finally {
      this.running = undefined;
    }
  }

  private async measure(kind: Kind, signal: AbortSignal): Promise<void> {
    const engine = await createEngine({ workers: this.workers.valueAsNumber });
    try {
      await startWorkers(engine, signal);
      await measureSizes(engine, kind, signal, (point) => {
        this.points.push(point);
        part<HTMLProgressElement>(this.root, "progress").value = this.points.length / kind.sides.length;
        this.said("phase").textContent = `size ${this.points.length} of ${kind.sides.length}`;
        this.draw();
      });
    } finally {
      engine.dispose();
    }
  }

  private draw(): void {
    const { points } = this;
    const curves = WAYS.map(({ id }) => points.map(({ ms }) => ms[id]));
    const crossing = points.length > 1 ? crossingOf(points) : undefined;
    const mark = crossing ? { at: crossing, text: `${compact(crossing)} multiply-adds` } : undefined;
    this.chart.show(
      points.map(({ multiplyAdds }) => multiplyAdds),
      curves,
      mark,
    );
    this.said("table").replaceChildren(tableOf(points));
  }

  private markdown(): string {
    const { label } = KINDS[Number(this.kinds.value)];
    const lines = [HEAD, HEAD.map(() => "---:"), ...this.points.map(cellsOf)].map(
      (cells) => `| ${cells.join(" | ")} |`,
    );
    return [`**${label}**, ${this.workers.value} workers`, "", ...lines, "", verdictOf(this.points), ""].join("\n");
  }
}

function cellsOf({ side, multiplyAdds, ms }: Point): string[] {
  const figures = WAYS.map(({ id }) => milliseconds(ms[id]));
  return [String(side), compact(multiplyAdds), ...figures, times(ms.alone / ms.crew)];
}

function tableOf(points: readonly Point[]): HTMLTableElement {
  const table = element("table", "figures");
  const head = table.createTHead().insertRow();
  head.append(...HEAD.map((text) => Object.assign(element("th", "", text), { scope: "col" })));
  const body = table.createTBody();
  for (const point of points) body.insertRow().append(...cellsOf(point).map((text) => element("td", "", text)));
  return table;
}

function verdictOf(points: readonly Point[]): string {
  const crossing = crossingOf(points);
  const bits = points.every(({ sameBits }) => sameBits)
    ? "Both gave the same bits at every size."
    : "Wrong: the bits differ.";
  if (crossing === undefined) return `Workers do not pay here, up to the largest size. ${bits}`;
  if (crossing === 0) return `Workers pay from the smallest size on. ${bits}`;
  return `Workers pay from about ${compact(crossing)} multiply-adds on. ${bits}`;
}

export function mountCrossover(root: HTMLElement): void {
  new Crossover(root);
}
