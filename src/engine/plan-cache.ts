/** The plans of recent calls. Plans hold no operands and no addresses, so keeping them is always right; but they hold tables. */
const MOST_PLANS = 256;
const MOST_BYTES = 16 * 1024 * 1024;

export class PlanCache<P> {
  private readonly plans = new Map<string, P>();
  private readonly bytesOf: (plan: P) => number;
  private bytes = 0;

  constructor(bytesOf: (plan: P) => number) {
    this.bytesOf = bytesOf;
  }

  get(key: string, make: () => P): P {
    const known = this.plans.get(key);
    if (known) return known;
    const plan = make();
    this.plans.set(key, plan);
    this.bytes += this.bytesOf(plan);
    // A Map iterates in the order of insertion: the first key is the oldest.
    for (const [oldest, old] of this.plans) {
      if (oldest === key || (this.plans.size <= MOST_PLANS && this.bytes <= MOST_BYTES)) break;
      this.plans.delete(oldest);
      this.bytes -= this.bytesOf(old);
    }
    return plan;
  }
}
