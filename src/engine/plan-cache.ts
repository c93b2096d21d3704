/** The plans of recent calls. Plans hold no operands and no addresses, so keeping them costs little and is always right. */
const MOST_PLANS = 256;

export class PlanCache<P> {
  private readonly plans = new Map<string, P>();

  get(key: string, make: () => P): P {
    let plan = this.plans.get(key);
    if (plan) return plan;
    plan = make();
    // A Map iterates in the order of insertion: the first key is the oldest.
    if (this.plans.size >= MOST_PLANS) this.plans.delete(this.plans.keys().next().value!);
    this.plans.set(key, plan);
    return plan;
  }
}
