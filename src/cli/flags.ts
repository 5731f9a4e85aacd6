// Values of options, for commander.

import { InvalidArgumentError } from 'commander'

/** @throws {InvalidArgumentError} if the text is no number. */
export function toNumber(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number))
    throw new InvalidArgumentError('It must be a number.')
  return number
}

/** All values of an option that may be repeated. */
export function add(value: string, others: string[] = []): string[] {
  return [...others, value]
}
