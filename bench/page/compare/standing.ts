/** What is known of a comparison while it runs: the runner writes it, the view reads it. */
import { median, medianRatio } from "../../rounds.ts";
import type { Finding } from "./answer.ts";
import type { Entry } from "./engines.ts";
import type { Task } from "./layer.ts";

/** One entry. `times` grows by one per round: milliseconds of one run. */
export interface Standing {
  readonly entry: Entry;
  /** Why it takes no part: it cannot, or it failed. */
  why: string | undefined;
  plan: string | undefined;
  readonly findings: Finding[];
  readonly times: number[];
}

export type Phase = "preparing" | "checking answers" | "warming up" | "measuring";

export interface Contest {
  readonly task: Task;
  readonly standings: readonly Standing[];
  multiplyAdds: number;
  phase: Phase;
  /** 0 … 1. */
  progress: number;
  round: number;
  rounds: number;
}

export function openContest(task: Task, entries: readonly Entry[]): Contest {
  const standings = entries.map((entry): Standing => {
    return { entry, why: entry.why, plan: undefined, findings: [], times: [] };
  });
  return { task, standings, multiplyAdds: 0, phase: "preparing", progress: 0, round: 0, rounds: 0 };
}

/** How the page takes part in a contest: it can end it, and it wants to know that something has changed. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Called often. */
  changed(): void;
}

export function isTimed({ times }: Standing): boolean {
  return times.length > 0;
}

/** The first that was timed: scalar, unless it takes no part. */
export function yardstickOf({ standings }: Contest): Standing | undefined {
  return standings.find(isTimed);
}

/** How many times as fast as the yardstick, a round's times against each other, and the median of that. */
export function speedUpOf(contest: Contest, { times }: Standing): number {
  return medianRatio(yardstickOf(contest)!.times.slice(0, times.length), times);
}

export const medianMs = ({ times }: Standing): number => median(times);
