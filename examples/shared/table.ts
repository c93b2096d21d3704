/** A plain table for the terminal. */

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** A row with fewer cells than columns ends in a remark, which may run on as far as it likes. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const full = [columns.map((column) => column.title), ...rows.filter((row) => row.length === columns.length)];
  const widths = columns.map((_, i) => Math.max(...full.map((row) => row[i].length)));
  widths[0] = Math.max(...rows.map((row) => row[0].length), widths[0]);
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        if (row.length < columns.length && i > 0) return cell;
        return columns[i].align === "right" ? cell.padStart(widths[i]) : cell.padEnd(widths[i]);
      })
      .join("   ")
      .trimEnd();
  const titles = line(columns.map((column) => column.title));
  const rule = widths.map((width) => "─".repeat(width)).join("───");
  return [titles, rule, ...rows.map(line)].join("\n");
}
