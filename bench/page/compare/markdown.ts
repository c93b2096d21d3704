/** A comparison as Markdown, to be pasted into an issue. */
import type { Capabilities } from "simdconv";
import { best, gflops } from "../../rounds.ts";
import { digits, milliseconds, times } from "../format.ts";
import { nameOf } from "./layer.ts";
import { type Contest, isTimed, medianMs, type Standing, speedUpOf, yardstickOf } from "./standing.ts";
import { verdictOf } from "./verdict.ts";

export function markdownOf(contest: Contest, { crossOriginIsolated }: Capabilities, gpu: string | undefined): string {
  const { task, standings, rounds } = contest;
  const { border } = task.layer;
  const over = yardstickOf(contest)?.entry.title ?? "the first";
  const lines = [
    `**${nameOf(task.layer)}**, border ${border}, ${digits(contest.multiplyAdds / 1e6)} million multiply-adds; median of ${rounds} rounds`,
    "",
    `| computed by | GFLOP/s | median ms | best ms | over ${over} | answer |`,
    "|---|---:|---:|---:|---:|---|",
    ...standings.map((standing) => `| ${rowOf(contest, standing).join(" | ")} |`),
    "",
    verdictOf(contest),
    "",
    `simdconv in ${navigator.userAgent}; ${navigator.hardwareConcurrency} threads, ${crossOriginIsolated ? "isolated" : "not isolated"}${gpu ? `, GPU ${gpu}` : ""}.`,
  ];
  return `${lines.join("\n")}\n`;
}

function rowOf(contest: Contest, standing: Standing): string[] {
  const { entry, findings, why } = standing;
  const found = why ?? (findings.find(({ right }) => !right) ?? findings.at(-1))?.short ?? "";
  if (!isTimed(standing)) return [entry.title, "–", "–", "–", "–", found.replaceAll("|", "/")];
  const ms = medianMs(standing);
  return [
    entry.title,
    digits(gflops(contest.multiplyAdds, ms)),
    milliseconds(ms),
    milliseconds(best(standing.times)),
    times(speedUpOf(contest, standing)),
    found,
  ];
}
