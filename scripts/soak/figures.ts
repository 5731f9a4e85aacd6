// What the parts of the soak tell: figures, and whether what was promised holds.

/** Says whether something holds; where it does not, the soak fails. */
export function check(what: string, holds: boolean, told: string): void {
  console.log(`${holds ? 'holds  ' : 'BROKEN '} ${what}: ${told}`)
  if (!holds) process.exitCode = 1
}

/** The value that a share of the values is not above: 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0
}
