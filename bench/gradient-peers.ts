// The transposed convolutions of other libraries, checked and ready for the rounds of one layer.
import { checkGradient } from "./gradient-check.ts";
import { plainLayout } from "./op-cases.ts";
import { type Entrant, entrant, firstCall, type OpEffort, timesAsFast, warm } from "./op-rounds.ts";
import type { Backward, Challenger, Peer } from "./peers/peer.ts";
import { best, type Times } from "./rounds.ts";

export interface PeerTime {
  readonly name: string;
  readonly ms: number;
  /** How many times as fast ours was, median of the rounds. */
  readonly ratio: number;
}

export class Opponents {
  readonly entrants: Entrant[] = [];
  /** "litert WRONG: input [0,0,0,0] is …" */
  readonly absent: string[] = [];
  private readonly challengers: Challenger[] = [];

  /** A wrong answer or a failure keeps a peer out, and is told. */
  async admit({ name, prepareGradient }: Peer, backward: Backward, effort: OpEffort): Promise<void> {
    if (!prepareGradient) return;
    const { batch, channels, image } = backward.sum;
    let stage = "failed";
    try {
      const prepared = await prepareGradient(backward);
      if ("declined" in prepared) {
        this.absent.push(`${name} not tried: ${prepared.declined}`);
        return;
      }
      this.challengers.push(prepared);
      const one = entrant(name, prepared.call);
      await firstCall(one);
      const answer = await prepared.result();
      stage = "WRONG";
      checkGradient(backward, answer, prepared.layout ?? plainLayout(batch, channels, image), "sum");
      stage = "failed";
      await warm(one, effort);
      this.entrants.push(one);
    } catch (error) {
      this.absent.push(`${name} ${stage}: ${(error instanceof Error ? error.message : String(error)).split("\n")[0]}`);
    }
  }

  /** The fastest first. */
  times(times: ReadonlyMap<Entrant, Times>, mine: Times): PeerTime[] {
    return this.entrants
      .map((one) => ({ name: one.name, ms: best(times.get(one)!), ratio: timesAsFast(mine, times.get(one)!) }))
      .sort((a, b) => a.ms - b.ms);
  }

  async close(): Promise<void> {
    for (const challenger of this.challengers) await challenger.dispose();
  }
}
