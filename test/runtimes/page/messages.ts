/** What a page tells the runner, each by a POST to this path. */
export const TELL = "/tell";

export type Told =
  | { readonly kind: "begin"; readonly agent: string }
  | { readonly kind: "check"; readonly name: string; readonly ms: number; readonly error?: string }
  /** A line of its console. */
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "end" };
