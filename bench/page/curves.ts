/** Curves by Chart.js, in the page's colours, as wide as their place. */
import {
  type ChartConfiguration,
  Legend,
  LinearScale,
  Chart as LineChart,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from "chart.js";
import { wantsCalm } from "./dom.ts";

LineChart.register(Legend, LinearScale, LineController, LineElement, LogarithmicScale, PointElement, Tooltip);

export interface Axis {
  readonly label: string;
  readonly log?: boolean;
  readonly format: (value: number) => string;
}

export interface ChartSpec {
  readonly x: Axis;
  readonly y: Axis;
  /** `colour` is a custom property of theme.css. */
  readonly series: readonly { readonly label: string; readonly colour: string }[];
}

/** Where along x an upright line is drawn, and what stands beside it. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  private readonly root: HTMLElement;
  private readonly spec: ChartSpec;
  private readonly chart: LineChart<"line", number[]>;
  private mark: Mark | undefined;

  /** `root` is positioned and has a height; what it says in `aria-label` stands for the chart. */
  constructor(root: HTMLElement, spec: ChartSpec) {
    this.root = root;
    this.spec = spec;
    const canvas = document.createElement("canvas");
    root.append(canvas);
    this.chart = new LineChart(canvas, this.configuration());
    this.paint();
    // A canvas keeps the colours that it was drawn with.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  /** `ys` has the values of each series. */
  show(xs: readonly number[], ys: readonly (readonly number[])[], mark?: Mark): void {
    this.mark = mark;
    this.chart.data.labels = [...xs];
    for (const [i, values] of ys.entries()) this.chart.data.datasets[i].data = [...values];
    this.root.dataset.points = String(xs.length);
    this.chart.update();
  }

  private configuration(): ChartConfiguration<"line", number[]> {
    const { x, y, series } = this.spec;
    const axis = ({ label, log, format }: Axis) => ({
      type: log ? ("logarithmic" as const) : ("linear" as const),
      beginAtZero: !log,
      title: { display: true, text: label },
      ticks: { callback: (value: number | string) => tick(Number(value), log === true, format), maxRotation: 0 },
    });
    return {
      type: "line",
      data: { labels: [], datasets: series.map(({ label }) => ({ label, data: [], borderWidth: 2, pointRadius: 3 })) },
      options: {
        animation: wantsCalm() ? false : { duration: 150 },
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: { x: axis(x), y: axis(y) },
        plugins: {
          legend: { display: series.length > 1, position: "bottom", labels: { boxWidth: 12, boxHeight: 2 } },
          tooltip: {
            callbacks: {
              title: ([item]) => `${x.format(item.parsed.x ?? Number.NaN)} ${x.label}`,
              label: ({ dataset, parsed }) => `${dataset.label}: ${y.format(parsed.y ?? Number.NaN)} ${y.label}`,
            },
          },
        },
      },
      plugins: [{ id: "mark", afterDatasetsDraw: (chart) => this.drawMark(chart as unknown as LineChart) }],
    };
  }

  private paint(): void {
    const { chart, spec } = this;
    const [soft, line] = [colour("--soft"), colour("--line")];
    for (const [i, { colour: name }] of spec.series.entries()) {
      const hue = colour(name);
      Object.assign(chart.data.datasets[i], { borderColor: hue, backgroundColor: hue });
    }
    chart.options.color = colour("--ink");
    for (const scale of Object.values(chart.options.scales!)) {
      Object.assign(scale!.ticks!, { color: soft });
      scale!.grid = { color: line };
      Object.assign((scale as { title: object }).title, { color: soft });
    }
    chart.update("none");
  }

  private drawMark({ ctx, chartArea, scales }: LineChart): void {
    if (!this.mark) return;
    const left = scales.x.getPixelForValue(this.mark.at);
    if (!(left >= chartArea.left && left <= chartArea.right)) return;
    const late = left > (chartArea.left + chartArea.right) / 2;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--accent");
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(left, chartArea.top);
    ctx.lineTo(left, chartArea.bottom);
    ctx.stroke();
    ctx.font = `12px ${getComputedStyle(this.root).fontFamily}`;
    ctx.textAlign = late ? "right" : "left";
    // What grows leaves room under it late, and over it early.
    ctx.fillText(this.mark.text, left + (late ? -6 : 6), late ? chartArea.bottom - 8 : chartArea.top + 12);
    ctx.restore();
  }
}

/** On a logarithmic axis only the powers of ten are named. */
function tick(value: number, log: boolean, format: (value: number) => string): string {
  return log && !Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6) ? "" : format(value);
}
