// The tables of `--peers`, and the figures that were promised against other libraries.
import { absentText, type OpTimes } from "./op-contest.ts";
import { bestOf } from "./op-report.ts";
import { type Group, groups, peerCases } from "./peer-cases.ts";
import type { PeerFindings } from "./peer-contests.ts";
import { type Figure, geometricMean, show, table } from "./report.ts";
import { gflops } from "./rounds.ts";

const wasm = (row: OpTimes) => bestOf(row, "wasm");
const native = (row: OpTimes) => bestOf(row, "native");

const groupNamed = new Map(peerCases.map(({ of, group }) => [of.name, group]));
const ofGroups = (rows: readonly OpTimes[], wanted: readonly Group[]) =>
  rows.filter(({ contest }) => wanted.includes(groupNamed.get(contest.of.name)!));

/** Every peer has a column; a time in brackets was not taken in the rounds. */
function timeCell({ peers, absent }: OpTimes, name: string): string {
  const found = peers.find((peer) => peer.name === name);
  if (found) return show.digits(found.ms);
  const mark = absent.find((one) => one.name === name)?.mark ?? "–";
  return Number.isFinite(Number(mark)) ? `(${mark})` : mark;
}

function caseTable({ rows, names }: PeerFindings): string {
  const cells = rows.map((row) => {
    const [web, nearest] = [wasm(row), native(row)];
    return [
      row.contest.of.name,
      row.algorithm,
      show.digits(row.ms),
      show.digits(gflops(row.work, row.ms)),
      ...names.map((name) => timeCell(row, name)),
      web ? `${show.ratio(web.ratio)} (${web.name})` : "–",
      nearest ? show.ratio(nearest.ratio) : "–",
    ];
  });
  const head = ["case", "plan", "ours ms", "GFLOP/s", ...names.map((name) => `${name} ms`)];
  return table([...head, "× best wasm peer", "× native"], cells);
}

/** Upload, arithmetic, read-back: who has the shortest time of each kind. */
function wholeTable({ rows, names }: PeerFindings): string {
  const cells = rows.map((row) => {
    const whole = ({ name }: { name: string }) => row.peers.find((peer) => peer.name === name)?.whole;
    const fastest = (kind: "wasm" | "native") =>
      row.peers
        .filter((peer) => peer.kind === kind)
        .flatMap((peer) => whole(peer) ?? [])
        .sort((a, b) => a.ms - b.ms)[0];
    const times = names.map((name) => whole({ name })).map((found) => (found ? show.digits(found.ms) : "–"));
    const [web, nearest] = [fastest("wasm"), fastest("native")];
    return [
      row.contest.of.name,
      show.digits(row.freshMs),
      ...times,
      web ? `${show.ratio(web.ratio)} (${web.name})` : "–",
      nearest ? show.ratio(nearest.ratio) : "–",
    ];
  });
  const head = ["whole call", "ours ms", ...names.map((name) => `${name} ms`)];
  return table([...head, "× best wasm peer", "× native"], cells);
}

/** How many times as fast ours was: of the rows that have a peer of the kind, their mean and the least. */
function summary(rows: readonly OpTimes[], peerOf: typeof wasm) {
  const found = rows.flatMap((row) => {
    const peer = peerOf(row);
    return peer ? [{ name: row.contest.of.name, peer: peer.name, ratio: peer.ratio }] : [];
  });
  if (found.length === 0) return null;
  const worst = found.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  return { layers: found.length, mean: geometricMean(found.map(({ ratio }) => ratio)), worst };
}

function meanTable(rows: readonly OpTimes[]): string {
  const kinds: readonly { name: string; members: readonly OpTimes[] }[] = [
    ...groups.map((group) => ({ name: group, members: ofGroups(rows, [group]) })),
    { name: "all", members: rows },
  ];
  const shown = (found: ReturnType<typeof summary>) =>
    found ? [show.ratio(found.mean), `${show.ratio(found.worst.ratio)} ${found.worst.name}`] : ["–", "–"];
  const cells = kinds
    .filter(({ members }) => members.length > 0)
    .map(({ name, members }) => [
      name,
      String(members.length),
      show.digits(geometricMean(members.map((row) => gflops(row.work, row.ms)))),
      ...shown(summary(members, wasm)),
      ...shown(summary(members, native)),
    ]);
  const head = ["geometric mean", "layers", "GFLOP/s", "× best wasm peer", "worst"];
  return table([...head, "× native", "worst"], cells);
}

export function peerTables(found: PeerFindings, where: string, threads: number): string[] {
  const { rows, notes, inside } = found;
  const ours = `simdconv: operands and result resident, ${threads === 1 ? "`runSync`" : "awaited; it decides itself whether its pool pays"}`;
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join("\n");
  const absent = rows.flatMap((row) => row.absent.map((one) => `${row.contest.of.name}: ${absentText(one)}`));
  return [
    `Layers beside ${notes.join(", ")}; ${where}.`,
    `What the times hold beside the arithmetic:\n\n${list([ours, ...inside])}`,
    caseTable(found),
    ...(absent.length > 0 ? [`Not in the rounds:\n\n${list(absent)}`] : []),
    meanTable(rows),
    wholeTable(found),
  ];
}

interface Reach {
  readonly what: string;
  readonly groups: readonly Group[];
  readonly peerOf: typeof wasm;
  readonly ratio: number;
}

const reaches: readonly Reach[] = [
  { what: "3×3", groups: ["3×3 of VGG-16", "3×3 of ResNet-50"], peerOf: wasm, ratio: 2.5 },
  { what: "1×1", groups: ["1×1"], peerOf: wasm, ratio: 1.2 },
  { what: "depthwise", groups: ["depthwise"], peerOf: wasm, ratio: 1.3 },
  { what: "strided", groups: ["strided"], peerOf: wasm, ratio: 1.3 },
  { what: "C3D", groups: ["C3D"], peerOf: wasm, ratio: 4 },
  { what: "3×3 of VGG-16", groups: ["3×3 of VGG-16"], peerOf: native, ratio: 1 },
  { what: "C3D", groups: ["C3D"], peerOf: native, ratio: 0.8 },
];
const ANY_LAYER = 1.05;

const figure = (what: string, measured: number, reach: number): Figure => ({
  what,
  reach: `≥ ${show.ratio(reach)}×`,
  measured: show.ratio(measured),
  passed: measured >= reach,
});

export function peerFigures(rows: readonly OpTimes[]): Figure[] {
  const means = reaches.flatMap(({ what, groups, peerOf, ratio }) => {
    const found = summary(ofGroups(rows, groups), peerOf);
    if (!found) return [];
    const whom = peerOf === wasm ? "the best WebAssembly peer" : "native onnxruntime";
    const layers = found.layers === 1 ? "one layer" : `${found.layers} layers, geometric mean`;
    return [figure(`${what}, of the speed of ${whom}; ${layers}`, found.mean, ratio)];
  });
  const all = summary(rows, wasm);
  if (!all) return means;
  const { name, peer, ratio } = all.worst;
  return [
    ...means,
    figure(`any layer, of the speed of the best WebAssembly peer; worst ${name}, ${peer}`, ratio, ANY_LAYER),
  ];
}
