// The op tables, and the figures that were promised of the ops.
import { type Contest, product } from "./op-cases.ts";
import { absentText, type OpTimes, type PeerTime } from "./op-contest.ts";
import type { MemoryUse } from "./op-memory.ts";
import { type Figure, show, table } from "./report.ts";

export const bestOf = ({ peers }: OpTimes, kind: PeerTime["kind"]) => peers.find((peer) => peer.kind === kind);

export function opTable(rows: readonly OpTimes[]): string {
  const cells = rows.map((row) => {
    const [wasm, scipy] = [bestOf(row, "wasm"), bestOf(row, "scipy")];
    const others = row.peers.filter((peer) => peer !== wasm && peer !== scipy);
    return [
      row.contest.of.name,
      row.algorithm,
      show.digits(row.ms),
      show.digits(row.freshMs),
      show.digits((2 * row.work) / (row.ms * 1e6)),
      ...[wasm, scipy].flatMap((peer) =>
        peer ? [`${peer.name} ${show.digits(peer.ms)}`, show.ratio(peer.ratio)] : ["–", "–"],
      ),
      [...others.map(({ name, ms }) => `${name} ${show.digits(ms)}`), ...row.absent.map(absentText)].join("; "),
    ];
  });
  const head = ["op", "plan", "ms, out reused", "ms, fresh result", "GFLOP/s", "best wasm peer ms", "× as fast"];
  return table([...head, "best of scipy ms", "× as fast", "other peers, ms"], cells);
}

/** Null where no case stands beside another op. */
export function besideTable(rows: readonly OpTimes[]): string | null {
  const pairs = rows.flatMap((row) => (row.beside ? [{ row, beside: row.beside }] : []));
  if (pairs.length === 0) return null;
  const cells = pairs.map(({ row, beside }) => [
    row.contest.of.name,
    row.algorithm,
    show.digits(row.ms),
    beside.name,
    beside.algorithm,
    show.digits(beside.ms),
    show.ratio(beside.ratio),
  ]);
  return table(["op", "plan", "ms", "beside", "its plan", "ms", "× as fast"], cells);
}

const WASM = 1.5;
const SCIPY = 1;
const C3D = 2;
const C01B = 1;
const CONV3D2D = 1 / 1.1;

/** Every row must reach it; rows without a ratio are counted and do not pass for one. */
function everyRow(
  what: string,
  rows: readonly OpTimes[],
  reach: number,
  ratioOf: (row: OpTimes) => number | undefined,
): Figure[] {
  if (rows.length === 0) return [];
  const found = rows.map((row) => ({ name: row.contest.of.name, ratio: ratioOf(row) }));
  const measured = found.flatMap(({ name, ratio }) => (ratio === undefined ? [] : [{ name, ratio }]));
  if (measured.length === 0)
    return [{ what, reach: `≥ ${show.ratio(reach)}×`, measured: "no peer to measure against", passed: null }];
  const worst = measured.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  const within = measured.filter(({ ratio }) => ratio >= reach).length;
  const without = found.length - measured.length;
  return [
    {
      what: `${what}; worst ${worst.name}`,
      reach: `≥ ${show.ratio(reach)}× each`,
      measured: `${within} of ${measured.length}, worst ${show.ratio(worst.ratio)}${without > 0 ? `, ${without} without a peer` : ""}`,
      passed: within === found.length,
    },
  ];
}

export function opFigures(rows: readonly OpTimes[], memory: readonly MemoryUse[]): Figure[] {
  const of = (figure: Contest["figure"]) => rows.filter(({ contest }) => contest.figure === figure);
  const wasm = (row: OpTimes) => bestOf(row, "wasm")?.ratio;
  const scipy = (row: OpTimes) => bestOf(row, "scipy")?.ratio;
  const onnx = ({ peers }: OpTimes) => peers.find(({ name }) => name === "onnxruntime-web")?.ratio;
  const beside = ({ beside }: OpTimes) => beside?.ratio;
  return [
    ...everyRow("signal.conv2d, of the best WebAssembly peer's speed", of("signal"), WASM, wasm),
    ...everyRow("signal.conv2d, of scipy's best method's speed", of("signal"), SCIPY, scipy),
    ...everyRow("conv3d2d, C3D layers, of onnxruntime-web's speed", of("C3D"), C3D, onnx),
    ...everyRow("c01b.filterActs, batch 128, of nnet.conv2d's speed on the same layer", of("c01b"), C01B, beside),
    ...everyRow("conv3d2d, of nnet.conv2d's speed at as many multiply-adds", of("conv3d2d"), CONV3D2D, beside),
    ...workspaceFigure(rows),
    ...memory.map(memoryFigure),
  ];
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const WORKSPACE = 3;

function workspaceFigure(rows: readonly OpTimes[]): Figure[] {
  const large = rows.filter(({ contest: { of } }) => of.op === "signal.conv2d" && of.imageShape.at(-1) === 4096);
  if (large.length === 0) return [];
  const used = large.map(({ contest, workspaceBytes }) => workspaceBytes / (4 * product(contest.of.imageShape)));
  const most = Math.max(...used);
  return [
    {
      what: `signal.conv2d at 4096², workspace by the image's size, ${large.length} cases`,
      reach: `≤ ${show.ratio(WORKSPACE)}`,
      measured: show.ratio(most),
      passed: most <= WORKSPACE,
    },
  ];
}

function memoryFigure({ name, operands, peak }: MemoryUse): Figure {
  return {
    what: `${name}, direct: WebAssembly memory by input and output (${mebibytes(operands)})`,
    reach: "≤ 1.10",
    measured: `${show.ratio(peak / operands)} (${mebibytes(peak)})`,
    passed: peak <= 1.1 * operands,
  };
}
